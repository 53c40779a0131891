namespace FopWatch.Publishing;

/// <summary>
/// Is told of events as they are committed, so that they are published at once rather than by the next sweep. Nobody waits for the broker: while it is
/// down, notifications and all other requests are answered as usual, and the events wait in the outbox.
/// </summary>
public interface ICommittedEvents
{
    /// <summary>An event is in the outbox, and stays there until it is published. Returns at once and throws nothing.</summary>
    void Committed(OutboxEvent committed);
}
