using FopWatch.Diagnosis;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Statistics;
using FopWatch.Watching;
using FopWatch.Webhooks;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>All loops of the embedded host: the watches of each source, the outbox, the sweep, the statistics, the indexes and the webhooks.</summary>
public sealed class EmbeddedLoops(
    Sources sources,
    EmbeddedWatchRunner watches,
    IDueIndex due,
    PollStep step,
    PollSlots slots,
    OutboxLoop outbox,
    SweepLoop sweep,
    IWorkScheduler work,
    LoopTimes times,
    Troubles troubles,
    ILogger log,
    TimeProvider time,
    StatisticsLoop? statistics = null,
    IndexLoop? index = null,
    WebhookLoops? webhooks = null)
{
    /// <summary>The loops. A failed watch loop is replaced by a new one, because its state may have caused the failure.</summary>
    public IReadOnlyList<SupervisedLoop> All { get; } =
    [
        .. sources.All.Select(source => new SupervisedLoop(
            "watch loop",
            cancelled => new WatchLoop(source, watches, due, step, slots, work, times, troubles, log, time).RunAsync(cancelled)) { Source = source.Name }),
        new("outbox loop", cancelled => outbox.RunAsync(cancelled)),
        new("sweep", cancelled => sweep.RunAsync(cancelled)),
        .. statistics is null ? [] : (SupervisedLoop[])[new("statistics loop", cancelled => statistics.RunAsync(cancelled))],
        .. index is null ? [] : (SupervisedLoop[])[new("index loop", cancelled => index.RunAsync(cancelled))],
        .. webhooks is null ? [] : (SupervisedLoop[])[new("webhooks", cancelled => webhooks.RunAsync(cancelled))],
    ];
}
