using FopWatch.Local.CommandLine;
using FopWatch.Settings;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>Words that are no command, and the word <c>help</c>.</summary>
public sealed class UnknownCommandTests
{
    [Theory]
    [InlineData("Did you mean 'show'?", "shw")]
    [InlineData("Did you mean 'list'?", "lits", "media", "z0.a")]
    [InlineData("", "frobnicate", "--json")]
    public async Task An_unknown_command_of_a_group_is_answered_with_the_nearest_one_alone(string near, params string[] words)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["jobs", .. words]);

        Assert.Equal(
            $"Unrecognized command or argument '{words[0]}'. {near}".TrimEnd() + "\nUsage: fopwatch jobs list|show|poll|republish|stop [options]; see fopwatch jobs --help", error.TrimEnd());
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
    }

    [Theory]
    [InlineData("--help", "help")]
    [InlineData("jobs --help", "help jobs")]
    [InlineData("jobs --help", "jobs help")]
    [InlineData("jobs show --help", "help jobs show")]
    [InlineData("jobs show --help", "jobs help show")]
    [InlineData("track --help", "help track")]
    public async Task The_word_help_shows_the_help(string option, string words)
    {
        var expected = await CommandRun.RunAsync(option.Split(' '));
        var actual = await CommandRun.RunAsync(words.Split(' '));

        Assert.Equal(ExitCodes.Ok, expected.Exit);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("serve", "srve")]
    [InlineData("quarantine", "quarantaine")]
    [InlineData("mcp", "mpc")]
    [InlineData(null, "abc")]
    [InlineData(null, "status")]
    [InlineData(null, "")]
    public void A_near_name_is_suggested(string? expected, string word) =>
        Assert.Equal(expected, NearestName.Find(word, Cli.Create(Terminal.OfProcess()).Subcommands.Select(one => one.Name)));
}
