using FopWatch.Contracts;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Client.Tests;

/// <summary>Every method, against a real embedded host.</summary>
public sealed class HostTests
{
    private const string Failed = """{"id":"z0.1","code":3,"desc":"","inputBucket":"b","inputKey":"lessons/in.mp4","items":[{"cmd":"avthumb/mp4","code":3,"desc":"","error":"not a valid media"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_job_is_registered_awaited_read_listed_and_acted_on()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = ClientOf(host);

        var registered = await client.RegisterAsync(
            new() { Source = "media", Id = "z0.1", Metadata = new Dictionary<string, string> { ["lesson"] = "42" }, FirstPollAfter = TimeSpan.FromHours(1) }, Cancelled);
        Assert.Equal(("media", "z0.1", JobState.Waiting, "/api/jobs/media/z0.1"), (registered.Source, registered.Id, registered.State, registered.Href));
        Assert.Equal(host.Host.Url.AbsoluteUri.TrimEnd('/') + registered.Href, client.UrlOf("media", "z0.1").AbsoluteUri);

        var open = (await client.GetAsync("media", "z0.1", Cancelled))!;
        Assert.Equal((false, WatchStatus.Watching, "first", "registered"), (open.Settled, open.Watch, open.NextPollReason, Assert.Single(open.Timeline!).What));
        Assert.InRange(open.NextPollAt!.Value - open.RegisteredAt, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        Assert.Null(await client.GetAsync("media", "z0.none", Cancelled));
        Assert.Equal(404, (await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.WaitAsync("media", "z0.none", Cancelled))).Problem.Status);
        Assert.Equal(409, (await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.RepublishAsync("media", "z0.1", Cancelled))).Problem.Status);

        var waiting = client.WaitAsync("media", "z0.1", Cancelled);
        Assert.False(waiting.IsCompleted);
        using (await host.NotifyAsync("media", Failed))
        {
        }

        var settled = await waiting;
        Assert.Equal((JobState.Failed, "not a valid media", "42"), (settled.State, Assert.Single(settled.Items).Error, settled.Metadata!["lesson"]));
        var body = (await client.BodyAsync("media", "z0.1", Cancelled))!;
        Assert.Equal((true, 0), (body.Final, body.Redacted));
        Assert.Contains("not a valid media", body.Body, StringComparison.Ordinal);
        Assert.Null(await client.BodyAsync("media", "z0.none", Cancelled));
        Assert.Equal(settled.Version + 1, (await client.RepublishAsync("media", "z0.1", Cancelled)).Version);
        Assert.StartsWith("not asked", (await client.PollAsync("media", "z0.1", Cancelled)).Answer, StringComparison.Ordinal);
        Assert.Equal(WatchStatus.Done, (await client.StopAsync("media", "z0.1", Cancelled)).Watch);
    }

    [Fact(Timeout = 120_000)]
    public async Task Each_filter_selects_and_pages_follow_each_other()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = ClientOf(host);
        var results = await client.RegisterManyAsync(
            [.. Enumerable.Range(0, 250).Select(n => new JobRegistration { Source = n < 240 ? "media" : "video", Id = $"z0.{n}", Metadata = new Dictionary<string, string> { ["n"] = $"{n % 10}" } })],
            Cancelled);
        using (await host.NotifyAsync("media", Failed))
        {
        }

        Assert.All(results, result => Assert.True(result.IsRegistered));
        Assert.Equal(250, (await AllAsync(null)).Distinct().Count());
        Assert.Equal(10, (await AllAsync(new() { Source = "video" })).Count);
        Assert.Equal(["z0.1"], await AllAsync(new() { States = [JobState.Failed, JobState.Succeeded] }));
        Assert.Equal(["z0.1"], await AllAsync(new() { Watches = [WatchStatus.Done], Bucket = "b", KeyPrefix = "lessons/" }));
        Assert.Equal(24, (await AllAsync(new() { Source = "media", Metadata = new Dictionary<string, string> { ["n"] = "3" } })).Count);
        Assert.Equal(11, (await AllAsync(new() { IdPrefix = "z0.23" })).Count);
        Assert.Empty(await AllAsync(new() { Until = DateTimeOffset.UtcNow.AddDays(-1) }));
        Assert.Equal(250, (await AllAsync(new() { Since = DateTimeOffset.UtcNow.AddDays(-1), Overdue = false })).Count);
        Assert.Empty(await AllAsync(new() { Overdue = true }));
        var one = (await client.GetAsync("media", "z0.7", Cancelled))!;
        Assert.Equal(["z0.7"], await AllAsync(new() { Ref = one.Ref }));
        var count = await client.CountAsync(new() { Source = "media" }, Cancelled);
        Assert.Equal((240, false), (count.Count, count.AtLeast));
        var page = await client.ListPageAsync(new() { Source = "video" }, top: 4, cancellationToken: Cancelled);
        Assert.Equal(4, page.Jobs.Count);
        Assert.Equal(6, (await client.ListPageAsync(new() { Source = "video" }, 100, page.Continuation, Cancelled)).Jobs.Count);
        await Assert.ThrowsAsync<ArgumentException>(() => client.CountAsync(new() { Source = "" }, Cancelled));

        async Task<List<string>> AllAsync(JobFilter? filter)
        {
            var ids = new List<string>();
            await foreach (var job in client.ListAsync(filter, Cancelled))
                ids.Add(job.Id);
            return ids;
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Invalid_registrations_do_not_prevent_others()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = ClientOf(host);
        List<JobRegistration> jobs = [.. Enumerable.Range(0, 2300).Select(n => new JobRegistration { Source = "media", Id = $"z0.{n}" })];
        for (var wrong = 100; wrong < 1300; wrong += 4)
            jobs[wrong] = jobs[wrong] with { Id = $"not an id {wrong}" };
        jobs[1500] = jobs[1500] with { Source = "nosuch" };
        jobs[2200] = jobs[2200] with { Metadata = new Dictionary<string, string> { ["n"] = new('x', 5000) } };

        var results = await client.RegisterManyAsync(jobs, Cancelled);

        Assert.Equal(jobs, results.Select(result => result.Registration));
        Assert.Equal(302, results.Count(result => !result.IsRegistered));
        Assert.All(results.Where(result => result.Registration.Id.StartsWith("not", StringComparison.Ordinal)), result => Assert.Equal("/id", Assert.Single(result.Errors).Element));
        Assert.Equal("/source", Assert.Single(results[1500].Errors).Element);
        Assert.Equal("/metadata", Assert.Single(results[2200].Errors).Element);
        Assert.Equal(1998, (await client.CountAsync(cancellationToken: Cancelled)).Count);
        Assert.All(results.Where(result => result.IsRegistered), result => Assert.Equal(result.Registration.Id, result.Job!.Id));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_bulk_request_acts_once_its_count_is_confirmed()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = ClientOf(host);
        await client.RegisterManyAsync([.. Enumerable.Range(0, 12).Select(n => new JobRegistration { Source = "media", Id = $"z0.{n}" })], Cancelled);
        var filter = new JobFilter { Source = "media", IdPrefix = "z0.1" };

        var counted = await client.CountBulkAsync(BulkAction.Stop, filter, Cancelled);
        Assert.Equal(("stop", 3, "3", (int?)null), (counted.Action, counted.Count, counted.Confirm, counted.Done));
        var differs = await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.RunBulkAsync(BulkAction.Stop, filter, "4", null, Cancelled));
        Assert.Equal((409, "urn:fopwatch:problem:count-differs"), (differs.Problem.Status, differs.Problem.Type));
        Assert.Equal(0, (await client.CountAsync(new() { Watches = [WatchStatus.Stopped] }, Cancelled)).Count);

        var told = new List<BulkAnswer>();
        var done = await client.RunBulkAsync(BulkAction.Stop, filter, counted.Confirm!, new Told(told), Cancelled);

        Assert.Equal((3, 0, null), (done.Done, done.Failed, done.Continuation));
        Assert.Equal([done], told);
        Assert.Equal(3, (await client.CountAsync(new() { Watches = [WatchStatus.Stopped] }, Cancelled)).Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_quarantine_is_listed_read_retried_and_emptied()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = ClientOf(host);
        for (var n = 0; n < 45; n++)
        {
            using var answer = await host.NotifyAsync(n < 40 ? "media" : "video", $$"""{"no": "job {{n}}"}""");
        }

        var all = new List<QuarantinedNotification>();
        await foreach (var kept in client.ListQuarantineAsync("media", Cancelled))
            all.Add(kept);
        Assert.Equal(40, all.Count);
        Assert.Equal(5, (await client.ListQuarantinePageAsync("video", cancellationToken: Cancelled)).Notifications.Count);

        var read = (await client.GetQuarantinedAsync(all[0].Key, Cancelled))!;
        Assert.Equal((all[0].Reason, all[0].Body), (read.Reason, read.Body));
        Assert.Equal("quarantined", (await client.RetryQuarantinedAsync(read.Key, Cancelled))!.Result);
        await client.DeleteQuarantinedAsync(read.Key, Cancelled);
        await client.DeleteQuarantinedAsync(read.Key, Cancelled);
        Assert.Null(await client.GetQuarantinedAsync(read.Key, Cancelled));
        Assert.Null(await client.RetryQuarantinedAsync(read.Key, Cancelled));

        var counted = await client.CountQuarantineRetryAsync(cancellationToken: Cancelled);
        Assert.Equal(44, counted.Count);
        var retried = await client.RunQuarantineRetryAsync(null, counted.Confirm!, null, Cancelled);
        Assert.Equal((0, 44, 44), (retried.Done, retried.Failed, retried.Notifications!.Count));

        var deleted = await client.CountQuarantineDeleteAsync("media", Cancelled);
        Assert.Equal(("delete", 39), (deleted.Action, deleted.Count));
        Assert.Equal(39, (await client.RunQuarantineDeleteAsync("media", deleted.Confirm!, null, Cancelled)).Done);
        Assert.Equal(5, (await client.ListQuarantinePageAsync(top: 100, cancellationToken: Cancelled)).Notifications.Count);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_status_the_plans_and_the_callers_rights_are_read()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "an-api-key-of-16");
        using var client = ClientOf(host, options => options.ApiKey = "an-api-key-of-16");
        using (await host.NotifyAsync("media", Failed))
        {
        }

        var me = await client.MeAsync(Cancelled);
        Assert.Equal((KeyRights.Write, HostKind.Embedded, "/events", null, null), (me.Rights, me.Host, me.Events, me.Name, me.Sources));
        var overview = await client.OverviewAsync(hours: 3, cancellationToken: Cancelled);
        Assert.Equal((3, 3), (overview.Hours, overview.Sources.Count));
        Assert.Equal(["media"], (await client.OverviewAsync("media", cancellationToken: Cancelled)).Sources.Select(source => source.Name));
        Assert.Equal(["files", "media", "video"], (await client.PlanAsync(cancellationToken: Cancelled)).Sources.Select(source => source.Name));
        var refused = await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.PlanAsync("nobody", Cancelled));
        Assert.Contains("source: 'nobody' is not the name of a configured source; the sources are files, media, video.", refused.Message, StringComparison.Ordinal);

        var examined = await client.ExamineAsync(Cancelled);
        Assert.Contains(examined.Findings, finding => (finding.Check, finding.Level) == ("database", "pass"));

        using var stranger = ClientOf(host, options => options.ApiKey = "another-key-of-16");
        Assert.Equal(401, (await Assert.ThrowsAsync<FopWatchRefusedException>(() => stranger.MeAsync(Cancelled))).Problem.Status);
        await using var events = stranger.EventsAsync(cancellationToken: Cancelled).GetAsyncEnumerator(Cancelled);
        Assert.Equal(401, (await Assert.ThrowsAsync<FopWatchRefusedException>(async () => await events.MoveNextAsync())).Problem.Status);
    }

    internal static FopWatchClient ClientOf(RunningHost host, Action<FopWatchClientOptions>? configure = null)
    {
        var options = new FopWatchClientOptions { Url = host.Host.Url };
        configure?.Invoke(options);
        return new(options);
    }

    private sealed class Told(List<BulkAnswer> answers) : IProgress<BulkAnswer>
    {
        public void Report(BulkAnswer value) => answers.Add(value);
    }
}
