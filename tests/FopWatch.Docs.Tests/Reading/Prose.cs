namespace FopWatch.Docs.Tests;

/// <summary>A Markdown document without its fenced blocks.</summary>
internal static class Prose
{
    public static IEnumerable<string> Lines(string markdown)
    {
        string? fence = null;
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n'))
        {
            var text = line.TrimStart();
            var mark = text.Length - text.TrimStart('`').Length;
            if (fence is null && mark >= 3)
                fence = text[..mark];
            else if (fence is not null && mark >= fence.Length && text.Trim('`', ' ').Length == 0)
                fence = null;
            else if (fence is null)
                yield return line;
        }
    }
}
