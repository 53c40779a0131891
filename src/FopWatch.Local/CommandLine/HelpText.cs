using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Wraps text to a width without breaking words. Lines without an indent form a paragraph up to a blank line or a colon. Indented lines
/// stay separate. Indented lines that begin with <c>$</c> are commands.
/// </summary>
internal static partial class HelpText
{
    private const string CommandMark = "  $ ";

    /// <summary>The lines of a text.</summary>
    /// <param name="text">The text. Its commands call the program <see cref="ProgramName.Installed"/>.</param>
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

    /// <summary>The lines of an indented command. A long command is continued with <c>\</c> at spaces outside quotes.</summary>
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

    /// <summary>The lines of a text with a hanging indent: the first columns stay as they are, and are blank in later lines.</summary>
    public static IEnumerable<string> Wrap(string text, int indent, int width)
    {
        if (text.Length == 0)
            yield break;

        // Leading spaces, and those between a label and its text, are kept.
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

    /// <summary>The start of an indented line: spaces, and a label such as an exit code.</summary>
    [GeneratedRegex(@"^ +(\S+ {2,})?")]
    private static partial Regex Label();

    /// <summary>A word without spaces outside quotes. An option and its value are one word.</summary>
    [GeneratedRegex(@"(?:--[a-z-]+ (?!--|\|))?(?:'[^']*'|""[^""]*""|\S)+")]
    private static partial Regex ShellWord();

    [GeneratedRegex(@"(?<![\w./-])fopwatch(?= )")]
    private static partial Regex Name();
}
