namespace FopWatch.Publishing;

/// <summary>
/// The broker refused some events, or they cannot be sent. All other events of the call were published, except later events of the same jobs.
/// </summary>
/// <param name="message">The reason.</param>
/// <param name="events">The events that were refused.</param>
/// <param name="innerException">The first failure; null if the events were only too long.</param>
/// <param name="heldBack">Later events of the same jobs, which were not sent; null if there are none.</param>
public sealed class UnpublishableEventsException(
    string message, IReadOnlyList<OutboxEvent> events, Exception? innerException, IReadOnlyList<OutboxEvent>? heldBack = null)
    : Exception(message, innerException)
{
    /// <summary>The events that were refused.</summary>
    public IReadOnlyList<OutboxEvent> Events { get; } = events;

    /// <summary>Later events of the same jobs. They were not sent, so that subscribers get the events of a job in order.</summary>
    public IReadOnlyList<OutboxEvent> HeldBack { get; } = heldBack ?? [];
}
