using FopWatch.Azure.Tables;
using FopWatch.Settings;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Every hour, deletes what is left of watches that ended and the jobs whose retention is over. Every hour and not every day, because a
/// day's worth may be more than one invocation can delete.
/// </summary>
public sealed class Purge(TableStore store, FopWatchSettings settings, TimeProvider time, ILogger<Purge> logger)
{
    /// <summary>How long a watch can still be looked at once it has ended, from its start: for whoever wants to know why it ended.</summary>
    private static readonly TimeSpan KeepWatches = TimeSpan.FromDays(1);

    /// <summary>Before any watch. The Functions host fails on a filter without a beginning.</summary>
    private static readonly DateTimeOffset Beginning = DateTimeOffset.UnixEpoch;

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    /// <summary>Deletes what is due for it.</summary>
    [Function("Purge")]
    public async Task RunAsync(
        [TimerTrigger("0 17 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        // Side by side: they may be in two storage accounts, of which one is down.
        var now = time.GetUtcNow();
        var jobs = store.PurgeAsync(now - settings.Retention, cancellationToken).AsTask();
        var watches = client.PurgeAllInstancesAsync(new PurgeInstancesFilter(Beginning, now - KeepWatches, Ended), cancellationToken);
        await Task.WhenAll(jobs, watches);
        logger.Purged((await watches).PurgedInstanceCount, await jobs);
    }
}
