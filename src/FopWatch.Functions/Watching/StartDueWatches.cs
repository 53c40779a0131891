using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Each minute, starts the watches of the jobs that are due before the next time: what makes the due index, and no process, the watch's memory.
/// A watch that is started sleeps until its job is due, so a poll is no later than its own timer. A job that becomes due sooner than that is
/// watched from its commit on (<see cref="Watches.EnsureWatchedAsync"/>).
/// </summary>
public sealed class StartDueWatches(
    Sources sources,
    IDueIndex index,
    Poller poller,
    Watches watches,
    Troubles troubles,
    TimeProvider time,
    ILogger<StartDueWatches> logger)
{
    /// <summary>How far ahead of their due time watches are started: until the next time, and as long as it may be late and starting may take.</summary>
    internal static readonly TimeSpan Ahead = TimeSpan.FromSeconds(75);

    private const int StartsAtOnce = 16;

    /// <summary>How many jobs of a source are polled here because their watches do not: few enough for the timer to end in time.</summary>
    private const int MostStuck = 32;

    /// <summary>Does so once.</summary>
    [Function("StartDueWatches")]
    public Task RunAsync(
        [TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        watches.Use(client);
        troubles.Check();
        return RunAsync(cancellationToken);
    }

    internal Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(sources.All.Select(source => StartAsync(source, cancellationToken)));

    private async Task StartAsync(Source source, CancellationToken cancellationToken)
    {
        // No more than its status API may be asked until then. The longest due are first, so none is passed over for ever.
        var limit = (int)Math.Clamp(source.Poll.PerSecond * Ahead.TotalSeconds, 10, 1000);
        IReadOnlyList<DueJob> due;
        try
        {
            due = await index.DueAsync(source.Name, time.GetUtcNow() + Ahead, limit, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            // One source's partitions may fail alone; the others' watches start.
            logger.WatchFailed("started", e);
            return;
        }

        var (started, woken, stuck) = (0, 0, 0);
        await Parallel.ForEachAsync(
            due,
            new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellationToken },
            async (job, _) =>
            {
                switch (await watches.StartDueAsync(job))
                {
                    case WatchStart.Started:
                        Interlocked.Increment(ref started);
                        break;
                    case WatchStart.Woken:
                        Interlocked.Increment(ref woken);
                        break;
                    case WatchStart.Idle when Interlocked.Increment(ref stuck) <= MostStuck:
                        await PollIfStuckAsync(source, job.Key, cancellationToken);
                        break;
                }
            });
        if (started + woken > 0)
            logger.WatchesStarted(source.Name, started, woken);
    }

    /// <summary>
    /// Does the step of a watch that makes none any more: somebody suspended it, or the storage provider lost what it waits for. Every
    /// job ends, whatever becomes of its orchestration.
    /// </summary>
    private async Task PollIfStuckAsync(Source source, JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            // One that has only slept long is awake by now, and its job has not been due for long.
            if (!((await poller.FindDueAsync(key, cancellationToken))?.Watch.DueAt < time.GetUtcNow() - Watches.LongestStep))
                return;
            logger.WatchStuck(source.Name);
            logger.Polled(source.Name, await poller.PollAsync(key, evenIfUnwatched: false, cancellationToken));
        }
        catch (StoreUnavailableException e)
        {
            logger.WatchFailed("polled for", e);
        }
    }
}
