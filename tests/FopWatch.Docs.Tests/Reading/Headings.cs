using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>The headings of a Markdown document, and the anchors that Git hosts give them.</summary>
internal static partial class Headings
{
    /// <summary>Level and text of each heading outside of fenced blocks.</summary>
    public static IEnumerable<(int Level, string Text)> Of(string markdown)
    {
        foreach (var line in Prose.Lines(markdown))
        {
            var heading = Heading().Match(line);
            if (heading.Success)
                yield return (heading.Groups[1].Length, heading.Groups[2].Value.Trim());
        }
    }

    /// <summary>The anchor of each heading: lower case, no punctuation, hyphens for blanks, a number for repetitions.</summary>
    public static IReadOnlySet<string> Anchors(string markdown)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, text) in Of(markdown))
        {
            var anchor = Punctuation().Replace(LinkTarget().Replace(text, "$1").ToLowerInvariant(), "").Replace(' ', '-');
            for (var (unique, next) = (anchor, 1); !anchors.Add(unique); next++)
                unique = $"{anchor}-{next}";
        }

        return anchors;
    }

    [GeneratedRegex(@"^(#{1,6}) +(.*?)#*$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkTarget();

    [GeneratedRegex(@"[^\p{L}\p{N}\- _]")]
    private static partial Regex Punctuation();
}
