using System.Globalization;
using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>An event as it waits to be published, whole, so that every attempt publishes the same bytes under the same id.</summary>
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

    /// <summary>How often in a row it was refused.</summary>
    public int Refusals { get; init; }

    /// <summary>When it is tried again; null unless it was refused.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Why the stored event cannot be read, without anything of its content; null if it can. One that cannot is not for publishing.</summary>
    public string? Problem { get; init; }
}

/// <summary>The events that are committed and not yet published.</summary>
public interface IOutbox
{
    /// <summary>
    /// The oldest that may be published now, as <see cref="OutboxTurns"/> says; those of one job in the order of their versions. What is read
    /// at once ends at <see cref="PageLimit.Bytes"/>, so others may wait where there are fewer than asked for; an empty result means that none
    /// may be published now. Events that cannot be read are among them, with their <see cref="OutboxEvent.Problem"/>.
    /// </summary>
    ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Takes published events out. Those that are gone already are no error.</summary>
    ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken);

    /// <summary>Keeps how often events were refused, and when they are tried again. Those that are gone are no error.</summary>
    /// <param name="refused">The events, with their new <see cref="OutboxEvent.Refusals"/> and <see cref="OutboxEvent.RetryAt"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken);

    /// <summary>The most events that <see cref="DepthAsync"/> counts: while a broker is down for days, millions may wait.</summary>
    const int MostCounted = 1000;

    /// <summary>A count in words: "1000 or more" from <see cref="MostCounted"/> on.</summary>
    static string InWords(long count) => count < MostCounted
        ? count.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{MostCounted} or more");

    /// <summary>
    /// How many there are, where <see cref="MostCounted"/> stands for that many or more; and since when the oldest waits, null if there is none.
    /// </summary>
    ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken);

    /// <summary>How many of them were refused, or cannot be read; <see cref="MostCounted"/> stands for that many or more.</summary>
    ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken);
}

/// <summary>Hands events to subscribers.</summary>
public interface IEventPublisher
{
    /// <summary>
    /// Publishes events in this order. When it returns they are durable at the broker. Publishing one again is harmless: its id
    /// is the same.
    /// </summary>
    /// <exception cref="UnpublishableEventsException">Some of the events were refused. All others were published, or say why not.</exception>
    /// <exception cref="PartlyPublishedException">The broker failed after it had taken some of the events.</exception>
    /// <exception cref="Exception">Whatever the broker threw. Some of the events may have been published.</exception>
    ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken);
}
