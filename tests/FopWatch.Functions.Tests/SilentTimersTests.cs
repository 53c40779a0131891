using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>What the app does where the platform does not run its timers.</summary>
public class SilentTimersTests(SharedAzurite azurite)
{
    private const string Id = "z0.silent";

    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task Timers_that_are_silent_for_three_minutes_are_said_to_be_and_a_request_does_their_work()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:02:00"));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var timers = host.Services.GetRequiredService<SilentTimers>();
        await host.RegisterAsync(Id);

        // From now on it is looked for.
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
    public async Task An_app_that_was_stopped_waits_for_its_timers_as_long_as_one_that_was_just_made()
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

        // Where those of a minute do not run, the others need not be waited for.
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);
        await restarted.LookAsync(host.Client, Cancelled);
        Assert.Equal("StartDueWatches, SweepOutbox, SweepJobs, Purge", Assert.Single(Troubles(host)).Detail);
    }

    [Fact(Timeout = 120_000)]
    public async Task Of_many_requests_and_instances_one_does_the_work()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real(), ("First", "00:02:00"));
        SilentTimers[] instances = [.. Enumerable.Range(0, 8).Select(_ => ActivatorUtilities.CreateInstance<SilentTimers>(host.Services))];
        await host.RegisterAsync(Id);
        await instances[0].LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(1, Said(host, "The timer StartDueWatches is silent; this instance did its work"));
        Assert.Equal(1, Said(host, "The timer SweepOutbox is silent; this instance did its work"));

        // Once in its period.
        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(1, Said(host, "The timer SweepOutbox is silent"));
        host.Time.AdvanceTo(host.Time.GetUtcNow() + TimeSpan.FromSeconds(61));
        await Task.WhenAll(instances.Select(one => one.LookAsync(host.Client, Cancelled)));
        Assert.Equal(2, Said(host, "The timer SweepOutbox is silent"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Timers_that_run_are_left_alone_and_those_that_run_again_end_the_trouble()
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
    public async Task A_run_that_a_clock_wrote_down_which_was_ahead_hides_no_silence()
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
    public async Task Work_that_fails_stays_taken_and_is_tried_again_after_a_while()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var timers = host.Services.GetRequiredService<SilentTimers>();
        var runs = host.Services.GetRequiredService<TableTimerRuns>();
        await timers.LookAsync(host.Client, Cancelled);
        host.Time.AdvanceTo(host.Time.GetUtcNow() + Silence);

        // As if another instance had taken it and were gone.
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
    public async Task A_store_that_cannot_answer_keeps_no_timer_and_no_request_from_its_work()
    {
        await using var own = await Azurite.StartAsync();
        await using var host = await WatchHost.StartAsync(own, TestTime.Real());
        await own.KillAsync();

        await host.Services.GetRequiredService<TimerRuns>().RanAsync(SweepOutbox.Name, Cancelled);
        await host.Services.GetRequiredService<SilentTimers>().LookAsync(host.Client, Cancelled);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => host.Services.GetRequiredService<SilentTimers>().CheckAsync(Cancelled).AsTask());
        await own.RestartAsync();
    }

    /// <summary>Whatever it is: nobody waits for the look, and its failure would be lost with its task, or end the process.</summary>
    [Fact(Timeout = 120_000)]
    public async Task A_look_that_fails_for_a_reason_that_is_not_the_stores_is_logged_and_fails_no_request()
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
