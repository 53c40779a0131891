using System.Globalization;

namespace FopWatch.Settings;

/// <summary>Times as people write them: <c>[d.]hh:mm[:ss]</c>.</summary>
public static class WrittenTime
{
    private static readonly (string Name, TimeSpan Unit)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads a time.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="time">The time, which may be negative.</param>
    /// <returns>Whether the text is a time. A bare number and 24:00:00 are refused: .NET reads both as days, which their writer does not mean.</returns>
    public static bool TryParse(string text, out TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(text);
        time = default;
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out time);
    }

    /// <summary>Reads a number with the unit ms, s, m, h or d, such as <c>90s</c> or <c>1.5h</c>. Settings do not accept it.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="longest">The longest time that is read.</param>
    /// <param name="time">The time; never negative.</param>
    /// <returns>Whether the text is such a time.</returns>
    public static bool TryParseWithUnit(string text, TimeSpan longest, out TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(text);
        time = default;
        var (name, unit) = Array.Find(Units, one => text.EndsWith(one.Name, StringComparison.Ordinal));
        if (name is null
            || !double.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            || !(count >= 0 && count * unit.TotalDays <= longest.TotalDays))
        {
            return false;
        }

        time = count * unit;
        return true;
    }
}
