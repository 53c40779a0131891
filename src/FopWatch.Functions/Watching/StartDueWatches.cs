using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>Each minute, starts the watches of the jobs that are due: what makes the due index, and no process, the watch's memory.</summary>
public sealed class StartDueWatches(Sources sources, IDueIndex index, Watches watches, TimeProvider time, ILogger<StartDueWatches> logger)
{
    private const int StartsAtOnce = 16;

    /// <summary>Does so once.</summary>
    [Function("StartDueWatches")]
    public Task RunAsync(
        [TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        watches.Use(client);
        return RunAsync(cancellationToken);
    }

    internal Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(sources.All.Select(source => StartAsync(source, cancellationToken)));

    private async Task StartAsync(Source source, CancellationToken cancellationToken)
    {
        // No more than its status API may be asked in a minute. The longest due are first, so none is passed over for ever.
        var limit = (int)Math.Clamp(source.Poll.PerSecond * 60, 10, 1000);
        IReadOnlyList<JobKey> due;
        try
        {
            due = await index.DueAsync(source.Name, time.GetUtcNow(), limit, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            // One source's partitions may fail alone; the others' watches start.
            logger.WatchFailed("started", e);
            return;
        }

        var (started, woken) = (0, 0);
        await Parallel.ForEachAsync(
            due,
            new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellationToken },
            async (key, _) =>
            {
                switch (await watches.StartDueAsync(key))
                {
                    case WatchStart.Started:
                        Interlocked.Increment(ref started);
                        break;
                    case WatchStart.Woken:
                        Interlocked.Increment(ref woken);
                        break;
                }
            });
        if (started + woken > 0)
            logger.WatchesStarted(source.Name, started, woken);
    }
}
