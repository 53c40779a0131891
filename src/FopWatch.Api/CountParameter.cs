using System.Globalization;

namespace FopWatch.Api;

/// <summary>A parameter of a URL that is a number from 1 to a maximum.</summary>
internal static class CountParameter
{
    /// <summary>Reads the parameter.</summary>
    /// <param name="text">The value; null or empty if it is not given.</param>
    /// <param name="byDefault">The number if it is not given.</param>
    /// <param name="most">The maximum.</param>
    /// <param name="count">The number.</param>
    /// <returns>Whether it is such a number, or is not given.</returns>
    public static bool TryRead(string? text, int byDefault, int most, out int count)
    {
        count = byDefault;

        // The parser ignores null characters at the end.
        return string.IsNullOrEmpty(text)
            || (text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= 1 && count <= most);
    }
}
