using System.Globalization;
using FopWatch.Functions.Watching;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Tests;

/// <summary>Counts requests at an Azurite of its own, of which every one is paid for in Azure, and has a monitor to compare with.</summary>
public abstract class DurableCost(SharedAzurite store)
{
    private const string Monitor = "Monitor";
    private protected const string Notified = "notified";
    private protected const int Jobs = 5;

    /// <summary>The start and the end: a look whether it runs, a message, two writes and a margin for repetitions.</summary>
    private protected const int Start = 6;

    /// <summary>
    /// A message each to the activity, back from it and from the timer, sent and deleted: 6. The history read and written, and the instance
    /// written, when the timer fires and when the activity is done: 6.
    /// </summary>
    private protected const int PerPoll = 12;

    /// <summary>A message sent and deleted, the history read and written, the instance written: what sleeping until the due time takes.</summary>
    private protected const int Timer = 5;

    /// <summary>What the minute's timer asks about a watch that runs: the start that is refused, and the instance.</summary>
    private protected const int Look = 2;

    /// <summary>How often a test looked at an instance, which is no cost of the instance.</summary>
    private int _looks;

    private protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <param name="azurite">Where the hub is. The jobs are elsewhere.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">Settings of the source's polls, by name.</param>
    private protected async Task<WatchHost> StartAsync(Azurite azurite, TestTime time, params (string Name, string Value)[] settings)
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

    private protected static IEnumerable<string> Ids(string prefix = "watched") =>
        Enumerable.Range(0, Jobs).Select(i => string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}"));

    private protected static IEnumerable<string> Watches(WatchHost host) => Ids().Select(host.InstanceIdOf);

    private protected static async Task StartMonitorsAsync(WatchHost host)
    {
        foreach (var id in Ids("monitored"))
        {
            await host.RegisterAsync(id);
            await host.Client.ScheduleNewOrchestrationInstanceAsync(
                Monitor, new WatchInput(WatchHost.SourceName, id), new StartOrchestrationOptions(id), Cancelled);
        }
    }

    private protected async Task UntilAsync(WatchHost host, IEnumerable<string> instances, Func<OrchestrationMetadata, bool> asWanted)
    {
        foreach (var instance in instances)
        {
            for (_looks++; await host.Client.GetInstanceAsync(instance, getInputsAndOutputs: true, Cancelled) is not { } found || !asWanted(found); _looks++)
                await Task.Delay(100, Cancelled);
        }
    }

    private protected Task EndedAsync(WatchHost host, IEnumerable<string> instances) => UntilAsync(host, instances, instance => instance.IsCompleted);

    /// <summary>The requests for each job, without those that come and go with the time: looks into queues, and leases.</summary>
    private protected async Task<double> CountAsync(string what, Azurite azurite)
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
