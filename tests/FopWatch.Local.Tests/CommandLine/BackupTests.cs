using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary><c>backup</c> and <c>restore</c> next to a running host.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_running_host_is_backed_up_and_the_backup_restored_to_a_new_folder()
    {
        await using var host = await RunningHost.StartAsync();
        await host.Http.PostAsync("/api/jobs", new StringContent("""{"source": "media", "id": "z0.a"}"""), TestContext.Current.CancellationToken);

        var backup = await CommandRun.RunAsync(["backup", _folder.FullName, "--data", host.Folder]);
        Assert.Equal((ExitCodes.Ok, ""), (backup.Exit, backup.Error));
        var file = Assert.Single(Directory.GetFiles(_folder.FullName));
        Assert.Matches(@"fopwatch-\d{8}T\d{6}Z\.db$", file);
        Assert.StartsWith($"Copied to {file} (", backup.Output, StringComparison.Ordinal);

        var restored = PathOf("restored");
        var restore = await CommandRun.RunAsync(["restore", file, "--data", restored, "--json"]);
        Assert.Equal((ExitCodes.Ok, ""), (restore.Exit, restore.Error));
        using var answer = JsonDocument.Parse(restore.Output);
        Assert.Equal(Path.Combine(restored, "fopwatch.db"), answer.RootElement.GetProperty("file").GetString());
        Assert.Equal(new FileInfo(file).Length, answer.RootElement.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task What_a_killed_backup_left_is_named_by_the_next_one_and_stays()
    {
        await using var host = await RunningHost.StartAsync();
        string[] left = ["fopwatch-20260101T000000Z.db.p5xkq2ab.c3d.partial", "fopwatch-20260101T000000Z-2.db.p5xkq2ab.c3d.partial", "mine.db.p5xkq2ab.c3d.partial"];
        string[] foreign = ["film.mp4.partial", "other.db.p5xkq2ab.c3d.partial", "fopwatch.db.p5xkq2ab.c3d.partial", "fopwatch-20260101T000000Z.db.partial"];
        foreach (var name in (string[])[.. left, .. foreign])
            await File.WriteAllTextAsync(PathOf(name), "", TestContext.Current.CancellationToken);

        var (exit, _, error) = await CommandRun.RunAsync(["backup", PathOf("mine.db"), "--data", host.Folder]);

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Equal(
            left.Order(StringComparer.Ordinal).Select(name => $"A backup that did not end left {PathOf(name)}. Delete it, unless a backup is running."),
            error.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'));
        Assert.All(left.Concat(foreign), name => Assert.True(File.Exists(PathOf(name))));
    }

    [Fact]
    public async Task An_impossible_backup_or_restore_is_reported_in_one_line_and_changes_nothing()
    {
        await using var host = await RunningHost.StartAsync();
        await File.WriteAllTextAsync(PathOf("copy.db"), "mine", TestContext.Current.CancellationToken);

        await EndsAsync(ExitCodes.Refused, $"'{PathOf("copy.db")}' already exists. A backup never overwrites a file.", "backup", PathOf("copy.db"), "--data", host.Folder);
        await EndsAsync(ExitCodes.Refused, $"'{PathOf("none")}/' is not an existing folder.", "backup", PathOf("none") + "/", "--data", host.Folder);
        await EndsAsync(ExitCodes.Refused, "TARGET is empty.", "backup", "", "--data", host.Folder);
        await EndsAsync(ExitCodes.Unreachable, $"The data folder '{PathOf("none")}' has no fopwatch.db.", "backup", PathOf("new.db"), "--data", PathOf("none"));
        await EndsAsync(ExitCodes.Unreachable, $"The data folder '{host.Folder}' is in use by another FopWatch host.", "restore", PathOf("copy.db"), "--data", host.Folder);
        await EndsAsync(ExitCodes.Unreachable, $"'{PathOf("copy.db")}' is not an SQLite database.", "restore", PathOf("copy.db"), "--data", PathOf("restored"));
        Assert.Equal("mine", await File.ReadAllTextAsync(PathOf("copy.db"), TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_data_folder_that_may_not_be_read_is_named_as_such()
    {
        if (OperatingSystem.IsWindows())
            return;
        Assert.SkipWhen(
            Environment.IsPrivilegedProcess && !File.Exists("/usr/bin/setpriv"), "The tests run as root, whom no mode stops, and setpriv is not installed.");
        var data = Directory.CreateDirectory(PathOf("theirs")).FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "fopwatch.db"), "", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(data, UnixFileMode.None);
        try
        {
            var (exit, _, error) = await RunAsync("backup", PathOf("copy.db"), "--data", data);
            Assert.Equal(
                (ExitCodes.Unreachable, $"The data folder '{data}' cannot be read: permission denied. Run the command as the user of the host."), (exit, error.TrimEnd()));

            Assert.Equal(
                [
                    "The data folder was not examined: this user has no permission to use it.",
                    "The database was not examined: this user has no permission to read the data folder.",
                ],
                await SkippedAsync(data));

            // Below a folder that may not be entered, everything seems to be missing.
            Assert.Equal(2, (await SkippedAsync(Path.Combine(data, "below"))).Count);

            // The folder may be entered, but its files are the host's.
            File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            File.SetUnixFileMode(Path.Combine(data, "fopwatch.db"), UnixFileMode.None);
            Assert.Equal(
                [
                    "The data folder was not examined: this user has no permission to use it.",
                    "The database was not examined: this user has no permission to use the database.",
                ],
                await SkippedAsync(data));
        }
        finally
        {
            File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        async Task<List<string>> SkippedAsync(string folder)
        {
            var (_, output, _) = await RunAsync("doctor", "--json", "--url", $"http://127.0.0.1:{Loopback.FreePort()}", "--data", folder);
            var findings = JsonNode.Parse(output)!["findings"]!.AsArray().Where(one => $"{one!["check"]}" is "dataFolder" or "database").ToList();
            Assert.All(findings, one => Assert.Equal("skipped", $"{one!["level"]}"));
            Assert.All(findings, one => Assert.StartsWith("Run the doctor as the user of the host.", $"{one!["fix"]}", StringComparison.Ordinal));
            return [.. findings.Select(one => $"{one!["what"]}")];
        }

        // Without these capabilities, modes count for root too.
        Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments) => Environment.IsPrivilegedProcess
            ? CommandProcess.RunAsync(
                _folder.FullName, [], "setpriv", ["--bounding-set=-dac_override,-dac_read_search", "dotnet", typeof(Hosting.LocalHost).Assembly.Location, .. arguments])
            : CommandProcess.RunAsync(_folder.FullName, [], arguments);
    }

    [Fact]
    public async Task Backups_within_one_second_get_distinct_names()
    {
        await using var host = await RunningHost.StartAsync();
        var time = new ManualTimeProvider(new(2026, 1, 31, 4, 0, 0, TimeSpan.Zero));
        foreach (var name in (string[])["fopwatch-20260131T040000Z.db", "fopwatch-20260131T040000Z-2.db", "fopwatch-20260131T040000Z-3.db"])
        {
            await using var run = CommandRun.Start(["backup", _folder.FullName, "--data", host.Folder], time);
            Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
            Assert.StartsWith($"Copied to {PathOf(name)} (", run.Output.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(3, Directory.GetFiles(_folder.FullName).Length);
    }

    private static async Task EndsAsync(int expected, string said, params string[] line)
    {
        var (exit, output, error) = await CommandRun.RunAsync(line);
        Assert.Equal((expected, ""), (exit, output));
        Assert.Equal(said, error.ReplaceLineEndings("\n").Split('\n')[0]);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
