using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Local.Hosting;

/// <summary>The embedded host's log has an event as soon as its job is committed. Only events that could not be written with their jobs need the loop.</summary>
internal sealed class LoggedEvents(EventLog log, OutboxLoop outbox, FopWatchMetrics metrics, TimeProvider time) : ICommittedEvents
{
    public ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken)
    {
        if (log.TakeDeferred(committed.Id))
            return outbox.CommittedAsync(committed, cancellationToken);
        metrics.Published(committed.Key.Source, time.GetUtcNow() - committed.Time);
        return ValueTask.CompletedTask;
    }
}
