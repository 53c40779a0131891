using System.Globalization;
using FopWatch.Functions.Watching;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Tests;

/// <summary>
/// What a watch costs at Durable Task's storage provider, counted at Azurite: every request is paid for. Next to it the textbook's
/// monitor, which is started with the job, looks, sleeps until the next look or an event, and so on.
/// </summary>
[Collection(nameof(DurableCostTests))]
[CollectionDefinition(nameof(DurableCostTests), DisableParallelization = true)]
public class DurableCostTests(SharedAzurite store)
{
    private const string Monitor = "Monitor";
    private const string Notified = "notified";
    private const int Jobs = 5;

    /// <summary>The start and the end: a look whether it runs, a message, two writes and a margin for repetitions.</summary>
    private const int Start = 6;

    /// <summary>
    /// A message each to the activity, back from it and from the timer, sent and deleted: 6. The history read and written, and the instance
    /// written, when the timer fires and when the activity is done: 6.
    /// </summary>
    private const int PerPoll = 12;

    /// <summary>A message sent and deleted, the history read and written, the instance written: what sleeping until the due time takes.</summary>
    private const int Timer = 5;

    /// <summary>What the minute's timer asks about a watch that runs: the start that is refused, and the instance.</summary>
    private const int Look = 2;

    /// <summary>How often a test looked at an instance, which is no cost of the instance.</summary>
    private int _looks;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

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
    public async Task A_job_that_a_hint_settles_costs_a_start_and_a_poll()
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

    /// <summary>Ahead by the registration: as a nudge, since it is due within seconds, and as one that is due before the timer looks again.</summary>
    [Theory(Timeout = 180_000)]
    [InlineData("00:00:08")]
    [InlineData("00:00:20")]
    public async Task A_watch_that_is_started_ahead_of_its_due_time_costs_a_timer_more_and_a_look_of_the_minutes_timer(string first)
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
    public async Task A_job_that_is_notified_while_its_watch_sleeps_costs_no_poll_and_one_whose_watch_has_not_started_costs_a_message()
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

        // The timer of a watch that was ended still fires.
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

    [Fact(Timeout = 180_000)]
    public async Task A_poll_costs_twelve_requests_and_the_watch_of_a_job_no_more_than_a_monitor_however_long()
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

    /// <param name="azurite">Where the hub is. The jobs are elsewhere.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">Settings of the source's polls, by name.</param>
    private async Task<WatchHost> StartAsync(Azurite azurite, TestTime time, params (string Name, string Value)[] settings)
    {
        var host = await WatchHost.StartAsync(
            await store.StartedAsync(),
            time,
            (tasks, cancelled) => StorageHub.StartAsync(
                azurite.ConnectionString,
                registry =>
                {
                    tasks(registry);
                    registry.AddOrchestratorFunc<WatchInput>(Monitor, MonitorAsync);
                },
                cancelled),
            settings);

        // It takes its partitions first.
        await host.Client.ScheduleNewOrchestrationInstanceAsync(WatchJob.Name, new WatchInput(WatchHost.SourceName, "none"), new StartOrchestrationOptions("none"), Cancelled);
        await host.Client.WaitForInstanceCompletionAsync("none", Cancelled);
        await RequestsAsync(azurite);
        return host;
    }

    private static async Task MonitorAsync(TaskOrchestrationContext context, WatchInput input)
    {
        while (true)
        {
            // The analyzer takes the input's type, where WatchHost registers the activity, for the output's.
#pragma warning disable DURABLE2002
            var step = await context.CallActivityAsync<WatchStep>(PollJob.Name, input);
#pragma warning restore DURABLE2002
            context.SetCustomStatus(step);
            if (step.DueAt is not { } due)
                return;

            using var cancelled = new CancellationTokenSource();
            var notified = context.WaitForExternalEvent<string?>(Notified, cancelled.Token);
            await Task.WhenAny(context.CreateTimer(due.UtcDateTime, cancelled.Token), notified);
            cancelled.Cancel();
        }
    }

    private static IEnumerable<string> Ids(string prefix = "watched") =>
        Enumerable.Range(0, Jobs).Select(i => string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}"));

    private static IEnumerable<string> Watches(WatchHost host) => Ids().Select(host.InstanceIdOf);

    private static async Task StartMonitorsAsync(WatchHost host)
    {
        foreach (var id in Ids("monitored"))
        {
            await host.RegisterAsync(id);
            await host.Client.ScheduleNewOrchestrationInstanceAsync(
                Monitor, new WatchInput(WatchHost.SourceName, id), new StartOrchestrationOptions(id), Cancelled);
        }
    }

    private async Task UntilAsync(WatchHost host, IEnumerable<string> instances, Func<OrchestrationMetadata, bool> asWanted)
    {
        foreach (var instance in instances)
        {
            for (_looks++; await host.Client.GetInstanceAsync(instance, getInputsAndOutputs: true, Cancelled) is not { } found || !asWanted(found); _looks++)
                await Task.Delay(100, Cancelled);
        }
    }

    private Task EndedAsync(WatchHost host, IEnumerable<string> instances) => UntilAsync(host, instances, instance => instance.IsCompleted);

    /// <summary>The requests for each job, without those that come and go with the time: looks into queues, and leases.</summary>
    private async Task<double> CountAsync(string what, Azurite azurite)
    {
        var kinds = (await RequestsAsync(azurite)).CountBy(kind => kind)
            .Select(kind => kind.Key == DurableRequest.ReadInstance ? new(kind.Key, kind.Value - _looks) : kind)
            .OrderBy(kind => kind.Key, StringComparer.Ordinal).ToList();
        _looks = 0;
        var sum = kinds.Sum(kind => kind.Value) / (double)Jobs;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {sum:0.0} a job: {string.Join(", ", kinds.Select(kind => $"{kind.Value / (double)Jobs:0.0} {kind.Key}"))}"));
        return sum;
    }

    /// <summary>The kinds of the requests since the last call, once no more come: Azurite's log is a little behind.</summary>
    private static async Task<IReadOnlyList<string>> RequestsAsync(Azurite azurite)
    {
        var all = new List<string>();
        while (true)
        {
            await Task.Delay(500, Cancelled);
            var more = azurite.TakeRequests().Select(request => DurableRequest.KindOf(request, StorageHub.Name)).OfType<string>().ToList();
            if (more.Count == 0)
                return all;
            all.AddRange(more);
        }
    }
}
