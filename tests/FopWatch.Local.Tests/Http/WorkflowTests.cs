using System.Net;
using FopWatch.Contracts;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.Http;

/// <summary>Workflows V3 at the running host, with and without a key for querying them.</summary>
public class WorkflowTests
{
    private const string Id = "z0.01z001ce0ixqk6h1ku00rw2xv2000bbb";
    private const string Payload = "qiniu-notify-workflow-v3-unsigned-2024.json";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unsigned_notification_settles_its_job_through_the_workflow_status_API(bool isRegistered)
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(Settings(api, withKeys: true));
        var body = SharedPayloads.Read(Payload);
        api.Workflows[Id] = (200, body);
        if (isRegistered)
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{Id}}"}""");

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", body)).StatusCode);

        var job = await host.JobAsync("media", Id, "?wait=20");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, "wf-in", "a.mp4"), (job.State, job.SettledBy, job.Bucket, job.Key));
        var output = Assert.Single(Assert.Single(job.Items).Outputs);
        Assert.Equal(("wf-out", "a-1m.mp4", "FuYTrVLG2sQd3Tic6cRWB6y3l7y6"), (output.Bucket, output.Key, output.Hash));
        Assert.Empty(api.AskedIds);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.DoesNotContain(Id, host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_notification_of_an_unidentified_workflow_is_compensated_by_both_queries()
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(Settings(api, withKeys: true));
        api.Workflows[Id] = (200, SharedPayloads.Read(Payload));

        await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{Id}}","firstPollAfter":0}""");

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", Id, "?wait=20")).State);
        Assert.Equal([Id], api.AskedIds);
        Assert.Equal([Id], api.AskedForWorkflows.Select(asked => asked.Id));
    }

    [Fact]
    public async Task Without_keys_a_registered_workflow_waits_and_the_log_says_once_that_keys_are_needed()
    {
        await using var api = await StatusStub.StartAsync();
        var clock = new ManualTimeProvider(Sample.Start);
        await using var host = await RunningHost.StartAsync(Settings(api, withKeys: false), time: clock);
        await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{Id}}"}""");

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", SharedPayloads.Read(Payload))).StatusCode);
        for (var i = 0; i < 6; i++)
            await PollAfterAsync(TimeSpan.FromMinutes(10), host, clock);

        var job = await host.JobAsync("media", Id);
        Assert.Equal(JobState.Waiting, job.State);
        Assert.True(job.Polls >= 6);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Single(host.Log.ToString().Split('\n'), line => line.Contains("with a valid key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, true, "Keys")]
    [InlineData(true, false, "WorkflowEndpoint")]
    public async Task An_unregistered_workflow_is_quarantined_and_settles_once_the_missing_setting_is_added(
        bool withKeys, bool withEndpoint, string missing)
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(Settings(api, withKeys, withEndpoint));
        var body = SharedPayloads.Read(Payload);
        api.Workflows[Id] = (200, body);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", body)).StatusCode);
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Contains(missing, kept.Reason, StringComparison.Ordinal);
        Assert.Equal(body, await host.Http.GetByteArrayAsync(kept.BodyHref, TestContext.Current.CancellationToken));
        await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        Assert.Single((await host.QuarantineAsync()).Notifications);

        await host.StopAsync();
        await host.RestartAsync(settings: Settings(api, withKeys: true));
        await host.PostAsync($"/api/quarantine/{kept.Key}/retry");

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", Id, "?wait=30")).State);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task While_the_API_refuses_every_key_an_unregistered_workflow_is_watched_until_a_key_is_valid()
    {
        await using var api = await StatusStub.StartAsync();
        var clock = new ManualTimeProvider(Sample.Start);
        await using var host = await RunningHost.StartAsync(Settings(api, withKeys: true), time: clock);
        var body = SharedPayloads.Read(Payload);
        api.Workflows[Id] = (401, "{}"u8.ToArray());

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", body)).StatusCode);
        for (var i = 0; i < 6; i++)
            await PollAfterAsync(TimeSpan.FromMinutes(10), host, clock);

        Assert.Equal(JobState.Waiting, (await host.JobAsync("media", Id)).State);

        api.Workflows[Id] = (200, body);
        await PollAfterAsync(TimeSpan.FromMinutes(20), host, clock);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", Id)).State);
    }

    private static async Task PollAfterAsync(TimeSpan time, RunningHost host, ManualTimeProvider clock)
    {
        clock.Advance(time);

        // The watch polls too, and each of them may have to wait for the other by this clock.
        var polling = host.PostAsync($"/api/jobs/media/{Id}/poll");
        while (!polling.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        await polling;
    }

    private static Dictionary<string, string?> Settings(StatusStub api, bool withKeys, bool withEndpoint = true)
    {
        var settings = RunningHost.TokenSources(api.Endpoint);
        settings["Sources:media:Trust"] = "Signature";
        if (withEndpoint)
            settings["Sources:media:WorkflowEndpoint"] = api.Endpoint.AbsoluteUri;
        if (withKeys)
            settings["Sources:media:Keys:ak-1"] = "sk-1";
        return settings;
    }
}
