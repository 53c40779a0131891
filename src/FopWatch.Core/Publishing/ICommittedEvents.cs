namespace FopWatch.Publishing;

/// <summary>Is told of events as they are committed, so that they are published at once rather than by the next sweep.</summary>
public interface ICommittedEvents
{
    /// <summary>An event is in the outbox. It stays there until it is published, so nothing here may fail the caller.</summary>
    ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken);
}
