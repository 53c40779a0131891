using System.Globalization;

namespace FopWatch.Settings;

/// <summary>Times as people write them: <c>[d.]hh:mm[:ss]</c>.</summary>
public static class WrittenTime
{
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
}
