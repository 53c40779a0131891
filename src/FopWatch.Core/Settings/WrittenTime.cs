using System.Globalization;
using FopWatch.Wording;

namespace FopWatch.Settings;

/// <summary>Times as people write them: <c>[d.]hh:mm[:ss]</c>, or a number with the unit ms, s, m, h or d, such as <c>90s</c> or <c>1.5h</c>.</summary>
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

    /// <summary>Reads a time within a range.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="least">The shortest time that is read; not negative.</param>
    /// <param name="most">The longest time that is read.</param>
    /// <param name="time">The time.</param>
    /// <returns>
    /// Whether the text is such a time. A number without a unit is none: the writer of <c>"Retention": 30</c> means days. Neither is 24:00:00, which
    /// .NET reads as 24 days.
    /// </returns>
    public static bool TryParse(string text, TimeSpan least, TimeSpan most, out TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isRead = text.Contains(':', StringComparison.Ordinal)
            ? TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out time)
            : TryParseWithUnit(text, most, out time);
        if (isRead && time >= least && time <= most)
            return true;
        time = default;
        return false;
    }

    /// <summary>Reads a time within a range. A number without a unit is in seconds.</summary>
    /// <inheritdoc cref="TryParse" path="/param"/>
    /// <returns>Whether the text is such a time.</returns>
    public static bool TryParseOrSeconds(string text, TimeSpan least, TimeSpan most, out TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text is [.., (>= '0' and <= '9') or '.'] && !text.Contains(':', StringComparison.Ordinal) ? $"{text}s" : text, least, most, out time);
    }

    /// <summary>What a text that was refused should have been.</summary>
    /// <param name="least">The shortest time that is read.</param>
    /// <param name="most">The longest time that is read.</param>
    public static Sentence Expected(TimeSpan least, TimeSpan most) => $"a time from {InUnits(least)} to {InUnits(most)}, such as 90s, 1.5m or 00:01:30";

    private static bool TryParseWithUnit(string text, TimeSpan most, out TimeSpan time)
    {
        time = default;
        var (name, unit) = Array.Find(Units, one => text.EndsWith(one.Name, StringComparison.Ordinal));
        if (name is null
            || text.Contains('\0', StringComparison.Ordinal) // which the parser ignores at the end of a number
            || !double.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            || !(count >= 0 && count * unit.TotalDays <= most.TotalDays))
        {
            return false;
        }

        time = count * unit;
        return true;
    }

    /// <summary>A time in the largest unit of which it is a whole number.</summary>
    private static string InUnits(TimeSpan time)
    {
        var (name, unit) = time == TimeSpan.Zero ? Units[1] : Array.FindLast(Units, one => time.Ticks % one.Unit.Ticks == 0);
        return name is null ? time.ToString("c", CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{time / unit:0}{name}");
    }
}
