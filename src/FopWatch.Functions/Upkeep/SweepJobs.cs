using FopWatch.Api;
using FopWatch.Functions.Watching;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>Every five minutes, checks the books, partition by partition, and watches again what nothing watches.</summary>
public sealed class SweepJobs(Sweeper sweeper, Watches watches, IEnumerable<MetricsFlush> exports, ILogger<SweepJobs> logger)
{
    /// <summary>Does one sweep.</summary>
    [Function("SweepJobs")]
    public async Task RunAsync(
        [TimerTrigger("45 */5 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        watches.Use(client);
        var sweep = await sweeper.SweepAsync(cancellationToken);
        logger.Swept(sweep);
        if (sweep.Counted < sweep.Parts)
            logger.SweepTookTurns(sweep.Counted, sweep.Parts);
        logger.SweepEnded(sweep.Books.Sum(books => books.Open), Log.Depth(sweep.OutboxDepth), sweep.Quarantined);
        foreach (var export in exports)
            export.Flush();
    }
}
