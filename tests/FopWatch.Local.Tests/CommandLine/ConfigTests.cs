using System.Text.Json;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary><c>config check</c>: the validation done by <c>serve</c>, without starting a host.</summary>
public sealed class ConfigTests : IDisposable
{
    private const string Secret = "do-not-show-this-1";

    private readonly TempFolder _folder = new();

    private string File => Path.Combine(_folder.FullName, "fopwatch.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task On_a_terminal_the_further_lines_of_a_problem_are_indented_and_in_a_file_it_is_one_line()
    {
        Write("""{ "FopWatch": { "Retention": "30s", "Source": {} } }""");
        const string Retention = "FopWatch:Retention is '30s', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30";
        const string Source = "FopWatch:Source is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?";

        await using var live = CommandRun.StartLive(["config", "check", "--config", File], width: 80);
        var exit = await live.ExitAsync();
        var (_, _, whole) = await CommandRun.RunAsync(["config", "check", "--config", File]);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.StartsWith(
            """
            2 settings are wrong:
              FopWatch:Retention is '30s', not a time from 1m to 3650d, such as 90s, 1.5m or
                00:01:30
              FopWatch:Source is not a setting of FopWatch; docs/settings.md lists them all.
                Did you mean FopWatch:Sources?

            """.ReplaceLineEndings("\n"),
            CommandRun.Plain(live.Error.ToString()),
            StringComparison.Ordinal);
        Assert.StartsWith($"2 settings are wrong:\n  {Retention}\n  {Source}\n", whole.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Valid_settings_are_shown_without_their_secrets()
    {
        Write($$$"""
            { "FopWatch": { "PublicUrl": "https://hooks.fopwatch.test", "ApiKey": "{{{Secret}}}", "Sources": {
              "media": { "Provider": "Qiniu", "NotifyTokens": ["{{{Secret}}}"], "Keys": { "ak": "{{{Secret}}}" }, "Buckets": ["b"] } } } }
            """);

        var (exit, output, error) = await CommandRun.RunAsync(["config", "check", "--config", File]);

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Equal(
            $"""
            The settings were read from {File}.
            media (qiniu)
              notify URL  https://hooks.fopwatch.test/api/notify/media/<token>
              status API  https://api.qiniu.com/
            The settings are valid.

            """.ReplaceLineEndings("\n"),
            output.ReplaceLineEndings("\n"));
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "fopwatch-data")));
    }

    [Fact]
    public async Task Every_problem_names_its_setting_and_an_unknown_name_gets_the_closest_known_one()
    {
        Write($$$"""
            { "FopWatch": { "ApiKey": "{{{Secret}}}", "Retentoin": "1.00:00:00", "Sources": { "media": {
              "Provider": "Qinui", "NotifyTokens": ["{{{Secret}}} {{{Secret}}}"], "Keyz": { "ak": "{{{Secret}}}" }, "Poll": { "Frist": "00:01:00" } } } } }
            """);

        var (exit, output, error) = await CommandRun.RunAsync(["config", "check", "--config", File]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        var lines = error.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains("FopWatch:Sources:media:Provider is 'Qinui': it has to be one of Qiniu, WangsuFmgr, WangsuFops", lines);
        Assert.Contains("FopWatch:Sources:media:NotifyTokens:0 is not 8 to 64 of A-Z a-z 0-9 _ -", lines);
        Assert.Contains("FopWatch:Retentoin is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Retention?", lines);
        Assert.Contains("FopWatch:Sources:media:Keyz:ak is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources:media:Keys?", lines);
        Assert.Contains("FopWatch:Sources:media:Poll:Frist is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources:media:Poll:First?", lines);
        Assert.DoesNotContain(Secret, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_JSON_problems_are_a_list()
    {
        Write("""{ "FopWatch": { "Sorces": {} , "MaxBodyBytes": 1 } }""");

        var (exit, output, error) = await CommandRun.RunAsync(["config", "check", "--config", File, "--json"]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, error));
        using var answer = JsonDocument.Parse(output);
        Assert.False(answer.RootElement.GetProperty("valid").GetBoolean());
        Assert.Equal(
            [
                "FopWatch:MaxBodyBytes is '1', not a whole number from 65536 to 67108864",
                "FopWatch:Sorces is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?",
            ],
            answer.RootElement.GetProperty("problems").EnumerateArray().Select(problem => problem.GetString()));
    }

    [Fact]
    public async Task Warnings_leave_settings_valid()
    {
        Write("""{ "FopWatch": { "Sources": { "media": { "Provider": "Qiniu", "NotifyTokens": ["abcdefgh"] } } } }""");
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        var (exit, output, _) = await CommandRun.RunAsync(["config", "check", "--config", File, "--json"]);

        using var answer = JsonDocument.Parse(output);
        var warnings = answer.RootElement.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()!).ToList();
        Assert.Equal((ExitCodes.Ok, true), (exit, answer.RootElement.GetProperty("valid").GetBoolean()));
        Assert.Contains(warnings, warning => warning.StartsWith("No provider can reach the notify URLs", StringComparison.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Contains(warnings, warning => warning.StartsWith($"Other users of this machine can read or change {File}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("FopWatch:ApiKey is missing", "--urls", "http://0.0.0.0:7071")]
    [InlineData("--urls is 'x'", "--urls", "x")]
    [InlineData("--data is empty", "--data", "")]
    public async Task Settings_that_serve_refuses_are_refused(string problem, params string[] options)
    {
        Write("""{ "FopWatch": {} }""");

        var (exit, _, error) = await CommandRun.RunAsync(["config", "check", "--config", File, .. options]);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    /// <summary>A container or service sets the host's address in environment variables.</summary>
    [Fact]
    public async Task Environment_variables_give_the_host_and_an_option_overrides_them()
    {
        Write("""{ "FopWatch": { "ApiKey": "0123456789abcdef" } }""");
        Dictionary<string, string> variables = new() { ["FOPWATCH_URLS"] = "nowhere", ["FOPWATCH_CONFIG"] = File, ["FOPWATCH_DATA"] = "" };

        var wrong = await CommandProcess.RunAsync(_folder.FullName, variables, "config", "check");
        Assert.Equal(ExitCodes.Refused, wrong.Exit);
        Assert.Contains("--urls is 'nowhere'", wrong.Error, StringComparison.Ordinal);

        var right = await CommandProcess.RunAsync(_folder.FullName, variables, "config", "check", "--urls", "http://0.0.0.0:7071");
        Assert.True(right.Exit == ExitCodes.Ok, right.Error);
        Assert.Contains($"The settings were read from {File}", right.Output, StringComparison.Ordinal);
    }

    private void Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
