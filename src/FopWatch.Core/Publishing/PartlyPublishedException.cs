namespace FopWatch.Publishing;

/// <summary>The broker failed after it had taken some of the events of a call.</summary>
/// <param name="published">The events that were published.</param>
/// <param name="innerException">What the broker's client threw for the next one.</param>
public sealed class PartlyPublishedException(IReadOnlyList<OutboxEvent> published, Exception innerException)
    : Exception($"The broker failed after it had taken {published.Count} event(s).", innerException)
{
    /// <summary>The events that were published.</summary>
    public IReadOnlyList<OutboxEvent> Published { get; } = published;
}
