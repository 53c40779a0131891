using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host finds jobs and acts on all that it found.</summary>
public abstract class BulkContract : HostContract
{
    [Fact]
    public async Task Jobs_are_found_and_counted_by_every_filter()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 6; i++)
            await host.PostAsync("/api/jobs", $$$"""{"source":"media","id":"z{{{i % 2}}}.{{{i}}}","metadata":{"course":"c{{{i % 3}}}","a.b":"x=y&z"}}""");
        await host.PostAsync("/api/jobs", """{"source":"files","id":"z0.f"}""");
        await host.NotifyAsync("media", """{"id":"z1.1","code":0,"desc":"ok","inputBucket":"b","inputKey":"课/1 +&.mp4","items":[{"cmd":"avthumb/mp4","code":0,"key":"a.mp4"}]}""");
        await host.NotifyAsync("media", """{"id":"z1.5","code":3,"desc":"no","inputBucket":"b","inputKey":"课/2.mp4","items":[{"cmd":"avthumb/mp4","code":3,"error":"no"}]}""");
        await host.Http.DeleteAsync("/api/jobs/media/z0.2", Cancelled);
        var at = Uri.EscapeDataString((await host.JobAsync("media", "z1.3")).RegisteredAt.UtcDateTime.ToString("O"));

        await AssertFoundAsync("?id=z0.", "z0.f", "z0.4", "z0.2", "z0.0");
        await AssertFoundAsync("?id=z0.&source=media", "z0.4", "z0.2", "z0.0");
        await AssertFoundAsync("?key=" + Uri.EscapeDataString("课/"), "z1.5", "z1.1");
        await AssertFoundAsync("?key=" + Uri.EscapeDataString("课/1 +&"), "z1.1");
        await AssertFoundAsync("?bucket=b&state=failed", "z1.5");
        await AssertFoundAsync("?metadata.course=c1", "z0.4", "z1.1");
        await AssertFoundAsync("?metadata.course=c1&metadata.a.b=" + Uri.EscapeDataString("x=y&z"), "z0.4", "z1.1");
        await AssertFoundAsync("?metadata.course=c");
        await AssertFoundAsync("?state=failed,succeeded", "z1.5", "z1.1");
        await AssertFoundAsync("?watch=stopped,done", "z1.5", "z0.2", "z1.1");
        await AssertFoundAsync($"?since={at}&source=media", "z1.5", "z0.4", "z1.3");
        await AssertFoundAsync($"?until={at}", "z0.2", "z1.1", "z0.0");
        var reference = (await host.JobAsync("media", "z1.1")).Ref;
        await AssertFoundAsync($"?ref={reference}&id=z1.", "z1.1");
        await AssertFoundAsync($"?ref={reference}&id=z0.");

        async Task AssertFoundAsync(string query, params string[] ids)
        {
            Assert.Equal(ids, (await host.ListAsync(query)).Jobs.Select(job => job.Id));
            var counted = await host.Http.GetStringAsync($"/api/jobs/count{query}", Cancelled);
            Assert.Equal($$"""{"count":{{ids.Length}},"atLeast":false}""", counted);
        }
    }

    [Theory]
    [InlineData("state=failed,nothing", "state")]
    [InlineData("state=failed,", "state")]
    [InlineData("watch=done;stopped", "watch")]
    [InlineData("until=yesterday", "until")]
    [InlineData("id=a%20b", "id")]
    [InlineData("metadata.=x", "metadata.")]
    [InlineData("metadata.lesson=", "metadata.lesson")]
    [InlineData("metadata.lesson=1&metadata.lesson=2", "metadata.lesson")]
    [InlineData("Metadata.lesson=1", "Metadata.lesson")]
    [InlineData("bucket=", "bucket")]
    [InlineData("metadata.1=a&metadata.2=a&metadata.3=a&metadata.4=a&metadata.5=a&metadata.6=a&metadata.7=a&metadata.8=a&metadata.9=a", "metadata.")]
    public async Task A_wrong_filter_is_refused_wherever_there_are_filters(string query, string parameter)
    {
        await using var host = await StartAsync();
        foreach (var (method, path) in ((string, string)[])[("GET", ""), ("GET", "/count"), ("POST", "/poll"), ("POST", "/republish"), ("POST", "/stop")])
        {
            using var request = new HttpRequestMessage(new(method), $"/api/jobs{path}?{query}");
            using var answer = await host.Http.SendAsync(request, Cancelled);
            Assert.Equal((path, HttpStatusCode.BadRequest), (path, answer.StatusCode));
            Assert.Equal(parameter, (await ServedHost.ProblemAsync(answer)).Errors![0].Element);
        }
    }

    [Fact]
    public async Task A_bulk_request_does_nothing_before_its_count_is_confirmed()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"z0.a"},{"source":"media","id":"z0.b"}]""");

        var asked = await host.Http.BulkAsync("/api/jobs/stop?source=media");
        Assert.Equal((BulkWord.Stop, 2, "2"), (asked.Action, asked.Count, asked.Confirm));
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.c"}""");
        foreach (var confirm in (string[])["2", "0", "03", "x", "-1", "0%2B", "2%2B", "3%2B", "3%2B%2B"])
        {
            using var refused = await host.PostAsync($"/api/jobs/stop?source=media&confirm={confirm}");
            Assert.Equal((confirm, HttpStatusCode.Conflict), (confirm, refused.StatusCode));
            var problem = await ServedHost.ProblemAsync(refused);
            Assert.Equal(("urn:fopwatch:problem:count-differs", "The count is now 3."), (problem.Type, Assert.Single(problem.Errors!).Detail));
        }

        using var all = await host.PostAsync("/api/jobs/stop");
        Assert.Equal(HttpStatusCode.BadRequest, all.StatusCode);
        using var foreign = await host.PostAsync("/api/jobs/stop?source=media&continuation=e30");
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        Assert.All((await host.ListAsync()).Jobs, job => Assert.Equal(WatchStatus.Watching, job.Watch));
    }

    [Fact]
    public async Task Exactly_the_jobs_that_match_the_filters_are_stopped()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 120; i++)
            await host.PostAsync("/api/jobs", $$$"""{"source":"media","id":"z0.{{{i}}}","metadata":{"course":"c{{{i % 2}}}"}}""");

        var stopped = await host.Http.ConfirmedAsync("/api/jobs/stop?metadata.course=c1");

        Assert.Equal((60, 60, 0), (stopped.Count, stopped.Done, stopped.Failed));
        Assert.Equal(60, (await host.ListAsync("?watch=stopped&metadata.course=c1&top=1000")).Jobs.Count);
        Assert.Equal(60, (await host.ListAsync("?watch=watching&top=1000")).Jobs.Count);
        Assert.Equal("0", (await host.Http.BulkAsync("/api/jobs/stop?metadata.course=c1")).Confirm);
        Assert.Equal("0", (await host.Http.BulkAsync("/api/jobs/stop?watch=stopped")).Confirm);
    }

    [Fact]
    public async Task Jobs_and_notifications_that_arrive_after_the_count_are_not_affected()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 120; i++)
        {
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}"}""");
            await host.NotifyAsync("files", $"garbage {i}");
        }

        // The same requests, as if confirmed when half of the jobs and notifications had arrived.
        var registered = (await host.JobAsync("media", "z0.60")).RegisteredAt;

        // Notifications that arrive within one millisecond are listed in any order.
        var arrived = (await host.Http.GetFromJsonAsync("/api/quarantine?source=files&top=70", ApiJson.Default.QuarantineList, Cancelled))!
            .Notifications.Select(kept => kept.ReceivedAt).OrderDescending().ElementAt(59);
        var stopped = await ContinueAsync(HttpMethod.Post, "/api/jobs/stop", "source=media", registered);
        var deleted = await ContinueAsync(HttpMethod.Delete, "/api/quarantine", "source=files", arrived);

        Assert.Equal((61, 0), (stopped.Done, stopped.Failed));
        Assert.Equal(59, (await host.ListAsync("?watch=watching&source=media&top=1000")).Jobs.Count);
        Assert.Equal((61, 0), (deleted.Done, deleted.Failed));
        Assert.Equal("59", (await ContinueAsync(HttpMethod.Delete, "/api/quarantine", "source=files", null)).Confirm);

        async Task<BulkAnswer> ContinueAsync(HttpMethod method, string path, string query, DateTimeOffset? countedAt)
        {
            var of = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{path}\n{query}")).AsSpan(0, 8));
            var place = JsonSerializer.SerializeToUtf8Bytes(new { Of = of, Count = 61, CountedAt = countedAt, Progress = new { Done = 0, Failed = 0, NextPolls = new { } } });
            using var request = new HttpRequestMessage(method, $"{path}?{query}{(countedAt is null ? "" : $"&continuation={Base64Url.EncodeToString(place)}")}");
            using var answer = await host.Http.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, Cancelled))!;
        }
    }

    [Theory]
    [InlineData("""{"Of":"OF","Progress":{"NextPolls":null}}""")]
    [InlineData("""{"Of":"OF","CountedAt":"9999-12-31T23:59:59.9999999Z","Progress":{"NextPolls":{}}}""")]
    public async Task A_continuation_that_somebody_else_made_is_answered_400(string made)
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var of = Convert.ToHexStringLower(SHA256.HashData("/api/jobs/stop\nsource=media"u8).AsSpan(0, 8));
        var continuation = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(made.Replace("OF", of, StringComparison.Ordinal)));
        using var answer = await host.PostAsync($"/api/jobs/stop?source=media&continuation={continuation}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(WatchStatus.Watching, (await host.JobAsync("media", "z0.a")).Watch);
    }

    [Fact]
    public async Task Metadata_names_that_differ_only_in_case_are_two_filters()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.both","metadata":{"course":"b","Course":"a"}}""");
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.lower","metadata":{"course":"b"}}""");

        foreach (var (query, ids) in ((string, string[])[])
        [
            ("?metadata.course=b&metadata.Course=a", ["z0.both"]),
            ("?metadata.Course=a&metadata.course=b", ["z0.both"]),
            ("?metadata.course=b", ["z0.lower", "z0.both"]),
            ("?metadata.Course=b", []),
        ])
        {
            Assert.Equal(ids, (await host.ListAsync(query)).Jobs.Select(job => job.Id));
            Assert.Equal(ids.Length, (await host.Http.BulkAsync($"/api/jobs/stop{query}")).Count);
        }
    }

    [Fact]
    public async Task The_progress_of_a_retry_counts_what_stays_in_quarantine_over_all_pages()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 130; i++)
            await host.NotifyAsync("media", $"garbage {i}");

        var retried = await host.Http.ConfirmedAsync("/api/quarantine/retry?source=media");

        Assert.Equal((BulkWord.Retry, 130, 0, 130), (retried.Action, retried.Count, retried.Done, retried.Failed));
        Assert.Equal(130, retried.Notifications!.DistinctBy(one => one.Key).Count());
        Assert.All(retried.Notifications!, one => Assert.NotNull(one.Reason));
    }

    [Fact]
    public async Task Outcomes_are_republished_for_settled_jobs_only()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.open"}""");
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));
        var before = (await host.JobAsync("media", "z0.a")).Version;

        var republished = await host.Http.ConfirmedAsync("/api/jobs/republish?source=media");

        Assert.Equal((2, 2, 0), (republished.Count, republished.Done, republished.Failed));
        Assert.Equal(before + 1, (await host.JobAsync("media", "z0.a")).Version);
        Assert.Equal(1, (await host.JobAsync("media", "z0.open")).Version);
        var reference = (await host.JobAsync("media", "z0.b")).Ref;
        Assert.Equal(1, (await host.Http.ConfirmedAsync($"/api/jobs/republish?ref={reference}")).Done);
        Assert.Equal((before + 1, before + 2), ((await host.JobAsync("media", "z0.a")).Version, (await host.JobAsync("media", "z0.b")).Version));
    }

    [Fact]
    public async Task Polls_are_brought_forward_at_half_the_rate_of_their_source()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"z0.stopped"},{"source":"media","id":"z0.done"}]""");
        await host.Http.DeleteAsync("/api/jobs/media/z0.stopped", Cancelled);
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.done", StringComparison.Ordinal));
        for (var i = 0; i < 40; i++)
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}","firstPollAfter":3600}""");

        var before = DateTimeOffset.UtcNow;
        var polled = await host.Http.ConfirmedAsync("/api/jobs/poll?source=media");
        var after = DateTimeOffset.UtcNow;

        Assert.Equal((40, 40, 0), (polled.Count, polled.Done, polled.Failed));
        var jobs = (await host.ListAsync("?source=media&top=1000")).Jobs;
        Assert.Equal(WatchStatus.Stopped, jobs.Single(job => job.Id == "z0.stopped").Watch);
        Assert.Equal(JobState.Succeeded, jobs.Single(job => job.Id == "z0.done").State);

        // 10 polls a second are allowed. The first ones may already have been made.
        var due = jobs.Where(job => job.Id is not ("z0.stopped" or "z0.done") && job.LastPoll is null).Select(job => job.NextPollAt!.Value).Order().ToList();
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, 0.19, 8));
        Assert.All(due, at => Assert.InRange(at, before, after.AddSeconds(8)));
    }
}
