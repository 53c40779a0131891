using System.CommandLine;
using System.Globalization;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Answers what a shell asks while somebody types: <c>fopwatch [suggest:POSITION] "fopwatch track me"</c>, as <c>dotnet-suggest</c> and the scripts of
/// <c>completion</c> do. The parser's own directive throws at a position that is not a number.
/// </summary>
internal static class Suggestions
{
    private const string Start = "[suggest:";

    /// <summary>Whether a command line asks for suggestions.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="position">The cursor's place in the line that is typed.</param>
    public static bool AreAskedFor(IReadOnlyList<string> args, out int position)
    {
        position = 0;
        return args is [var directive, _]
            && directive.StartsWith(Start, StringComparison.Ordinal)
            && directive.EndsWith(']')
            && int.TryParse(directive.AsSpan()[Start.Length..^1], NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    /// <summary>The words that can stand at the cursor, in the order of the alphabet.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="line">The line, which begins with the name of the program.</param>
    /// <param name="position">The cursor's place in it.</param>
    public static IEnumerable<string> Of(RootCommand root, string line, int position)
    {
        line = line[..Math.Min(position, line.Length)];

        // The name of the program, however it is written here, is no word of the command line.
        var afterName = line.IndexOf(' ', StringComparison.Ordinal);
        if (afterName < 0)
            return [];
        var typed = line[(afterName + 1)..];
        return root.Parse(typed, new() { ResponseFileTokenReplacer = null })
            .GetCompletions(typed.Length)
            .Select(word => word.Label)

            // Other spellings of --help.
            .Where(word => word is not ("-?" or "/?" or "/h"))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
    }
}
