using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Lays out text for a width without breaking a word: lines that are not indented are one paragraph up to a blank line or a colon,
/// indented ones stay lines of their own, and those that begin with <c>$</c> are commands.
/// </summary>
internal static partial class HelpText
{
    private const string CommandMark = "  $ ";

    /// <summary>The lines of a text.</summary>
    /// <param name="text">The text, in which commands call the program <see cref="ProgramName.Installed"/>.</param>
    /// <param name="program">How the program is started.</param>
    /// <param name="width">The most columns of a line.</param>
    public static IEnumerable<string> Lines(string text, string program, int width)
    {
        var paragraph = new StringBuilder();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.Length > 0 && line[0] != ' ')
            {
                paragraph.Append(paragraph.Length == 0 ? "" : " ").Append(line);
                if (!line.EndsWith(':'))
                    continue;
            }

            foreach (var wrapped in Wrap(paragraph.ToString(), 0, width))
                yield return wrapped;
            var ended = paragraph.Length > 0 && line.EndsWith(':') && line[0] != ' ';
            paragraph.Clear();
            if (ended)
                continue;

            if (line.Length == 0)
            {
                yield return "";
                continue;
            }

            var lines = line.StartsWith(CommandMark, StringComparison.Ordinal)
                ? Command(line[CommandMark.Length..], program, width)
                : Wrap(line, Label().Match(line).Length, width);
            foreach (var wrapped in lines)
                yield return wrapped;
        }

        foreach (var wrapped in Wrap(paragraph.ToString(), 0, width))
            yield return wrapped;
    }

    /// <summary>The lines of an indented command, continued with <c>\</c> at blanks outside of quotes where it is too long.</summary>
    public static IEnumerable<string> Command(string command, string program, int width)
    {
        const string Indent = "  ";
        var line = Indent;
        foreach (Match word in ShellWord().Matches(Name().Replace(command, program)))
        {
            if (line.Trim().Length > 0 && line.Length + 1 + word.Length + 2 > width)
            {
                yield return line + " \\";
                line = Indent + Indent;
            }

            line += line.Trim().Length == 0 ? word.Value : " " + word.Value;
        }

        yield return line;
    }

    /// <summary>The lines of a text, whose first columns stay as they are and are blank in the lines after the first.</summary>
    public static IEnumerable<string> Wrap(string text, int indent, int width)
    {
        if (text.Length == 0)
            yield break;

        // The blanks that a line begins with, and those between a label and its text, stay.
        var line = text[..indent];
        var isEmpty = true;
        foreach (var word in text[indent..].Split(' '))
        {
            if (!isEmpty && line.Length + 1 + word.Length > width)
            {
                yield return line;
                (line, isEmpty) = (new string(' ', indent), true);
            }

            line += isEmpty ? word : " " + word;
            isEmpty = false;
        }

        yield return line;
    }

    /// <summary>What an indented line begins with: blanks, and a label such as an exit code.</summary>
    [GeneratedRegex(@"^ +(\S+ {2,})?")]
    private static partial Regex Label();

    /// <summary>Text without blanks, or with blanks within quotes; an option and its value are one.</summary>
    [GeneratedRegex(@"(?:--[a-z-]+ (?!--|\|))?(?:'[^']*'|""[^""]*""|\S)+")]
    private static partial Regex ShellWord();

    [GeneratedRegex(@"(?<![\w./-])fopwatch(?= )")]
    private static partial Regex Name();
}
