using System.Diagnostics;
using System.Net;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host answers registering, stopping and republishing jobs.</summary>
public abstract class ActingContract : HostContract
{
    [Fact]
    public async Task Registrations_of_one_job_in_an_array_are_applied_in_order()
    {
        await using var host = await StartAsync();

        // Enough of them for a parallel application to change their order.
        var registrations = Enumerable.Range(0, 200).Select(i => $$$"""{"source":"media","id":"z0.{{{i % 4}}}","metadata":{"last":"{{{i}}}","at{{{i}}}":""}}""");
        using var answer = await host.PostAsync("/api/jobs", $"[{string.Join(',', registrations)}]");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        for (var id = 0; id < 4; id++)
        {
            var job = await host.JobAsync("media", $"z0.{id}");
            Assert.Equal(($"{196 + id}", 51, 50), (job.Metadata!["last"], job.Metadata.Count, job.Version));
        }
    }

    [Fact]
    public async Task Registering_a_stopped_job_again_keeps_its_poll_count()
    {
        await using var host = await StartAsync();
        host.StatusApi.Answers["z0.a"] = (200, """{"id":"z0.a","code":2,"items":[{"cmd":"avthumb/mp4","code":2}]}"""u8.ToArray());
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        for (var i = 0; i < 3; i++)
            await host.PollAsync("media", "z0.a");

        await host.Http.DeleteAsync("/api/jobs/media/z0.a", Cancelled);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        Assert.Equal(3, (await host.JobAsync("media", "z0.a")).Polls);

        await host.PollAsync("media", "z0.a");
        Assert.Equal(4, (await host.JobAsync("media", "z0.a")).Polls);
    }

    [Fact]
    public async Task Republishing_a_job_named_only_by_untrusted_notifications_is_409_until_it_is_registered()
    {
        await using var host = await StartAsync();

        // Nothing is known of it, and its watch ends after a second.
        await host.NotifyAsync("hasty", """{"id":"z0.unknown","code":0,"items":[]}""");
        var clock = Stopwatch.StartNew();
        while (!(await host.JobAsync("hasty", "z0.unknown")).Settled && clock.Elapsed < TimeSpan.FromSeconds(60))
        {
            await Task.Delay(TimeSpan.FromSeconds(1.1), Cancelled);
            await host.PollAsync("hasty", "z0.unknown");
        }

        var before = await host.JobAsync("hasty", "z0.unknown");
        using var refused = await host.PostAsync("/api/jobs/hasty/z0.unknown/republish");

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var problem = await ServedHost.ProblemAsync(refused);
        Assert.Equal("urn:fopwatch:problem:unconfirmed", problem.Type);
        Assert.Contains("registered", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(before.Version, (await host.JobAsync("hasty", "z0.unknown")).Version);

        // An unsettled job has nothing to publish, whoever named it.
        await host.NotifyAsync("signed", """{"id":"z0.unknown","code":0,"items":[]}""");
        using var open = await host.PostAsync("/api/jobs/signed/z0.unknown/republish");
        Assert.Equal("urn:fopwatch:problem:not-settled", (await ServedHost.ProblemAsync(open)).Type);

        host.StatusApi.Answers["z0.unknown"] = (200, """{"id":"z0.unknown","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}"""u8.ToArray());
        await host.PostAsync("/api/jobs", """{"source":"hasty","id":"z0.unknown"}""");
        await host.PollAsync("hasty", "z0.unknown");
        using var republished = await host.PostAsync("/api/jobs/hasty/z0.unknown/republish");
        Assert.Equal(HttpStatusCode.OK, republished.StatusCode);
    }

    [Fact]
    public async Task A_failed_task_with_a_waiting_item_is_settled_by_its_notification_or_by_the_second_such_poll()
    {
        const string Failed = """{"id":"z0.a","code":3,"items":[{"cmd":"avthumb/mp4","code":3,"error":"no"},{"cmd":"vframe/jpg","code":1,"desc":"waiting"}]}""";
        await using var host = await StartAsync();
        host.StatusApi.Answers["z0.b"] = (200, Encoding.UTF8.GetBytes(Failed.Replace("z0.a", "z0.b", StringComparison.Ordinal)));

        await host.NotifyAsync("media", Failed);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""");
        await host.PollAsync("media", "z0.b");
        Assert.False((await host.JobAsync("media", "z0.b")).Settled);
        await host.PollAsync("media", "z0.b");

        foreach (var id in (string[])["z0.a", "z0.b"])
        {
            var job = await host.JobAsync("media", id);
            Assert.Equal((JobState.Failed, true, WatchStatus.Done), (job.State, job.Settled, job.Watch));
            Assert.Equal([ItemState.Failed, ItemState.Skipped], job.Items.Select(item => item.State));
        }
    }
}
