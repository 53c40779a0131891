using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>How the app compensates for timers that the platform does not run.</summary>
public class SilentTimersTests(SharedAzurite azurite)
{
    private const string Id = "z0.silent";

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task Timers_silent_for_three_minutes_are_reported_and_a_request_does_their_work()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:02:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var timers = host.Services.GetRequiredService<SilentTimers>();
        await host.RegisterAsync(Id);

        // From now on the silence is noticed.
        await timers.LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence - TimeSpan.FromSeconds(5));
        Assert.Null(await timers.CheckAsync(Cancelled));
        await timers.LookAsync(host.Client, Cancelled);
        Assert.Empty(Troubles(host));
        Assert.Equal(0, host.Provider.TimesAsked(Id));

        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromSeconds(6));
        timers.Look(host.Client);
        while (!(await host.JobAsync(Id)).IsSettled)
            await Task.Delay(50, Cancelled);
        Assert.Equal("StartDueWatches, SweepOutbox", Assert.Single(Troubles(host)).Detail);
    }

    [Fact(Timeout = 120_000)]
    public async Task An_app_that_was_stopped_waits_for_its_timers_as_long_as_a_new_one()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var runs = host.Services.GetRequiredService<TableTimerRuns>();
        foreach (var name in (string[])[StartDueWatches.Name, SweepOutbox.Name, SweepJobs.Name, Purge.Name])
            await runs.RanAsync(name, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow().AddHours(3));
        var restarted = ActivatorUtilities.CreateInstance<SilentTimers>(host.Services);

        await restarted.LookAsync(host.Client, Cancelled);
        Assert.Empty(Troubles(host));
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence - TimeSpan.FromSeconds(10));
        await runs.RanAsync(StartDueWatches.Name, Cancelled);
        await runs.RanAsync(SweepOutbox.Name, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromSeconds(11));
        await restarted.LookAsync(host.Client, Cancelled);
        Assert.Empty(Troubles(host));

        // If the minutely timers do not run, the others need not be waited for.
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);
        await restarted.LookAsync(host.Client, Cancelled);
        Assert.Equal("StartDueWatches, SweepOutbox, SweepJobs, Purge", Assert.Single(Troubles(host)).Detail);
    }

    [Fact(Timeout = 120_000)]
    public async Task One_of_many_requests_and_instances_does_the_work()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:02:00"));
        SilentTimers[] instances = [.. Enumerable.Range(0, 8).Select(_ => ActivatorUtilities.CreateInstance<SilentTimers>(host.Services))];
        await host.RegisterAsync(Id);
        await instances[0].LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(1, Said(host, "The timer StartDueWatches is silent; this instance did its work"));
        Assert.Equal(1, Said(host, "The timer SweepOutbox is silent; this instance did its work"));

        // Once per period.
        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(1, Said(host, "The timer SweepOutbox is silent"));
        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromSeconds(61));
        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(2, Said(host, "The timer SweepOutbox is silent"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Running_timers_are_left_alone_and_timers_that_run_again_end_the_trouble()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var timers = host.Services.GetRequiredService<SilentTimers>();
        var runs = host.Services.GetRequiredService<TimerRuns>();
        await timers.LookAsync(host.Client, Cancelled);
        await RanAsync();
        var ranAt = host.Time.GetUtcNow();
        Assert.InRange((await timers.CheckAsync(Cancelled))!.Value, ranAt - TimeSpan.FromMinutes(1), ranAt);

        host.Time.AdvanceTo(ranAt + Silence + TimeSpan.FromSeconds(1));
        await timers.LookAsync(host.Client, Cancelled);
        Assert.Single(Troubles(host));

        await RanAsync();
        await timers.LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Diagnosis.Troubles.Quiet);
        await timers.LookAsync(host.Client, Cancelled);
        Assert.Empty(Troubles(host));

        async Task RanAsync()
        {
            foreach (var name in (string[])[StartDueWatches.Name, SweepOutbox.Name, SweepJobs.Name, Purge.Name])
                await runs.RanAsync(name, Cancelled);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_run_recorded_by_a_clock_that_was_ahead_hides_no_silence()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var runs = host.Services.GetRequiredService<TableTimerRuns>();
        await host.WithClockAheadAsync(TimeSpan.FromDays(1), () => runs.RanAsync(StartDueWatches.Name, Cancelled).AsTask());
        var timers = host.Services.GetRequiredService<SilentTimers>();
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        await timers.LookAsync(host.Client, Cancelled);

        Assert.Equal(StartDueWatches.Name, Assert.Single(Troubles(host)).Detail);
        Assert.Equal(1, Said(host, "The timer StartDueWatches is silent; this instance did its work"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Failed_work_stays_claimed_and_is_retried_after_a_while()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var timers = host.Services.GetRequiredService<SilentTimers>();
        var runs = host.Services.GetRequiredService<TableTimerRuns>();
        await timers.LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        // As if another instance had claimed it and disappeared.
        var run = (await runs.ReadAsync(Cancelled)).Single(one => one.Name == SweepOutbox.Name);
        Assert.NotNull(await runs.TryTakeAsync(run, host.Time.GetUtcNow().AddMinutes(5), Cancelled));
        Assert.Null(await runs.TryTakeAsync(run, host.Time.GetUtcNow().AddMinutes(5), Cancelled));
        await timers.LookAsync(host.Client, Cancelled);
        Assert.Equal(0, Said(host, "The timer SweepOutbox is silent"));

        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        await timers.LookAsync(host.Client, Cancelled);
        Assert.Equal(1, Said(host, "The timer SweepOutbox is silent; this instance did its work"));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_failing_store_stops_no_timer_and_no_request_from_its_work()
    {
        await using var own = await Azurite.StartAsync();
        await using var host = await WatchHost.StartAsync(own, TestTime.Real());
        await own.KillAsync();

        await host.Services.GetRequiredService<TimerRuns>().RanAsync(SweepOutbox.Name, Cancelled);
        await host.Services.GetRequiredService<SilentTimers>().LookAsync(host.Client, Cancelled);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => host.Services.GetRequiredService<SilentTimers>().CheckAsync(Cancelled).AsTask());
        await own.RestartAsync();
    }

    /// <summary>Any exception: nobody awaits the check, so its failure would be lost with its task, or end the process.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_check_that_fails_for_another_reason_than_the_store_is_logged_and_fails_no_request()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:02:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var timers = host.Services.GetRequiredService<SilentTimers>();
        await host.RegisterAsync(Id);
        await timers.LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        await timers.LookAsync(host.Client, new CancellationToken(canceled: true));
        Assert.Equal(1, Said(host, "The look for silent timers failed"));
        Assert.Equal(0, Said(host, "is silent; this instance did its work"));

        await timers.LookAsync(host.Client, Cancelled);
        Assert.Equal(1, Said(host, "The timer StartDueWatches is silent; this instance did its work"));
        Assert.Equal(1, Said(host, "The look for silent timers failed"));
    }

    private static IReadOnlyList<Trouble> Troubles(WatchHost host) => host.Services.GetRequiredService<Troubles>().Current;

    private static int Said(WatchHost host, string text) => host.Log.ToString().Split(text).Length - 1;
}
