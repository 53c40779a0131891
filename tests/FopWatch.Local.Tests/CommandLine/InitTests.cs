using System.Text.Json;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>Checks that the host reads what <c>init</c> writes.</summary>
public sealed class InitTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => Path.Combine(_folder.FullName, "fopwatch.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_file_has_the_given_values_new_secrets_and_comments_and_the_host_accepts_it()
    {
        var (exit, output, error) = await CommandRun.RunAsync(
        [
            "init", "--non-interactive", "--config", File, "--provider", "wangsufops", "--source", "vod", "--public-url", "https://hooks.example.org",
            "--status-endpoint", "https://mgr.example.org", "--bucket", "lessons", "--bucket", "audio",
        ]);
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));

        var settings = SettingsFile.Read(File, "http://0.0.0.0:7071", "data");
        var source = Assert.Single(settings.Shared.Sources.All);
        Assert.Equal(("vod", "https://mgr.example.org/", "https://hooks.example.org"), (source.Name, source.StatusEndpoint.AbsoluteUri, settings.Shared.PublicOrigin));
        Assert.True(source.Scope.HasBuckets);
        var text = await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken);
        Assert.Contains("// \"Keys\": { \"<access key>\": \"<secret key>\" },", text, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));

        // The values to enter at the provider are those of the file; the API key stays in the file.
        var token = text.Split("\"NotifyTokens\": [\"")[1].Split('"')[0];
        Assert.Matches("^[0-9a-f]{32}$", token);
        Assert.True(source.Tokens.Match(token));
        Assert.Contains($"https://hooks.example.org/api/notify/vod/{token}\n", output, StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", settings.ApiKey);
        Assert.DoesNotContain(settings.ApiKey!, output, StringComparison.Ordinal);
    }

    /// <summary>An operator uncomments lines.</summary>
    [Fact]
    public async Task With_every_setting_uncommented_the_file_is_still_valid()
    {
        await CommandRun.RunAsync(["init", "--non-interactive", "--config", File, "--provider", "Qiniu"]);
        var text = await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken);
        var filled = text.Replace("// \"", "\"", StringComparison.Ordinal)
            .Replace("<access key>", "access-key-1", StringComparison.Ordinal)
            .Replace("<secret key>", "secret", StringComparison.Ordinal)
            .Replace("<bucket>", "lessons", StringComparison.Ordinal);
        Assert.NotEqual(text, filled);
        await System.IO.File.WriteAllTextAsync(File, filled, TestContext.Current.CancellationToken);

        var source = Assert.Single(SettingsFile.Read(File, "http://127.0.0.1:7071", "data").Shared.Sources.All);

        Assert.False(source.Keys.IsEmpty);
        Assert.True(source.Scope.HasBuckets);
    }

    [Fact]
    public async Task Two_files_have_different_secrets()
    {
        await CommandRun.RunAsync(["init", "--non-interactive", "--config", File, "--provider", "Qiniu"]);
        await CommandRun.RunAsync(["init", "--non-interactive", "--config", File + "2", "--provider", "Qiniu"]);

        Assert.NotEqual(SettingsFile.Read(File, "http://127.0.0.1:7071", "data").ApiKey, SettingsFile.Read(File + "2", "http://127.0.0.1:7071", "data").ApiKey);
    }

    [Fact]
    public async Task The_printed_commands_name_the_file_and_the_data_folder_that_were_chosen()
    {
        var folder = Path.Combine(_folder.FullName, "it's here");
        Directory.CreateDirectory(folder);
        var (_, output, error) = await CommandProcess.RunAsync(
            folder, new() { ["FOPWATCH_CONFIG"] = "my own.json", ["FOPWATCH_DATA"] = "data" }, "init", "--non-interactive", "--provider", "Qiniu");
        Assert.Equal("", error);

        // A shell reads the words back.
        var commands = output.Replace("\\\n", "", StringComparison.Ordinal).Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal)).ToList();
        Assert.Equal(["config", "check", "--config", Path.Combine(folder, "my own.json")], await ArgumentsAsync(commands[0]));
        Assert.Equal(["serve", "--config", Path.Combine(folder, "my own.json"), "--data", Path.Combine(folder, "data")], await ArgumentsAsync(commands[1]));

        async Task<IEnumerable<string>> ArgumentsAsync(string command)
        {
            var (_, words, _) = await CommandProcess.RunAsync(folder, [], "bash", ["-c", $"printf '%s\\n' {command}"]);
            return words.TrimEnd('\n').Split('\n').SkipWhile(word => word is not ("config" or "serve"));
        }
    }

    [Fact]
    public async Task An_existing_file_is_not_changed()
    {
        await System.IO.File.WriteAllTextAsync(File, "mine", TestContext.Current.CancellationToken);

        var (exit, output, error) = await CommandRun.RunAsync(["init", "--non-interactive", "--config", File, "--provider", "Qiniu"]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith($"{File} already exists and is not overwritten.", error, StringComparison.Ordinal);
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Each_question_is_repeated_until_its_answer_is_valid()
    {
        const string Answers = "nobody\nWangsuFmgr\n\nftp://x\nhttps://mgr.example.org\na b\nfiles\nhooks\nhttps://hooks.example.org\na:b\nlessons  audio\n";

        var (exit, output, error) = await CommandRun.RunAsync(["init", "--config", File, "--json"], Answers);

        Assert.True(exit == ExitCodes.Ok, error);
        var source = Assert.Single(SettingsFile.Read(File, "http://127.0.0.1:7071", "data").Shared.Sources.All);
        Assert.Equal(("files", "https://mgr.example.org/"), (source.Name, source.StatusEndpoint.AbsoluteUri));
        foreach (var problem in (string[])
            ["'nobody' is not one of Qiniu", "An answer is required.", "StatusEndpoint is not an http or https URL", "a b is not a valid name", "PublicUrl is not an http", "Buckets:0 is not the name of a bucket"])
        {
            Assert.Contains(problem, error, StringComparison.Ordinal);
        }

        // Questions go to standard error, so that a program can read the answer.
        using var answer = JsonDocument.Parse(output);
        Assert.Equal(File, answer.RootElement.GetProperty("file").GetString());
        Assert.StartsWith("https://hooks.example.org/api/notify/files/", answer.RootElement.GetProperty("notifyUrl").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_replace_questions_and_Enter_takes_the_default_in_brackets()
    {
        var (exit, _, error) = await CommandRun.RunAsync(["init", "--config", File, "--public-url", "https://hooks.example.org", "--bucket", "lessons"], "\n\n");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Equal("Provider (Qiniu, WangsuFmgr, WangsuFops) [Qiniu]: Name of the source, which is part of every URL [media]: ", error);
        Assert.Equal("media", Assert.Single(SettingsFile.Read(File, "http://127.0.0.1:7071", "data").Shared.Sources.All).Name);
    }

    [Theory]
    [InlineData("--provider is missing. Give one of Qiniu, WangsuFmgr, WangsuFops.", "--non-interactive")]
    [InlineData("StatusEndpoint is missing: WangsuFops needs the MgrDomain", "--non-interactive", "--provider", "WangsuFops")]
    [InlineData("a/b is not a valid name", "--non-interactive", "--provider", "Qiniu", "--source", "a/b")]
    [InlineData("The input ended before all questions were answered.")]
    [InlineData("--provider: 'x' is not one of Qiniu", "--provider", "x")]
    public async Task Without_an_answer_or_with_a_wrong_one_nothing_is_written(string problem, params string[] options)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["init", "--config", File, .. options]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.FullName));
    }

    [Fact]
    public async Task A_missing_folder_is_named()
    {
        var file = Path.Combine(_folder.FullName, "none", "fopwatch.json");

        var (exit, _, error) = await CommandRun.RunAsync(["init", "--config", file, "--non-interactive", "--provider", "Qiniu"]);

        Assert.Equal((ExitCodes.Unreachable, $"{file} cannot be written: there is no such folder.\n"), (exit, error.ReplaceLineEndings("\n")));
    }
}
