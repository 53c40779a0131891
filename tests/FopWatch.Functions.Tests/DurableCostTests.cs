using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Functions.Tests;

/// <summary>
/// The cost of a watch at Durable Task's storage provider, counted at Azurite, in billed requests. For comparison there is the textbook's
/// monitor, which starts with the job, checks it, sleeps until the next check or an event, and so on.
/// </summary>
public sealed class DurableCostTests(SharedAzurite store) : DurableCost(store)
{
    [Fact(Timeout = 180_000)]
    public async Task A_notified_job_costs_nothing()
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await StartAsync(azurite, TestTime.Real());

        foreach (var id in Ids())
        {
            var job = await host.RegisterAsync(id);
            Assert.Equal(NotificationResult.Recorded, await host.NotifyAsync(id));
            host.Time.AdvanceTo(job.Watch.DueAt!.Value);
        }

        await host.StartDueAsync();
        var watch = await CountAsync("watch, notified", azurite);

        await StartMonitorsAsync(host);
        await UntilAsync(host, Ids("monitored"), instance => instance.SerializedCustomStatus is not null);
        foreach (var id in Ids("monitored"))
        {
            await host.NotifyAsync(id);
            await host.Client.RaiseEventAsync(id, Notified, null, Cancelled);
        }

        await EndedAsync(host, Ids("monitored"));
        var monitor = await CountAsync("monitor, notified", azurite);

        Assert.Equal(0, watch);
        Assert.InRange(monitor, 25, 40);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_job_settled_by_a_hint_costs_a_start_and_a_poll()
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await StartAsync(azurite, TestTime.Real());
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));

        foreach (var id in Ids())
        {
            await host.RegisterAsync(id);
            await host.Recorder.HintAsync(host.Source, id, Cancelled);
        }

        await EndedAsync(host, Watches(host));

        Assert.InRange(await CountAsync("watch, hinted", azurite), 10, Start + PerPoll);
    }

    /// <summary>Started in advance by the registration: by a wake-up, since the job is due within seconds, or because it is due before the timer looks again.</summary>
    [Theory(Timeout = 180_000)]
    [InlineData("00:00:08")]
    [InlineData("00:00:20")]
    public async Task A_watch_started_in_advance_costs_one_more_timer_and_a_look_of_the_minutely_timer(string first)
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await StartAsync(azurite, TestTime.Real(), ("First", first));
        host.Provider.Answer = (id, _) => (200, StatusStub.Done(id));

        foreach (var id in Ids())
            await host.RegisterAsync(id);
        await host.StartDueAsync();
        await EndedAsync(host, Watches(host));

        Assert.All(Ids(), id => Assert.Equal(1, host.Provider.TimesAsked(id)));
        Assert.InRange(await CountAsync("watch, started ahead", azurite), Timer + PerPoll, Start + Timer + Look + PerPoll);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_notification_to_a_sleeping_watch_costs_no_poll_and_to_one_that_has_not_started_a_message()
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await StartAsync(azurite, TestTime.Real(), ("First", "00:00:20"));

        var due = DateTimeOffset.MinValue;
        foreach (var id in Ids())
            due = (await host.RegisterAsync(id)).Watch.DueAt!.Value;
        await UntilAsync(host, Watches(host), instance => instance.SerializedCustomStatus is not null);
        foreach (var id in Ids())
            await host.NotifyAsync(id);
        await EndedAsync(host, Watches(host));

        // The timer of an ended watch still fires.
        await Task.Delay(due + TimeSpan.FromSeconds(3) - TimeProvider.System.GetUtcNow(), Cancelled);
        Assert.All(Ids(), id => Assert.Equal(0, host.Provider.TimesAsked(id)));
        var ended = await CountAsync("watch, notified while it sleeps", azurite);

        foreach (var id in Ids("late"))
        {
            await host.Recorder.RegisterAsync(host.Source, id, Job.NoMetadata, TimeSpan.FromMinutes(3), Cancelled);
            await host.WithClockAheadAsync(TimeSpan.FromMinutes(2), () => host.NotifyAsync(id));
        }

        var none = await CountAsync("watch, notified before it is started", azurite);

        // Less than a watch that sleeps until its first poll: 20.
        Assert.InRange(ended, Timer + 3, 18);
        Assert.InRange(none, 1, 6);
    }
}

/// <summary>The cost of the polls of a watch, compared with the monitor's.</summary>
public sealed class DurablePollCostTests(SharedAzurite store) : DurableCost(store)
{
    [Fact(Timeout = 180_000)]
    public async Task A_poll_costs_twelve_requests_and_a_watch_of_any_length_no_more_than_a_monitor()
    {
        const int Polls = 10;
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await StartAsync(azurite, TestTime.Jumping());
        host.Provider.Answer = (id, before) => (200, before < Polls - 1 ? StatusStub.Processing(id) : StatusStub.Done(id));

        foreach (var id in Ids())
            host.Time.AdvanceTo((await host.RegisterAsync(id)).Watch.DueAt!.Value);
        await host.StartDueAsync();
        await EndedAsync(host, Watches(host));
        var watch = await CountAsync("watch, ten polls", azurite);

        await StartMonitorsAsync(host);
        await EndedAsync(host, Ids("monitored"));
        var monitor = await CountAsync("monitor, ten polls", azurite);

        Assert.All([.. Ids(), .. Ids("monitored")], id => Assert.Equal(Polls, host.Provider.TimesAsked(id)));
        Assert.InRange(watch, 10 * Polls, Start + (PerPoll * Polls));
        Assert.InRange(monitor, watch - 1, 2 * watch);
    }
}
