using FopWatch.Embedded;
using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Publishing in the embedded host. The commit of a job also writes its event to the log, so this only measures it. The outbox holds only
/// events that could not be written to the log.
/// </summary>
internal sealed class EmbeddedEvents : ICommittedEvents
{
    private readonly FopWatchMetrics _metrics;
    private readonly TimeProvider _time;

    public EmbeddedEvents(EventLog log, OutboxLoop outbox, FopWatchMetrics metrics, TimeProvider time)
    {
        (_metrics, _time) = (metrics, time);
        log.Logged += Measure;
        log.Deferred += outbox.Wake;
    }

    public void Committed(OutboxEvent committed)
    {
        // The writer's thread raises Logged and Deferred.
    }

    private void Measure(IReadOnlyList<OutboxEvent> events)
    {
        var now = _time.GetUtcNow();
        foreach (var one in events)
            _metrics.Published(one.Key.Source, now - one.Time);
    }
}
