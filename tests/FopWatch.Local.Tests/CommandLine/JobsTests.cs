using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class JobsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task Jobs_are_listed_by_filters_as_a_table_and_as_JSON()
    {
        await using var host = await HostAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "list", "--source", "media", "--state", "waiting,failed");
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Equal(["z0.2", "z0.1"], Regex.Matches(output, @"(?m)^z0\.\d").Select(match => match.Value));
        Assert.Contains("waiting", output, StringComparison.Ordinal);

        foreach (var (filter, ids) in ((string[], string[])[])
        [
            ([], ["v1", "z0.2", "z0.1"]),
            (["--state", "failed"], ["z0.1"]),
            (["--watch", "watching", "--id", "z0."], ["z0.2"]),
            (["--metadata", "lesson=7"], ["z0.2"]),
            (["--bucket", "b", "--key", "in"], ["z0.1"]),
            (["--since", "1h", "--overdue", "false", "--until", "2099-01-01T00:00:00Z", "--source", "video"], ["v1"]),
            (["--since", "2099-01-01T00:00:00Z"], []),
            (["--overdue"], []),
            (["--top", "1"], ["v1"]),
        ])
        {
            (exit, output, _) = await CommandRun.RunAsync(host, ["jobs", "list", "--json", .. filter]);
            Assert.Equal(ExitCodes.Ok, exit);
            Assert.Equal(ids, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()));
        }

        (exit, _, error) = await CommandRun.RunAsync(host, "jobs", "list", "--top", "2");
        Assert.Equal((ExitCodes.Ok, "There may be more than 2. Raise --top to see them."), (exit, error.TrimEnd()));
        (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "list", "--state", "expired");
        Assert.Equal((ExitCodes.Ok, "", "No job matches the filters."), (exit, output, error.TrimEnd()));
    }

    [Theory]
    [InlineData("jobs", "list")]
    [InlineData("jobs", "poll")]
    [InlineData("jobs", "stop", "--yes")]
    [InlineData("quarantine", "list")]
    [InlineData("quarantine", "retry", "--all")]
    [InlineData("quarantine", "delete", "--all", "--yes")]
    [InlineData("plan")]
    [InlineData("watch")]
    public async Task Every_command_names_the_sources_that_an_unknown_one_could_have_meant(params string[] command)
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, [.. command, "--source", "Media"]);

        Assert.Equal(
            (ExitCodes.Refused, "", "--source: 'Media' is not the name of a configured source; the sources are files, media, video."),
            (exit, output, error.TrimEnd()));
    }

    [Theory]
    [InlineData("--state: 'lost' is not one of", "jobs", "list", "--state", "failed,lost")]
    [InlineData("--watch: 'unknown' is not one of", "jobs", "list", "--watch", "unknown")]
    [InlineData("--since: 'yesterday' is neither", "jobs", "list", "--since", "yesterday")]
    [InlineData("--since: '2026' is neither", "jobs", "list", "--since", "2026")]
    [InlineData("--until: '20260131' is neither", "jobs", "stop", "--until", "20260131")]
    [InlineData("--source is empty.", "jobs", "list", "--source", "")]
    [InlineData("--top: '0' is not", "jobs", "list", "--top", "0")]
    [InlineData("--metadata: 'lesson' is not of the form NAME=VALUE.", "jobs", "list", "--metadata", "lesson")]
    [InlineData("ID is missing.", "jobs", "show", "media")]
    [InlineData("An id is", "jobs", "show", "media", "a b")]
    [InlineData("at least one filter", "jobs", "poll")]
    [InlineData("--source media", "jobs", "stop", "media")]
    [InlineData("exclude each other", "jobs", "stop", "media", "z0.1", "--state", "waiting")]
    [InlineData("Usage: fopwatch jobs list|show|poll|republish|stop", "jobs")]
    [InlineData("Usage: fopwatch jobs show SOURCE ID", "jobs", "show")]
    [InlineData("KEY or --all", "quarantine", "retry")]
    [InlineData("excludes", "quarantine", "delete", "k", "--all")]
    [InlineData("KEY is empty", "quarantine", "show", " ")]
    public async Task Wrong_usage_is_reported_without_asking_the_host(string problem, params string[] args)
    {
        var (exit, output, error) = await CommandRun.RunAsync(args);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_job_is_explained_in_sentences_within_80_columns()
    {
        await using var host = await HostAsync();
        await CommandRun.RunAsync(host, "jobs", "republish", "media", "z0.1");
        await CommandRun.RunAsync(host, "jobs", "stop", "media", "z0.2");

        var (exit, failed, error) = await CommandRun.RunAsync(host, "jobs", "show", "media", "z0.1");
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        await using var live = CommandRun.StartLive(["jobs", "show", "media", "z0.1", "--url", host.Host.Url.AbsoluteUri], 80);
        Assert.Equal(ExitCodes.Ok, await live.ExitAsync());
        var (_, stopped, _) = await CommandRun.RunAsync(host, "jobs", "show", "media", "z0.2");
        foreach (var shown in (string[])[failed, stopped, CommandRun.Plain(live.Output.ToString())])
        {
            TestContext.Current.TestOutputHelper?.WriteLine(shown);
            Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        }

        foreach (var sentence in (string[])
        [
            "media z0.1  failed", "The application registered the job.", "was recorded.", "The job settled as failed, by a", "A user had the outcome published again.",
            "The job failed.", "error: not a valid media", "bucket        b",
        ])
        {
            Assert.Contains(sentence, Joined(failed), StringComparison.Ordinal);
        }

        Assert.Contains("A user stopped the watch.", Joined(stopped), StringComparison.Ordinal);
        Assert.Contains("Its watch is stopped: it is not polled.", Joined(stopped), StringComparison.Ordinal);
        Assert.Contains("lesson=7", stopped, StringComparison.Ordinal);

        var (_, json, _) = await CommandRun.RunAsync(host, "jobs", "show", "media", "z0.1", "--json");
        Assert.Equal("failed", JsonDocument.Parse(json).RootElement.GetProperty("state").GetString());
        (exit, _, error) = await CommandRun.RunAsync(host, "jobs", "show", "media", "z0.9");
        Assert.Equal((ExitCodes.Failed, "The host has no job 'z0.9' in a source 'media'. Both names are case-sensitive."), (exit, error.TrimEnd()));
    }

    [Fact(Timeout = 120_000)]
    public async Task Named_jobs_are_acted_on_and_refused_ones_are_reported()
    {
        await using var host = await HostAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "stop", "media", "z0.2", "z0.9", "z0.1");
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.Equal(["z0.2  waiting  stopped", "z0.1  failed  not watched: it is settled"], output.TrimEnd().Split('\n'));
        Assert.StartsWith("z0.9: Not found.", error, StringComparison.Ordinal);

        (exit, output, _) = await CommandRun.RunAsync(host, "jobs", "republish", "media", "z0.1", "--json");
        Assert.Equal((ExitCodes.Ok, "z0.1"), (exit, JsonDocument.Parse(output).RootElement.GetProperty("id").GetString()));
        (exit, output, _) = await CommandRun.RunAsync(host, "jobs", "poll", "media", "z0.1");
        Assert.Equal((ExitCodes.Ok, "z0.1  failed  not asked: the job has the provider's outcome, which is final\n"), (exit, output));
        (exit, _, error) = await CommandRun.RunAsync(host, "jobs", "republish", "media", "z0.2");
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.Contains("has no outcome yet", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_batch_shows_its_count_and_acts_only_when_confirmed()
    {
        await using var host = await HostAsync();
        var url = host.Host.Url.AbsoluteUri;

        var (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "stop", "--watch", "watching");
        Assert.Equal((ExitCodes.Refused, "", "2 jobs will no longer be watched.\nNothing was changed. Nobody can confirm here; give --yes to continue.\n"), (exit, output, error));

        (exit, _, error) = await CommandRun.RunAsync(["jobs", "stop", "--watch", "watching", "--url", url], "n\n", isLive: true);
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("Continue? [y/N]", error, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed.", CommandRun.Plain(error), StringComparison.Ordinal);
        Assert.Equal("", (await CommandRun.RunAsync(host, "jobs", "list", "--watch", "stopped")).Output);

        (exit, output, _) = await CommandRun.RunAsync(["jobs", "stop", "--watch", "watching", "--source", "video", "--url", url], "y\n", isLive: true);
        Assert.Equal((ExitCodes.Ok, "1 of 1 done, 0 failed.\n"), (exit, CommandRun.Plain(output)));
        (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "stop", "--watch", "watching", "--yes", "--json");
        Assert.Equal((ExitCodes.Ok, "1 job will no longer be watched.\n"), (exit, error));
        Assert.Equal(1, JsonDocument.Parse(output).RootElement.GetProperty("done").GetInt32());
        (exit, output, error) = await CommandRun.RunAsync(host, "jobs", "poll", "--source", "media", "--yes");
        Assert.Equal((ExitCodes.Ok, "", "No job that could be polled matches the filters.\n"), (exit, output, error));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_quarantine_is_listed_shown_retried_and_emptied()
    {
        await using var host = await RunningHost.StartAsync();
        for (var n = 0; n < 3; n++)
        {
            using var answer = await host.NotifyAsync(n < 2 ? "media" : "video", $$"""{"no": "job {{n}} \u202e"}""");
        }

        var (exit, output, error) = await CommandRun.RunAsync(host, "quarantine", "list", "--source", "media");
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.All(output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        var keys = Regex.Matches(output, @"(?m)^\d{8}T\S+").Select(match => match.Value).ToList();
        Assert.Equal(2, keys.Count);
        (_, output, _) = await CommandRun.RunAsync(host, "quarantine", "list", "--json");
        Assert.Equal(3, output.TrimEnd().Split('\n').Length);

        (exit, output, _) = await CommandRun.RunAsync(host, "quarantine", "show", keys[0]);
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("why", output, StringComparison.Ordinal);
        Assert.Contains("\"no\": \"job 1", output, StringComparison.Ordinal);
        (exit, _, error) = await CommandRun.RunAsync(host, "quarantine", "show", "nosuch");
        Assert.Equal((ExitCodes.Failed, "No notification with the key 'nosuch' is in quarantine."), (exit, error.TrimEnd()));

        (exit, output, error) = await CommandRun.RunAsync(host, "quarantine", "retry", keys[0], "nosuch");
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.StartsWith($"{keys[0]}  quarantined", output, StringComparison.Ordinal);
        Assert.Contains("nosuch: no notification with this key", error, StringComparison.Ordinal);

        (exit, output, error) = await CommandRun.RunAsync(host, "quarantine", "retry", "--all");
        Assert.Equal((ExitCodes.Refused, "", "3 notifications will be retried.\nNothing was changed. Nobody can confirm here; give --yes to continue.\n"), (exit, output, error));
        (exit, output, _) = await CommandRun.RunAsync(host, "quarantine", "retry", "--all", "--yes");
        Assert.Equal((ExitCodes.Failed, "0 left the quarantine, 3 stay. 'quarantine list' shows why.\n"), (exit, output));

        (exit, output, _) = await CommandRun.RunAsync(host, "quarantine", "delete", keys[0], "--json");
        Assert.Equal((ExitCodes.Ok, $"[\"{keys[0]}\"]\n"), (exit, output));
        (exit, output, error) = await CommandRun.RunAsync(host, "quarantine", "delete", keys[0]);
        Assert.Equal((ExitCodes.Failed, "", $"{keys[0]}: no notification with this key is in quarantine.\n"), (exit, output, error));
        using (await host.NotifyAsync("media", """{"no": "job 3"}"""))
            (_, output, _) = await CommandRun.RunAsync(host, "quarantine", "list", "--source", "media", "--top", "1");
        (exit, output, error) = await CommandRun.RunAsync(host, "quarantine", "delete", "nosuch", output.Split('\n')[0]);
        Assert.Equal((ExitCodes.Failed, "1 deleted.\n", "nosuch: no notification with this key is in quarantine.\n"), (exit, output, error));
        (exit, _, error) = await CommandRun.RunAsync(host, "quarantine", "delete", "--all", "--source", "media");
        Assert.Equal((ExitCodes.Refused, "1 notification will be deleted.\nNothing was changed. Nobody can confirm here; give --yes to continue.\n"), (exit, error));
        (exit, output, _) = await CommandRun.RunAsync(host, "quarantine", "delete", "--all", "--yes");
        Assert.Equal((ExitCodes.Ok, "2 deleted.\n"), (exit, output));
        (_, output, error) = await CommandRun.RunAsync(host, "quarantine", "list");
        Assert.Equal(("", "The quarantine is empty.\n"), (output, error));
    }

    /// <summary>An upload policy whose variable is misspelled, as a reader of the quarantine and of the doctor's findings sees it.</summary>
    [Fact(Timeout = 120_000)]
    public async Task An_upload_callback_whose_variable_was_not_replaced_is_named_as_such()
    {
        await using var host = await RunningHost.StartAsync();
        using (var answer = await host.PostAsync($"/api/uploads/media/{RunningHost.Token}", "persistentId=%24(persistentID)&key=a.mp4"u8.ToArray(), "application/x-www-form-urlencoded"))
            Assert.Equal(200, (int)answer.StatusCode);
        const string Reason = "the field 'persistentId' has a variable that Qiniu did not replace: check how callbackBody spells $(persistentId), and UploadCallback:IdField";

        var (_, listed, _) = await CommandRun.RunAsync(host, "quarantine", "list");
        var key = listed.Split('\n')[0];
        var (_, shown, _) = await CommandRun.RunAsync(host, "quarantine", "show", key);
        var (_, retried, _) = await CommandRun.RunAsync(host, "quarantine", "retry", key);
        var (_, examined, _) = await CommandRun.RunAsync(host, "doctor", "--json");

        foreach (var output in (string[])[listed, shown, retried])
            Assert.Contains($"An upload callback: {Reason}", Regex.Replace(output, @"\s+", " "), StringComparison.Ordinal);
        var finding = JsonDocument.Parse(examined).RootElement.GetProperty("findings").EnumerateArray()
            .Select(one => one.GetProperty("what").GetString()!).Single(what => what.Contains("cannot be understood", StringComparison.Ordinal));
        Assert.StartsWith($"Upload callbacks are quarantined because they cannot be understood ({Reason}).", finding, StringComparison.Ordinal);
        Assert.Contains("Check the callbackBody of the upload policy and FopWatch:Sources:media:UploadCallback:IdField", finding, StringComparison.Ordinal);
        Assert.DoesNotContain("Provider", finding, StringComparison.Ordinal);
    }

    /// <summary>A failed and an open job of <c>media</c>, and an open job of <c>video</c>.</summary>
    private static async Task<RunningHost> HostAsync()
    {
        var host = await RunningHost.StartAsync();
        foreach (var body in (string[])
        [
            """{"source":"media","id":"z0.1"}""", """{"source":"media","id":"z0.2","metadata":{"lesson":"7"}}""", """{"source":"video","id":"v1"}""",
        ])
        {
            using var answer = await host.PostAsync("/api/jobs", body);
            Assert.Equal(202, (int)answer.StatusCode);

            // Jobs are listed newest first, so the registrations must have different times.
            await Task.Delay(5, Cancelled);
        }

        using var notified = await host.NotifyAsync(
            "media", """{"id":"z0.1","code":3,"desc":"","inputBucket":"b","inputKey":"in.mp4","items":[{"cmd":"avthumb/mp4","code":3,"desc":"","error":"not a valid media"}]}""");
        return host;
    }

    private static string Joined(string shown) => Regex.Replace(shown, @"\n {10,}", " ");
}
