using FopWatch.Azure.Tables;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Every hour, deletes what is left of watches that ended and the jobs whose retention is over and old statistics, for as long as an invocation may take. What
/// is left then is deleted an hour later.
/// </summary>
public sealed class Purge(TableStore store, IStatistics statistics, RetentionPurge retention, TimerRuns runs, TimeProvider time, ILogger<Purge> logger)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "Purge";

    /// <summary>How long a watch can still be looked at once it has ended, from its start: for whoever wants to know why it ended.</summary>
    private static readonly TimeSpan KeepWatches = TimeSpan.FromDays(1);

    /// <summary>How long one invocation deletes: less than <c>functionTimeout</c> in host.json, by what a step and a page of jobs take.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    /// <summary>
    /// How long the Functions host deletes watches before it answers: less than the 100 seconds after which its clients give a call up. So long are old statistics
    /// deleted, too.
    /// </summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>Before any watch. The Functions host fails on a filter without a beginning.</summary>
    private static readonly DateTimeOffset Beginning = DateTimeOffset.UnixEpoch;

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    /// <summary>Deletes what is due for it.</summary>
    [Function(Name)]
    public async Task RunAsync(
        [TimerTrigger("0 17 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await runs.RanAsync(Name, cancellationToken);
        await RunAsync(client, cancellationToken);
    }

    internal async Task RunAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        // Side by side: they may be in two storage accounts, of which one is down.
        var jobs = PurgeTableAsync(cancellationToken);
        var watches = PurgeWatchesAsync(client, time.GetUtcNow() - KeepWatches, cancellationToken);
        await Task.WhenAll(jobs, watches);
        var ((purgedJobs, areAllJobs), (purgedWatches, areAllWatches)) = (await jobs, await watches);
        logger.Purged(purgedWatches, purgedJobs);
        if (!areAllJobs || !areAllWatches)
            logger.PurgeEndedEarly();
    }

    private async Task<(int Jobs, bool IsComplete)> PurgeTableAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset? by = null;
        var purged = await retention.RunAsync(
            (before, now) =>
            {
                by = now;
                return store.JobPurge.PurgeAsync(before, Longest, cancellationToken);
            },
            cancellationToken);
        if (by is { } allowed)
            await PurgeStatisticsAsync(allowed, cancellationToken);
        return purged;
    }

    private async Task PurgeStatisticsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        step.CancelAfter(Step);
        try
        {
            await statistics.PurgeAsync(now, step.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            logger.StatisticsNotPurged(failure);
        }
    }

    private async Task<(int Watches, bool IsComplete)> PurgeWatchesAsync(DurableTaskClient client, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var (purged, began) = (0, time.GetTimestamp());
        var filter = new PurgeInstancesFilter(Beginning, before, Ended) { Timeout = Step };
        while (true)
        {
            var result = await client.PurgeAllInstancesAsync(filter, cancellationToken);
            purged += result.PurgedInstanceCount;
            if (result.IsComplete != false)
                return (purged, true);
            if (time.GetElapsedTime(began) >= Longest)
                return (purged, false);
        }
    }
}
