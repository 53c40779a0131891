using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public class HelpTextTests
{
    private const string Clone = "dotnet run --project src/FopWatch.Local --";

    /// <summary>Every command with its path.</summary>
    private static IEnumerable<(string Name, ExplainedCommand Command)> All() => Cli.Create(Live(80, TextWriter.Null)).Subcommands
        .OfType<ExplainedCommand>()
        .SelectMany(command => command.Subcommands.OfType<ExplainedCommand>().Select(sub => ($"{command.Name} {sub.Name}", sub)).Prepend((command.Name, command)));

    public static TheoryData<string> Explained() =>
        [.. All().Select(command => command.Name)];

    [Theory]
    [MemberData(nameof(Explained))]
    public void Help_of_a_command_breaks_no_word_at_80_columns_and_names_the_program_as_it_was_started(string name)
    {
        var command = All().Single(command => command.Name == name).Command;

        var lines = HelpText.Lines(command.More, Clone, 80).ToList();

        Assert.All(lines, line => Assert.True(line.Length <= 80, line));
        var words = command.More.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Where(word => word != "$" && !word.EndsWith("fopwatch", StringComparison.Ordinal));
        var shown = lines.SelectMany(line => line.Split(' ')).ToHashSet(StringComparer.Ordinal);
        Assert.All(words, word => Assert.Contains(word, shown));
        Assert.DoesNotContain("  fopwatch ", string.Join('\n', lines), StringComparison.Ordinal);
        Assert.Contains("Exit codes:", lines);
    }

    /// <summary>Every command can fail to write its output; an assistant that closes the output of <c>mcp</c> ends it.</summary>
    [Theory]
    [MemberData(nameof(Explained))]
    public void Help_of_a_command_names_the_exit_code_of_an_output_that_cannot_be_written(string name)
    {
        var lines = HelpText.Lines(All().Single(command => command.Name == name).Command.More, "fopwatch", 80);

        Assert.Equal(name == "mcp" ? 0 : 1, lines.Count(line => line.TrimStart().StartsWith("5 ", StringComparison.Ordinal) && line.Contains("the output cannot be written", StringComparison.Ordinal)));
    }

    [Fact]
    public void Help_of_demo_says_where_it_listens_and_what_it_does_not_touch()
    {
        var help = string.Join(' ', HelpText.Lines(All().Single(command => command.Name == "demo").Command.More, "fopwatch", 80));

        Assert.Contains("free ports of 127.0.0.1", help, StringComparison.Ordinal);
        Assert.Contains("does not use those of serve (--urls, --data, --config", help, StringComparison.Ordinal);
        Assert.Contains("With --keep, the host keeps running at the same URL until Ctrl-C", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Paragraphs_are_filled_and_labelled_lines_are_indented()
    {
        const string Text = """
            One two three
            four five six.

            Codes:
              0  all of the jobs succeeded
              10  other
            """;

        Assert.Equal(
            ["One two three four", "five six.", "", "Codes:", "  0  all of the jobs", "     succeeded", "  10  other"],
            HelpText.Lines(Text, "fopwatch", 20));
    }

    [Fact]
    public void A_long_command_continues_on_the_next_line_outside_quotes()
    {
        Assert.Equal(
            ["  x/fopwatch decode - \\", "    --header 'Host: a b' \\", "    --config fopwatch.json | \\", "    x/fopwatch watch"],
            HelpText.Command("fopwatch decode - --header 'Host: a b' --config fopwatch.json | fopwatch watch", "x/fopwatch", 32));
        Assert.Equal(["  fopwatch watch --from start"], HelpText.Command("fopwatch watch --from start", "fopwatch", 32));
    }

    [Theory]
    [InlineData("--jobs: 'abc' is not a whole number from 1 to 5000.", "demo", "--jobs", "abc")]
    [InlineData("A setting is wrong: /no/such/file: there is no such file", "serve", "--config", "/no/such/file")]
    public async Task An_error_breaks_no_word_on_a_terminal(string problem, params string[] args)
    {
        using var error = new StringWriter();

        var code = await Cli.RunAsync(args, Live(30, error), TestContext.Current.CancellationToken);

        var lines = CommandRun.Plain(error.ToString()).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.All(lines, line => Assert.True(line.Length <= 30, line));
        Assert.StartsWith(problem, string.Join(' ', lines), StringComparison.Ordinal);
    }

    private static Terminal Live(int width, TextWriter error)
    {
        var terminal = new Terminal(() => Stream.Null, TextWriter.Null, error, TimeProvider.System, isLive: true, errorIsLive: true) { Program = Clone };
        terminal.Resize(width);
        return terminal;
    }
}
