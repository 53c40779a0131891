namespace FopWatch.Publishing;

/// <summary>
/// The broker refuses some events, or they cannot be sent to it. All the others of the call were published, except later ones of the same jobs.
/// </summary>
/// <param name="message">Why.</param>
/// <param name="events">The events that were refused.</param>
/// <param name="innerException">The first failure; null if there was none but their length.</param>
/// <param name="heldBack">Later events of their jobs, which were not sent; null if there is none.</param>
public sealed class UnpublishableEventsException(
    string message, IReadOnlyList<OutboxEvent> events, Exception? innerException, IReadOnlyList<OutboxEvent>? heldBack = null)
    : Exception(message, innerException)
{
    /// <summary>The events that were refused.</summary>
    public IReadOnlyList<OutboxEvent> Events { get; } = events;

    /// <summary>Later events of their jobs, which were not sent so that subscribers get the events of a job in order.</summary>
    public IReadOnlyList<OutboxEvent> HeldBack { get; } = heldBack ?? [];
}
