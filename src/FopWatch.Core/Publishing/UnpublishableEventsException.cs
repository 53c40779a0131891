namespace FopWatch.Publishing;

/// <summary>Some events cannot be published, whatever is tried. All the others of the call were published.</summary>
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
    /// <param name="events">The events that were not published.</param>
    /// <param name="innerException">The first failure; null if there was none but their length.</param>
    public UnpublishableEventsException(string message, IReadOnlyList<OutboxEvent> events, Exception? innerException)
        : base(message, innerException) => Events = events;

    /// <summary>The events that were not published.</summary>
    public IReadOnlyList<OutboxEvent> Events { get; } = [];
}
