namespace FopWatch.Publishing;

/// <summary>The broker failed after it had taken some of the events of a call.</summary>
public sealed class PartlyPublishedException : Exception
{
    /// <summary>Without a reason.</summary>
    public PartlyPublishedException()
    {
    }

    /// <param name="message">What happened.</param>
    public PartlyPublishedException(string message)
        : base(message)
    {
    }

    /// <param name="message">What happened.</param>
    /// <param name="innerException">What the broker's client threw.</param>
    public PartlyPublishedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="published">The events that were published.</param>
    /// <param name="innerException">What the broker's client threw for the next one.</param>
    public PartlyPublishedException(IReadOnlyList<OutboxEvent> published, Exception innerException)
        : base($"The broker failed after it had taken {published?.Count} event(s).", innerException) => Published = published!;

    /// <summary>The events that were published.</summary>
    public IReadOnlyList<OutboxEvent> Published { get; } = [];
}
