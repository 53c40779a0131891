using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.CommandLine;

public class TrackTests
{
    [Theory]
    [InlineData("0s")]
    [InlineData("5m")]
    [InlineData("1.5h")]
    [InlineData("30d")]
    [InlineData("00:05:00")]
    [InlineData("120")]
    [InlineData("0")]
    public void A_time_limit_is_a_time_in_any_form(string time) =>
        Assert.Empty(Cli.Create(Terminal.OfProcess()).Parse(["track", "media", "z0.1", "--timeout", time]).Errors);

    [Fact]
    public async Task Without_waiting_the_current_state_of_each_job_is_printed()
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, output, _) = await CommandRun.RunAsync(host, "track", "media", "z0.1", "z0.2", "--metadata", "lesson=42", "--metadata", "note=a=b");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Equal([$"{host.Host.Url}api/jobs/media/z0.1  waiting", $"{host.Host.Url}api/jobs/media/z0.2  waiting"], Lines(output));
        var job = await host.JobAsync("media", "z0.2");
        Assert.Equal(("42", "a=b"), (job.Metadata!["lesson"], job.Metadata["note"]));
    }

    [Fact]
    public async Task Ids_are_read_from_a_file_without_comments_and_from_standard_input()
    {
        await using var host = await RunningHost.StartAsync();
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "ids.txt");
        await File.WriteAllTextAsync(file, "\uFEFFz0.1\r\n# z0.not\n\n  z0.2 \nz0.1", TestContext.Current.CancellationToken);

        var (fromFile, links, _) = await CommandRun.RunAsync(host, "track", "media", "--file", file);
        var (fromInput, more, _) = await CommandRun.RunAsync(["track", "media", "--file", "-", "--url", host.Host.Url.AbsoluteUri], "z0.3\n");

        Assert.Equal((ExitCodes.Ok, ExitCodes.Ok), (fromFile, fromInput));
        Assert.Equal(["z0.1", "z0.2"], Lines(links).Select(IdOf));
        Assert.Equal(["z0.3"], Lines(more).Select(IdOf));
    }

    [Fact]
    public async Task Waiting_ends_when_all_are_settled_and_lists_exactly_every_id_with_its_outcome()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.old", 3, "was bad before");
        await using var run = CommandRun.Start(
            ["track", "media", "z0.old", "z0.good", "z0.bad", "--wait", "--url", host.Host.Url.AbsoluteUri]);
        await run.Error.UntilAsync("3 registered");

        await SettleAsync(host, "z0.good", 0, null);
        await SettleAsync(host, "z0.bad", 3, "not a valid media");

        Assert.Equal(ExitCodes.Failed, await run.ExitAsync());
        var output = run.Output.ToString();
        Assert.Matches(@"z0\.bad +failed +not a valid media", output);
        Assert.Matches(@"z0\.old +failed +was bad before", output);
        Assert.Equal(["id", "z0.bad", "z0.old", "z0.good", "state"], Lines(output).Take(5).Select(line => line.Split(' ')[0]));
        Assert.Matches(@"z0\.good +succeeded *\n", output);
        Assert.Matches(@"succeeded +1\D", output);
        Assert.Matches(@"failed +2\D", output);
        Assert.Matches(@"total +3\D", output);
    }

    [Fact]
    public async Task All_succeeded_is_exit_code_0()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1", 0, null);
        await using var run = CommandRun.Start(["track", "media", "z0.1", "z0.2", "--wait", "--url", host.Host.Url.AbsoluteUri]);
        await run.Error.UntilAsync("2 registered");

        await SettleAsync(host, "z0.2", 0, null);

        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
    }

    [Fact]
    public async Task Thousands_are_registered_in_chunks_and_awaited_over_one_stream()
    {
        const int Jobs = 2500;
        await using var host = await RunningHost.StartAsync();
        var ids = string.Join('\n', Enumerable.Range(0, Jobs).Select(Id));
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "ids.txt");
        await File.WriteAllTextAsync(file, ids, TestContext.Current.CancellationToken);
        await using var run = CommandRun.Start(["track", "media", "--file", file, "--wait", "--url", host.Host.Url.AbsoluteUri]);
        await run.Error.UntilAsync($"{Jobs} registered");

        await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (n, _) => await SettleAsync(host, Id(n), 0, null));

        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
        Assert.Matches(@$"succeeded +{Jobs}\D", run.Output.ToString());

        static string Id(int n) => string.Create(CultureInfo.InvariantCulture, $"z0.{n:0000}");
    }

    [Fact]
    public async Task Malformed_ids_are_named_and_nothing_is_sent()
    {
        await using var host = await RunningHost.StartAsync();
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "ids.txt");
        await File.WriteAllTextAsync(file, "z0.fine\n\nz0/\u001b[31mslash\n", TestContext.Current.CancellationToken);

        var (exit, _, error) = await CommandRun.RunAsync(host, "track", "media", "z0.1", "a b", "--file", file);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("2 of 4", error, StringComparison.Ordinal);
        Assert.Contains("'a b'", error, StringComparison.Ordinal);
        Assert.Contains("line 3: 'z0/\\u001B[31mslash'", error, StringComparison.Ordinal);
        using var job = await host.Http.GetAsync("/api/jobs/media/z0.1", TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)job.StatusCode);
    }

    [Theory]
    [InlineData("--wait")]
    [InlineData("--file=-")]
    public async Task An_unknown_source_is_named_once(string option)
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, _, error) = await CommandRun.RunAsync(host, "track", "nosuch", "z0.1", "z0.2", option);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Equal("SOURCE is 'nosuch', which is not the name of a configured source; the sources are files, media, video. Nothing was registered.", error.TrimEnd());
    }

    [Fact]
    public async Task A_refused_registration_names_the_element()
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, _, error) = await CommandRun.RunAsync(host, "track", "media", "z0.1", "--metadata", $"n={new string('x', 5000)}");

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("Nothing was registered.", error, StringComparison.Ordinal);
        Assert.Contains("z0.1: 'metadata' has 5001 bytes", error, StringComparison.Ordinal);
        Assert.Contains("(/metadata)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_API_key_is_needed_if_the_host_has_one()
    {
        const string Key = "a-key-of-at-least-16-characters";
        await using var host = await RunningHost.StartAsync(apiKey: Key);

        var (without, _, error) = await CommandRun.RunAsync(host, "track", "media", "z0.1");
        var (with, _, _) = await CommandRun.RunAsync(host, "track", "media", "z0.1", "--api-key", Key);

        Assert.Equal((ExitCodes.Refused, ExitCodes.Ok), (without, with));
        Assert.Equal("Refused: The API key is missing or wrong. Set the environment variable FOPWATCH_API_KEY to the key.", error.TrimEnd());
    }

    [Theory]
    [InlineData("track", "media")]
    [InlineData("track", "media", "z0.1", "--timeout", "soon")]
    [InlineData("track", "media", "z0.1", "--url", "ftp://127.0.0.1")]
    [InlineData("track", "media", "z0.1", "--metadata", "lesson")]
    [InlineData("track", "media", "z0.1", "--metadata", "a=1", "--metadata", "a=2")]
    [InlineData("track", "media", "z0.1", "--api-key", "with\nline")]
    [InlineData("track", "media", "--file", "/there/is/no/such/file")]
    [InlineData("track", "media", "z0.1", "--nosuch")]
    [InlineData("watch", "--from", "yesterday")]
    [InlineData("watch", "--source", "")]
    [InlineData("watch", "--source", "media", "--source")]
    [InlineData("serve", "--config", "a", "--config")]
    [InlineData("--data", "a", "--data")]
    [InlineData("track", "media", "z0.1", "--metadata", "a=1", "--metadata")]
    [InlineData("watch", "--source", " ")]
    public async Task Wrong_usage_is_exit_code_2(params string[] args)
    {
        var (exit, _, error) = await CommandRun.RunAsync(args);

        Assert.Equal(ExitCodes.Refused, exit);
        Assert.NotEmpty(error.Trim());
    }

    [Fact]
    public async Task Ids_that_are_none_are_listed_one_per_line_with_their_lines_in_the_file()
    {
        var wrong = Enumerable.Range(3, 51).Select(line => $"an id {line} {new string('x', 100)}");
        var (exit, output, error) = await CommandRun.RunAsync(["track", "media", "a\tb", "--file", "-"], $"# ids\nz0.right\n{string.Join('\n', wrong)}\n");

        var lines = error.ReplaceLineEndings("\n").TrimEnd().Split('\n');
        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Equal("Nothing was sent. An id is 1 to 128 of A-Z a-z 0-9 . _ -; 52 of 53 are not:", lines[0]);
        Assert.Equal(@"  'a\tb'", lines[1]);
        Assert.Equal($"  line 3: 'an id 3 {new string('x', 100)}'", lines[2]);
        Assert.Equal("  … and 2 more", lines[51]);
        Assert.StartsWith("Usage: ", lines[52], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--wait")]
    [InlineData("--file=-")]
    public async Task An_unreachable_host_is_exit_code_3(string option)
    {
        // Port 9 is the discard port: nothing listens there.
        var (exit, _, error) = await CommandRun.RunAsync(["track", "media", "z0.1", option, "--url", "http://127.0.0.1:9"]);

        Assert.Equal(ExitCodes.Unreachable, exit);
        Assert.Contains("http://127.0.0.1:9", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_timeout_the_open_jobs_are_listed()
    {
        await using var host = await RunningHost.StartAsync();
        var clock = new ManualTimeProvider(Sample.Start);
        await using var run = CommandRun.Start(
            ["track", "media", "z0.1", "z0.2", "--wait", "--timeout", "00:30:00", "--url", host.Host.Url.AbsoluteUri], clock);
        await run.Error.UntilAsync("2 registered");
        await SettleAsync(host, "z0.1", 0, null);
        await host.JobAsync("media", "z0.1", "?wait=10");

        clock.Advance(TimeSpan.FromMinutes(31));

        Assert.Equal(ExitCodes.TimedOut, await run.ExitAsync());
        Assert.Matches(@"z0\.2 +waiting *\n", run.Output.ToString());
        Assert.Matches(@"succeeded +1\D", run.Output.ToString());
        Assert.Contains("1 open", run.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_wait()
    {
        await using var host = await RunningHost.StartAsync();
        await using var run = CommandRun.Start(["track", "media", "z0.1", "--wait", "--url", host.Host.Url.AbsoluteUri]);
        await run.Error.UntilAsync("1 registered");

        run.Interrupt();

        Assert.Equal(ExitCodes.Interrupted, await run.ExitAsync());
        Assert.Contains("keeps watching", run.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_continues_across_a_restart_of_the_host()
    {
        await using var host = await RunningHost.StartAsync();
        var (url, clock) = (host.Host.Url, new ManualTimeProvider(Sample.Start));
        await using var run = CommandRun.Start(["track", "media", "z0.1", "z0.2", "--wait", "--url", url.AbsoluteUri], clock);
        await run.Error.UntilAsync("2 registered");
        await host.StopAsync();
        await UntilAsync(run.Error, "Waiting for the host", clock);

        await host.RestartAsync(url: url);
        await SettleAsync(host, "z0.1", 0, null);
        await SettleAsync(host, "z0.2", 0, null);
        await UntilAsync(run.Output, "total", clock);

        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
    }

    [Fact]
    public async Task Terminal_sequences_from_a_provider_have_no_effect()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1", 3, "\\u001b]0;title\\u0007[red]\\u202etxt\\u009b2J");

        var (exit, output, _) = await CommandRun.RunAsync(
            ["track", "media", "z0.1", "--wait", "--url", host.Host.Url.AbsoluteUri], [], isLive: true);

        Assert.Equal(ExitCodes.Failed, exit);
        Assert.Contains(@"\u001B]0;title\u0007[red]\u202Etxt\u009B2J", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b]", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', output);
        Assert.DoesNotContain('\u009b', output);
    }

    [Fact]
    public async Task A_terminal_shows_the_first_50_and_failures_before_successes()
    {
        await using var host = await RunningHost.StartAsync();
        var ids = Enumerable.Range(0, 51).Select(n => string.Create(CultureInfo.InvariantCulture, $"z0.{n:00}")).ToList();
        foreach (var id in ids)
            await SettleAsync(host, id, id == "z0.50" ? 3 : 0, id == "z0.50" ? "not a valid media" : null);

        var (exit, output, _) = await CommandRun.RunAsync(["track", "media", .. ids, "--wait", "--url", host.Host.Url.AbsoluteUri], [], isLive: true);

        var written = CommandRun.Plain(output);
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.True(written.IndexOf("z0.50", StringComparison.Ordinal) < written.IndexOf("z0.00", StringComparison.Ordinal), written);
        Assert.Contains("z0.48", written, StringComparison.Ordinal);
        Assert.DoesNotContain("z0.49", written, StringComparison.Ordinal);
        Assert.Contains("… and 1 more. Redirect the output to see all of them.", written, StringComparison.Ordinal);
    }

    [Fact]
    public void The_record_with_the_highest_version_wins_in_any_order()
    {
        var jobs = new TrackedJobs("media", ["z0.1", "z0.2"]);
        jobs.Seen(Record("z0.1", JobState.Expired, 2));
        jobs.Seen(Record("z0.1", JobState.Succeeded, 3));
        jobs.Seen(Record("z0.1", JobState.Processing, 1));
        jobs.Registered(new() { Source = "media", Id = "z0.1", State = JobState.Waiting, Href = "/" });
        jobs.Seen(Record("z0.3", JobState.Failed, 9));
        jobs.Seen(Record("z0.2", JobState.Failed, 9) with { Source = "other" });

        Assert.Equal([(JobState.Waiting, 1), (JobState.Succeeded, 1)], jobs.Counts);
        Assert.False(jobs.AllSettled.IsCompleted);
        jobs.Registered(new() { Source = "media", Id = "z0.2", State = JobState.Cancelled, Href = "/" });
        Assert.True(jobs.AllSettled.IsCompleted);
    }

    private static JobRecord Record(string id, JobState state, long version) => new()
    {
        Source = "media",
        Id = id,
        Provider = ProviderKind.Qiniu,
        State = state,
        Settled = state >= JobState.Succeeded,
        Counts = new(0, 0, 0, 0),
        RegisteredAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
        Version = version,
    };

    /// <summary>Advances a clock until a text is written, however often the command waits for the clock.</summary>
    private static async Task UntilAsync(CommandRun.Written written, string wanted, ManualTimeProvider clock)
    {
        var seen = written.UntilAsync(wanted);
        while (!seen.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(seen, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        await seen;
    }

    private static async Task SettleAsync(RunningHost host, string id, int code, string? error)
    {
        var item = error is null ? """{"cmd":"a","code":0,"key":"k"}""" : $$"""{"cmd":"a","code":{{code}},"error":"{{error}}"}""";
        using var answer = await host.NotifyAsync("media", $$"""{"id":"{{id}}","code":{{code}},"items":[{{item}}]}""");
        answer.EnsureSuccessStatusCode();
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string IdOf(string line) => line.Split(' ')[0].Split('/')[^1];
}
