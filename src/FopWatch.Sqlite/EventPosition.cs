using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FopWatch.Sqlite;

/// <summary>A position in the event log as clients see it: <c>17-9f3a2c1e</c>, or <c>17</c> without an epoch.</summary>
/// <param name="Seq">The number of the last known event; 0 for the beginning.</param>
/// <param name="Epoch">The epoch of that event; null for events and positions of versions without epochs.</param>
internal readonly record struct EventPosition(long Seq, string? Epoch)
{
    private const int MaxEpochLength = 32;

    public override string ToString() => Epoch is null
        ? Seq.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Seq}-{Epoch}");

    public static bool TryParse([NotNullWhen(true)] string? text, out EventPosition position)
    {
        position = default;
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        var epoch = dash < 0 ? null : text![(dash + 1)..];
        if (!long.TryParse(dash < 0 ? text : text![..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            || (epoch is not null && (epoch.Length is 0 or > MaxEpochLength || !epoch.All(char.IsAsciiHexDigitLower))))
        {
            return false;
        }

        position = new(seq, epoch);
        return true;
    }
}
