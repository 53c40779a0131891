using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>A command of a block, with the output shown for it.</summary>
/// <param name="Block">The block.</param>
/// <param name="Line">The line of the command, from 1.</param>
/// <param name="Command">The command, without a comment at its end.</param>
/// <param name="Before">Earlier lines of the block that set variables or change the folder, which a shell remembers.</param>
/// <param name="Shown">The output; empty if none is shown.</param>
internal sealed partial record Step(Block Block, int Line, string Command, IReadOnlyList<string> Before, IReadOnlyList<string> Shown)
{
    public string Place => $"{Block.Document}:{Line}";

    /// <summary>The name of the test: the position of the command, and its first line.</summary>
    public string Label => $"{Place} {Command.Split('\n')[0]}";

    /// <summary>Whether it is a host: it runs until it is stopped, and later commands call it.</summary>
    public bool IsHost => Hosts().IsMatch(Command);

    /// <summary>Whether it prints continuously and runs until it is stopped.</summary>
    public bool IsStream => Streams().IsMatch(Command);

    /// <summary>The commands of a block in <c>sh</c> or <c>console</c>.</summary>
    public static IReadOnlyList<Step> Of(Block block) => block.Language == "console" ? OfConsole(block) : OfScript(block);

    private static List<Step> OfConsole(Block block)
    {
        var steps = new List<Step>();
        for (var at = 0; at < block.Lines.Count;)
        {
            var line = block.Line + 1 + at;
            if (!block.Lines[at].StartsWith("$ ", StringComparison.Ordinal))
                throw new FormatException($"{block.Document}:{line}: a console block begins with a command, which '$ ' marks");
            var command = block.Lines[at++][2..];
            while (at < block.Lines.Count && block.Lines[at].StartsWith("> ", StringComparison.Ordinal))
                command += '\n' + block.Lines[at++][2..];
            var shown = block.Lines.Skip(at).TakeWhile(text => !text.StartsWith("$ ", StringComparison.Ordinal)).ToList();
            at += shown.Count;
            steps.Add(new(block, line, WithoutComment(command), Remembered(steps), shown));
        }

        return steps;
    }

    private static List<Step> OfScript(Block block)
    {
        var steps = new List<Step>();
        for (var at = 0; at < block.Lines.Count;)
        {
            var line = block.Line + 1 + at;
            var command = WithoutComment(block.Lines[at++]);
            while (IsOpen(command) && at < block.Lines.Count)
                command += '\n' + WithoutComment(block.Lines[at++]);
            if (command.Length > 0)
                steps.Add(new(block, line, command, Remembered(steps), []));
        }

        return steps;
    }

    private static List<string> Remembered(List<Step> earlier) =>
        [.. earlier.Where(step => Remembers().IsMatch(step.Command)).Select(step => step.Command)];

    /// <summary>Whether a command continues on the next line.</summary>
    private static bool IsOpen(string command) => command.EndsWith('\\')
        || command.EndsWith("&&", StringComparison.Ordinal)
        || command.Count(character => character == '\'') % 2 == 1
        || (HereDocument().Match(command) is { Success: true } here
            && !command.Split('\n').Skip(1).Contains(here.Groups[1].Value, StringComparer.Ordinal));

    private static string WithoutComment(string line)
    {
        var quote = '\0';
        for (var at = 0; at < line.Length; at++)
        {
            if (quote != '\0')
                quote = line[at] == quote ? '\0' : quote;
            else if (line[at] is '\'' or '"')
                quote = line[at];
            else if (line[at] == '#' && (at == 0 || line[at - 1] == ' '))
                return line[..at].TrimEnd();
        }

        return line.TrimEnd();
    }

    [GeneratedRegex(@"^(export |[A-Za-z_]+=\S*$|[A-Za-z_]+=('[^']*'|""[^""]*"")$|cd \S+$)")]
    private static partial Regex Remembers();

    [GeneratedRegex(@"<<-?\s*'?(\w+)'?")]
    private static partial Regex HereDocument();

    [GeneratedRegex(@"^dotnet run --project src/FopWatch\.(Local( -- serve\b.*)?|Functions\b.*)$|\bfunc start\b")]
    private static partial Regex Hosts();

    [GeneratedRegex(@"^curl .*(-N|--no-buffer)\b| -- watch\b|^fopwatch watch\b|^dotnet run --project src/FopWatch\.Subscriber -- --host\b")]
    private static partial Regex Streams();
}
