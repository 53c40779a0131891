using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>The clocks of watches and purges.</summary>
public class WatchClockTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData(-2)]
    [InlineData(2)]
    public async Task A_watch_sleeps_as_long_as_its_job_waits_even_if_the_task_hub_has_another_clock(double hours)
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:00:06"), ("Max", "00:00:06"), ("Factor", "1"));
        host.Time.Shift(TimeSpan.FromHours(hours));
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        var registered = await host.RegisterAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);

        // No further generation, which many steps without a poll would cause.
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 3, 1), (job.State, host.Provider.TimesAsked(Id), host.Generations));
        Assert.InRange(job.UpdatedAt - registered.RegisteredAt, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(40));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_clock_sixty_days_ahead_during_a_purge_deletes_and_gives_up_no_job()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        host.Provider.Answer = (id, _) => (200, StatusStub.Processing(id));
        await host.RegisterAsync("over");
        await host.NotifyAsync("over");
        await host.RegisterAsync("open");
        await host.PurgeAsync();
        host.Time.Shift(SecondLook.After);
        await host.PurgeAsync();
        await host.Outbox.RemoveAsync(await host.Outbox.PendingAsync(10, Cancelled), Cancelled);

        await host.WithClockAheadAsync(TimeSpan.FromDays(60), async () =>
        {
            await host.PurgeAsync();
            await host.Poller.PollNowAsync(new(WatchHost.SourceName, "open"), Cancelled);
        });
        await host.PurgeAsync();

        Assert.NotNull(await host.FindAsync("over"));
        var open = await host.JobAsync("open");
        Assert.Equal((JobState.Processing, 1, WatchStatus.Watching), (open.State, open.Watch.Polls, open.WatchStatus));
        Assert.Equal(1, await host.Services.GetRequiredService<ClockSkewRepair>().BringForwardAsync(Cancelled));
        Assert.InRange((await host.JobAsync("open")).Watch.DueAt!.Value - host.Time.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromMinutes(11));
    }

    [Fact(Timeout = 120_000)]
    public async Task Only_data_whose_time_has_come_is_purged()
    {
        // The in-process host cannot purge.
        await using var storage = await Azurite.StartAllAsync();
        await using var host = await WatchHost.StartAsync(
            await azurite.StartedAsync(),
            TestTime.Real(),
            (tasks, cancelled) => StorageHub.StartAsync(storage.ConnectionString, tasks, cancelled),
            ("First", "01:00:00"),
            ("Max", "02:00:00"));
        host.Provider.Answer = (id, _) => (200, id == "open" ? StatusStub.Processing(id) : StatusStub.Done(id));
        foreach (var id in (string[])["over", "open"])
        {
            await host.RegisterAsync(id);
            await host.Recorder.HintAsync(host.Source, id, Cancelled);
        }

        await host.EndedAsync("over");
        await host.AsleepAsync("open", step => step.Polls == 1);

        await host.PurgeAsync();
        Assert.NotNull(await host.InstanceAsync("over"));

        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(1).AddMinutes(1));
        await host.PurgeAsync();
        Assert.Null(await host.InstanceAsync("over"));
        Assert.Equal(OrchestrationRuntimeStatus.Running, (await host.InstanceAsync("open"))!.RuntimeStatus);
        Assert.NotNull(await host.FindAsync("over"));

        // A job with an unpublished event is kept.
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(30));
        await host.PurgeAsync();
        host.Time.AdvanceTo(host.Time.GetUtcNow() + SecondLook.After);
        await host.PurgeAsync();
        Assert.NotNull(await host.FindAsync("over"));
        await host.Outbox.RemoveAsync(await host.Outbox.PendingAsync(10, Cancelled), Cancelled);
        await host.PurgeAsync();
        Assert.Null(await host.FindAsync("over"));
        Assert.NotNull(await host.FindAsync("open"));

        // A notification repeated later than that is not of a new job.
        Assert.Null(await host.Recorder.HintAsync(host.Source, "over", Cancelled));
        Assert.Null(await host.FindAsync("over"));

        // Data missing in one account is no reason to keep data in the other.
        await host.RegisterAsync("late");
        await host.Recorder.HintAsync(host.Source, "late", Cancelled);
        await host.EndedAsync("late");
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(2));
        await host.DropTableAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(host.PurgeAsync);
        Assert.Null(await host.InstanceAsync("late"));
    }
}
