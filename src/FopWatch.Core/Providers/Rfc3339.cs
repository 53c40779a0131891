using System.Globalization;

namespace FopWatch.Providers;

/// <summary>Reads RFC 3339 times: a date, <c>T</c>, a time with seconds, and an offset, as in <c>2026-01-31T12:00:00.5+08:00</c>.</summary>
public static class Rfc3339
{
    private const int FractionDigits = 7;

    /// <summary>A time, converted to UTC. Fraction digits beyond the seventh are cut off. Null if the text is not a time with an offset.</summary>
    public static DateTimeOffset? Parse(string? text)
    {
        if (text is null || text.Length > 64)
            return null;

        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            var end = point + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
                end++;
            var digits = Math.Min(end - point - 1, FractionDigits);
            if (digits == 0)
                return null;
            text = string.Concat(text.AsSpan(0, point + 1 + digits), text.AsSpan(end));
        }

        // A time without an offset is ambiguous.
        if (text.Length == 0 || (text[^1] is not ('Z' or 'z') && (text.Length < 6 || text[^6] is not ('+' or '-'))))
            return null;
        return DateTimeOffset.TryParseExact(
            text.ToUpperInvariant(), "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time.ToUniversalTime()
            : null;
    }
}
