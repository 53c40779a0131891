namespace FopWatch.Subscriber;

/// <summary>Text that others wrote, for a log of one line per event.</summary>
internal static class OneLine
{
    private const int Longest = 300;

    /// <summary>The first line of a text, without control characters, and not longer than a line should be.</summary>
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
