namespace FopWatch.Publishing;

/// <summary>
/// The broker refuses some events, or they cannot be sent to it. All the others of the call were published, except later ones of the same jobs.
/// </summary>
public sealed class UnpublishableEventsException : Exception
{
    /// <summary>Without a reason.</summary>
    public UnpublishableEventsException()
    {
    }

    /// <param name="message">Why.</param>
    public UnpublishableEventsException(string message)
        : base(message)
    {
    }

    /// <param name="message">Why.</param>
    /// <param name="innerException">The first failure.</param>
    public UnpublishableEventsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="message">Why.</param>
    /// <param name="events">The events that were refused.</param>
    /// <param name="innerException">The first failure; null if there was none but their length.</param>
    /// <param name="heldBack">Later events of their jobs, which were not sent; null if there is none.</param>
    public UnpublishableEventsException(
        string message, IReadOnlyList<OutboxEvent> events, Exception? innerException, IReadOnlyList<OutboxEvent>? heldBack = null)
        : base(message, innerException) => (Events, HeldBack) = (events, heldBack ?? []);

    /// <summary>The events that were refused.</summary>
    public IReadOnlyList<OutboxEvent> Events { get; } = [];

    /// <summary>Later events of their jobs, which were not sent so that subscribers get the events of a job in order.</summary>
    public IReadOnlyList<OutboxEvent> HeldBack { get; } = [];
}
