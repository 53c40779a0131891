using System.Text.RegularExpressions;
using FopWatch.Local.Hosting;

namespace FopWatch.Docs.Tests;

/// <summary>The table of commands in docs/commands.md, and the help of each command.</summary>
public sealed partial class CommandTableTests
{
    private static readonly IReadOnlyList<(string Command, string[] Options)> Table =
        [.. Rows().GroupBy(row => row.Command, (command, rows) => (command, rows.SelectMany(row => row.Options).Distinct().ToArray()))];

    public static TheoryData<string> Commands() => [.. Table.Select(row => row.Command)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Each_command_in_the_table_has_help_that_names_the_tables_options(string command)
    {
        var help = await HelpAsync(command, "--help");

        Assert.Contains($"fopwatch {command}", help);
        Assert.All(Table.Single(row => row.Command == command).Options, option => Assert.Matches($@"(?m)^\s+(-\w, )?{option}\b", help));
    }

    [Fact]
    public async Task The_table_has_every_command()
    {
        var help = await HelpAsync("--help");

        var listed = CommandInHelp().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value);
        Assert.Equal(listed.Order(StringComparer.Ordinal), Table.Select(row => row.Command).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("docs/commands.md", @"(?m)^(?<commands>`.*) connect to `http")]
    [InlineData("docs/operating.md", @"Commands that talk to a running host \((?<commands>[^)]*)\)")]
    public async Task A_page_names_every_command_that_connects_to_the_host_of_FOPWATCH_URL(string page, string sentence)
    {
        var named = Regex.Match(await File.ReadAllTextAsync(Repository.PathOf(page), TestContext.Current.CancellationToken), sentence).Groups["commands"].Value;

        var connecting = new List<string>();
        foreach (var (command, _) in Table)
        {
            var help = await HelpAsync(command, "--help");
            if (help.IndexOf("Commands:", StringComparison.Ordinal) is > 0 and var at)
                help = await HelpAsync(command, CommandInHelp().Match(help[at..]).Groups[1].Value, "--help");
            if (UrlVariable().IsMatch(help))
                connecting.Add(command);
        }

        Assert.Equal(connecting.Order(StringComparer.Ordinal), CommandInText().Matches(named).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(string Command, string[] Options)> Rows()
    {
        var page = File.ReadAllText(Repository.PathOf("docs/commands.md"));
        foreach (Match row in TableRow().Matches(page))
            yield return (row.Groups["command"].Value, [.. Option().Matches(row.Groups["arguments"].Value).Select(match => match.Value)]);
    }

    private static async Task<string> HelpAsync(params string[] arguments)
    {
        await using var run = new RunningCommand(new("dotnet", [typeof(LocalHost).Assembly.Location, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        Assert.Equal(0, await run.ExitAsync(TestContext.Current.CancellationToken));
        Assert.Empty(run.Errors);
        return run.Output;
    }

    [GeneratedRegex(@"^\| `(?<command>[a-z]+)(?<arguments>[^`]*)` \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"FOPWATCH_URL\b")]
    private static partial Regex UrlVariable();

    [GeneratedRegex("`([a-z]+)`")]
    private static partial Regex CommandInText();

    [GeneratedRegex(@"^  ([a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex CommandInHelp();
}
