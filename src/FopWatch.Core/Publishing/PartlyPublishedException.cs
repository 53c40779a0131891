namespace FopWatch.Publishing;

/// <summary>The broker failed after it had accepted some events of a call.</summary>
/// <param name="published">The events that were published.</param>
/// <param name="innerException">The exception of the broker's client for the next event.</param>
public sealed class PartlyPublishedException(IReadOnlyList<OutboxEvent> published, Exception innerException)
    : Exception($"The broker failed after it had accepted {published.Count} event(s).", innerException)
{
    /// <summary>The events that were published.</summary>
    public IReadOnlyList<OutboxEvent> Published { get; } = published;
}
