using System.Globalization;
using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>A waiting event, with its whole body, so that every attempt publishes the same bytes under the same id.</summary>
public sealed record OutboxEvent
{
    /// <summary>The CloudEvents id; see <see cref="JobEvents.IdOf"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The job.</summary>
    public required JobKey Key { get; init; }

    /// <summary>The job's version; with the key it identifies the event.</summary>
    public required long Version { get; init; }

    /// <summary>The CloudEvents type.</summary>
    public required string Type { get; init; }

    /// <summary>When the change was recorded.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The whole CloudEvent in structured mode, as UTF-8 JSON.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The number of consecutive refusals.</summary>
    public int Refusals { get; init; }

    /// <summary>When it is retried; null unless it was refused.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Why the stored event cannot be read, without its content; null if it can. An unreadable event must not be published.</summary>
    public string? Problem { get; init; }
}

/// <summary>The events that are committed but not yet published.</summary>
public interface IOutbox
{
    /// <summary>
    /// The oldest events that may be published now according to <see cref="OutboxTurns"/>; those of one job in the order of their versions. One read ends at
    /// <see cref="PageLimit.Bytes"/>, so more events may wait even if the result is shorter than the limit. An empty result means that no event may be published
    /// now. Unreadable events are included, with their <see cref="OutboxEvent.Problem"/>.
    /// </summary>
    ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Removes published events. Removing a missing event is not an error.</summary>
    ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken);

    /// <summary>Stores how often events were refused, and when to retry them. A missing event is not an error.</summary>
    /// <param name="refused">The events, with their new <see cref="OutboxEvent.Refusals"/> and <see cref="OutboxEvent.RetryAt"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken);

    /// <summary>The most events that <see cref="DepthAsync"/> counts. Millions may wait after a broker was down for days.</summary>
    const int MostCounted = 1000;

    /// <summary>A count as text: "1000 or more" from <see cref="MostCounted"/> on.</summary>
    static string InWords(long count) => count < MostCounted
        ? count.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{MostCounted} or more");

    /// <summary>
    /// The number of events, where <see cref="MostCounted"/> means that many or more, and the time of the oldest; null if there is none.
    /// </summary>
    ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken);

    /// <summary>How many events were refused or cannot be read; <see cref="MostCounted"/> means that many or more.</summary>
    ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken);
}

/// <summary>Publishes events to subscribers.</summary>
public interface IEventPublisher
{
    /// <summary>
    /// Publishes events in the given order. When it returns, they are durable at the broker. Publishing an event again is harmless, because its
    /// id is the same.
    /// </summary>
    /// <exception cref="UnpublishableEventsException">Some events were refused. All others were published, except those that the exception lists as held back.</exception>
    /// <exception cref="PartlyPublishedException">The broker failed after it had accepted some events.</exception>
    /// <exception cref="Exception">The exception of the broker's client. Some events may have been published.</exception>
    ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken);
}
