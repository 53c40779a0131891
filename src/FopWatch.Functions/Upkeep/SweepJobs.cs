using FopWatch.Azure.Tables;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>Every five minutes, checks the books, partition by partition, and restores the watches of unwatched jobs.</summary>
public sealed class SweepJobs(
    Sweeper sweeper, TableStore store, TimerRuns runs, IEnumerable<MetricsFlush> exports, ILogger<SweepJobs> logger)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "SweepJobs";

    /// <summary>The time limit per sweep for indexing the words of jobs of earlier versions.</summary>
    private static readonly TimeSpan LongestBackfill = TimeSpan.FromMinutes(1);

    /// <summary>Runs one sweep.</summary>
    [Function(Name)]
    public async Task RunAsync(
        [TimerTrigger("45 */5 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await runs.RanAsync(Name, cancellationToken);
        await RunAsync(cancellationToken);
    }

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var sweep = await sweeper.SweepAsync(cancellationToken);
        logger.Swept(sweep);
        if (sweep.Counted < sweep.Parts)
            logger.SweepTookTurns(sweep.Counted, sweep.Parts);
        logger.SweepEnded(sweep.Books.Sum(books => books.Open), IOutbox.InWords(sweep.OutboxDepth), sweep.Quarantined);
        await store.Words.RunAsync(LongestBackfill, cancellationToken);
        foreach (var export in exports)
            export.Flush();
    }
}
