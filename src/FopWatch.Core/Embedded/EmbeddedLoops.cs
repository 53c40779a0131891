using FopWatch.Statistics;
using FopWatch.Webhooks;

namespace FopWatch.Embedded;

/// <summary>All loops of the embedded host: the watches of each source, the outbox, the sweep, the statistics, the indexes and the webhooks.</summary>
public sealed class EmbeddedLoops(
    WatchLoops watches, OutboxLoop outbox, SweepLoop sweep, StatisticsLoop? statistics = null, IndexLoop? index = null, WebhookLoops? webhooks = null)
{
    /// <summary>The loops.</summary>
    public IReadOnlyList<SupervisedLoop> All { get; } =
    [
        new("watches", cancelled => watches.RunAsync(cancelled)),
        new("outbox loop", cancelled => outbox.RunAsync(cancelled)),
        new("sweep", cancelled => sweep.RunAsync(cancelled)),
        .. statistics is null ? [] : (SupervisedLoop[])[new("statistics loop", cancelled => statistics.RunAsync(cancelled))],
        .. index is null ? [] : (SupervisedLoop[])[new("index loop", cancelled => index.RunAsync(cancelled))],
        .. webhooks is null ? [] : (SupervisedLoop[])[new("webhooks", cancelled => webhooks.RunAsync(cancelled))],
    ];
}
