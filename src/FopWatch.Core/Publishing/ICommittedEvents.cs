namespace FopWatch.Publishing;

/// <summary>
/// Receives events as they are committed, so that they are published at once rather than by the next sweep. Nothing waits for the broker. While it is down,
/// requests are answered as usual, and the events wait in the outbox.
/// </summary>
public interface ICommittedEvents
{
    /// <summary>An event was committed to the outbox, where it stays until it is published. Returns at once and never throws.</summary>
    void Committed(OutboxEvent committed);
}
