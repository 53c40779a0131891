using FopWatch.Azure.Tables;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Every hour, deletes ended watches, jobs past their retention, and old statistics, within the time limit of an invocation. The next purge deletes the
/// rest.
/// </summary>
public sealed class Purge(TableStore store, IStatistics statistics, RetentionPurge retention, TimerRuns runs, TimeProvider time, ILogger<Purge> logger)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "Purge";

    /// <summary>How long ended watches are kept, counted from their start, so that operators can inspect them.</summary>
    private static readonly TimeSpan KeepWatches = TimeSpan.FromDays(1);

    /// <summary>The time limit of an invocation: less than <c>functionTimeout</c> in host.json by the time of a step and a page of jobs.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    /// <summary>
    /// How long the Functions host deletes watches per call: less than the 100 seconds of its clients' timeout. Also the time limit for old statistics.
    /// </summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);

    /// <summary>Earlier than any watch, because the Functions host fails on a filter without a start.</summary>
    private static readonly DateTimeOffset Beginning = DateTimeOffset.UnixEpoch;

    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    /// <summary>Runs one purge.</summary>
    [Function(Name)]
    public async Task RunAsync(
        [TimerTrigger("0 17 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await runs.RanAsync(Name, cancellationToken);
        await RunAsync(client, cancellationToken);
    }

    internal async Task RunAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        // Concurrently, because they may be in two storage accounts, one of which is down.
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
