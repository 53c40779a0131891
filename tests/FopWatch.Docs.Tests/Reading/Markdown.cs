using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>Reads the fenced blocks of Markdown. Unknown syntax is an error, so that no block is overlooked.</summary>
internal static partial class Markdown
{
    /// <summary>The documents with blocks, the README first.</summary>
    public static IReadOnlyList<Block> BlocksOfRepository() =>
    [
        .. Repository.Files()
            .Where(path => Path.GetExtension(path) == ".md")
            .Select(path => path.Replace('\\', '/'))
            .OrderBy(path => path != "README.md")
            .ThenBy(path => path, StringComparer.Ordinal)
            .SelectMany(path => Read(path, File.ReadAllText(Repository.PathOf(path)))),
    ];

    /// <summary>Reads the blocks of a document.</summary>
    /// <exception cref="FormatException">A fence is not closed, or its info string is invalid.</exception>
    public static IReadOnlyList<Block> Read(string document, string text)
    {
        var blocks = new List<Block>();
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            var fence = Fence().Match(lines[at]);
            if (!fence.Success)
                continue;
            if (lines[at].Contains('~', StringComparison.Ordinal) && fence.Groups["mark"].Value[0] == '~')
                throw new FormatException($"{document}:{at + 1}: write fences with ```, not ~~~");

            var opening = at;
            var indent = fence.Groups["indent"].Length;
            var mark = fence.Groups["mark"].Value;
            var content = new List<string>();
            while (++at < lines.Length && !IsClosing(lines[at], mark))
                content.Add(lines[at].Length > indent ? lines[at][indent..] : lines[at].TrimStart());
            if (at == lines.Length)
                throw new FormatException($"{document}:{opening + 1}: the block is not closed");
            blocks.Add(BlockOf(document, opening + 1, fence.Groups["info"].Value.Trim(), content));
        }

        return blocks;
    }

    private static bool IsClosing(string line, string mark) => line.Trim() is var trimmed
        && trimmed.Length >= mark.Length
        && trimmed.All(character => character == mark[0]);

    private static Block BlockOf(string document, int line, string info, IReadOnlyList<string> content)
    {
        var match = Info().Match(info);
        if (!match.Success)
            throw new FormatException($"{document}:{line}: the info string '{info}' is not a language with name=\"value\" attributes");

        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Capture attribute in match.Groups["attribute"].Captures)
        {
            var parts = attribute.Value.Split('=', 2);
            if (parts[0] is not (Block.Needs or Block.FileName))
                throw new FormatException($"{document}:{line}: the attribute '{parts[0]}' is unknown");
            attributes.Add(parts[0], parts.Length == 1 ? "" : parts[1].Trim('"'));
        }

        return new(document, line, match.Groups["language"].Value, attributes, content);
    }

    [GeneratedRegex("^(?<indent> *)(?<mark>`{3,}|~{3,})(?<info>[^`]*)$")]
    private static partial Regex Fence();

    [GeneratedRegex("""^(?<language>[a-z]*)(\s+(?<attribute>[a-z]+(="[^"]*")?))*$""")]
    private static partial Regex Info();
}
