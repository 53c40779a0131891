namespace FopWatch.Subscriber;

/// <summary>Makes foreign text safe for a log with one line per event.</summary>
internal static class OneLine
{
    private const int Longest = 300;

    /// <summary>The first line of a text, without control characters, cut to a sensible length.</summary>
    public static string Of(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0)
            line = line[..end];
        if (line.Length > Longest)
            line = line[..Longest];
        return string.Concat(line.ToString().Select(c => char.IsControl(c) ? ' ' : c));
    }
}
