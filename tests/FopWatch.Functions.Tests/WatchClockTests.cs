using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>Watches and purges, and the clocks that they go by.</summary>
public class WatchClockTests(SharedAzurite azurite)
{
    private const string Id = "z0.560e99c37823de5a49c22393";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData(-2)]
    [InlineData(2)]
    public async Task A_watch_sleeps_for_as_long_as_its_job_waits_where_the_clock_of_the_task_hub_is_another(double hours)
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:00:06"), ("Max", "00:00:06"), ("Factor", "1"));
        host.Time.Shift(TimeSpan.FromHours(hours));
        host.Provider.Answer = (id, before) => (200, before < 2 ? StatusStub.Processing(id) : StatusStub.Done(id));
        var registered = await host.RegisterAsync(Id);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await host.EndedAsync(Id)).RuntimeStatus);

        // No further generation, as many steps without a poll would need.
        var job = await host.JobAsync(Id);
        Assert.Equal((JobState.Succeeded, 3, 1), (job.State, host.Provider.TimesAsked(Id), host.Generations));
        Assert.InRange(job.UpdatedAt - registered.RegisteredAt, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(40));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_clock_that_is_sixty_days_ahead_for_a_purge_deletes_no_job_and_gives_none_up()
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
    public async Task What_is_over_is_purged_when_its_time_has_come_and_what_is_not_stays()
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

        // A job whose event nobody has been told yet is kept.
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(30));
        await host.PurgeAsync();
        host.Time.AdvanceTo(host.Time.GetUtcNow() + SecondLook.After);
        await host.PurgeAsync();
        Assert.NotNull(await host.FindAsync("over"));
        await host.Outbox.RemoveAsync(await host.Outbox.PendingAsync(10, Cancelled), Cancelled);
        await host.PurgeAsync();
        Assert.Null(await host.FindAsync("over"));
        Assert.NotNull(await host.FindAsync("open"));

        // A notification that is repeated later than that is no new job's.
        Assert.Null(await host.Recorder.HintAsync(host.Source, "over", Cancelled));
        Assert.Null(await host.FindAsync("over"));

        // What one account has not is no reason to keep what is in the other.
        await host.RegisterAsync("late");
        await host.Recorder.HintAsync(host.Source, "late", Cancelled);
        await host.EndedAsync("late");
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddDays(2));
        await host.DropTableAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(host.PurgeAsync);
        Assert.Null(await host.InstanceAsync("late"));
    }
}
