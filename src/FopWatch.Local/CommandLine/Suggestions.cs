using System.CommandLine;
using System.Globalization;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Answers completion requests of a shell: <c>fopwatch [suggest:POSITION] "fopwatch track me"</c>. <c>dotnet-suggest</c> and the scripts of
/// <c>completion</c> send them. The parser's own directive throws if the position is not a number.
/// </summary>
internal static class Suggestions
{
    private const string Start = "[suggest:";

    /// <summary>Whether a command line asks for suggestions.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="position">The position of the cursor in the typed line.</param>
    public static bool AreAskedFor(IReadOnlyList<string> args, out int position)
    {
        position = 0;
        return args is [var directive, _]
            && directive.StartsWith(Start, StringComparison.Ordinal)
            && directive.EndsWith(']')
            && int.TryParse(directive.AsSpan()[Start.Length..^1], NumberStyles.None, CultureInfo.InvariantCulture, out position);
    }

    /// <summary>The words that can stand at the cursor, in alphabetical order.</summary>
    /// <param name="root">The root command.</param>
    /// <param name="line">The typed line, which begins with the name of the program.</param>
    /// <param name="position">The position of the cursor in the line.</param>
    public static IEnumerable<string> Of(RootCommand root, string line, int position)
    {
        line = line[..Math.Min(position, line.Length)];

        // The name of the program is not part of the arguments.
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
