using System.Globalization;
using FopWatch.Functions.Watching;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Tests;

/// <summary>Counts requests at its own Azurite, each of which is billed in Azure, and includes a monitor for comparison.</summary>
public abstract class DurableCost(SharedAzurite store)
{
    private const string Monitor = "Monitor";
    private protected const string Notified = "notified";
    private protected const int Jobs = 5;

    /// <summary>The start and the end: a check whether it is running, a message, two writes and a margin for repetitions.</summary>
    private protected const int Start = 6;

    /// <summary>
    /// One message each to the activity, back from it and from the timer, sent and deleted: 6. The history read and written, and the instance
    /// written, when the timer fires and when the activity is done: 6.
    /// </summary>
    private protected const int PerPoll = 12;

    /// <summary>The cost of sleeping until the due time: a message sent and deleted, the history read and written, the instance written.</summary>
    private protected const int Timer = 5;

    /// <summary>The minutely timer's requests about a running watch: the refused start, and the instance.</summary>
    private protected const int Look = 2;

    /// <summary>The test's own reads of an instance, which are not part of its cost.</summary>
    private int _looks;

    private protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <param name="azurite">The storage of the hub. The jobs are elsewhere.</param>
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

        // It acquires its partitions first.
        await host.Client.ScheduleNewOrchestrationInstanceAsync(WatchJob.Name, new WatchInput(WatchHost.SourceName, "none"), new StartOrchestrationOptions("none"), Cancelled);
        await host.Client.WaitForInstanceCompletionAsync("none", Cancelled);
        await RequestsAsync(azurite);
        return host;
    }

    private static async Task MonitorAsync(TaskOrchestrationContext context, WatchInput input)
    {
        while (true)
        {
            // The analyzer mistakes the input's type, where WatchHost registers the activity, for the output's.
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

    /// <summary>The requests per job, without those that depend on the time: reads of queues, and leases.</summary>
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

    /// <summary>The kinds of the requests since the last call, once no more arrive: Azurite's log is slightly delayed.</summary>
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
