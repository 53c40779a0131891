using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>The first and the last position of the log.</summary>
/// <param name="First">
/// The position of the oldest remaining event; if there is none, the first possible position of the next event. A reader whose last position is less than
/// <paramref name="First"/> - 1 may have missed purged events.
/// </param>
/// <param name="Last">The position of the last event ever published, purged or not; 0 if there was none.</param>
public readonly record struct LogBounds(long First, long Last);

/// <summary>The log of published events, for its readers.</summary>
public interface IEventLog
{
    /// <summary>Raised on any thread after more events were published. Handlers must return quickly.</summary>
    event Action? Appended;

    /// <summary>Reads events in the order of the log. An event appears only after all events before it. An empty result means that no event follows.</summary>
    /// <param name="afterSeq">The position of the last event that the caller has; 0 for the beginning.</param>
    /// <param name="limit">The most events to return; at least 1.</param>
    /// <param name="bytes">The size limit of all bodies, in bytes. The result ends with the event that reaches it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long afterSeq, int limit, int bytes, CancellationToken cancellationToken);

    /// <summary>The first and the last position of the log.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<LogBounds> BoundsAsync(CancellationToken cancellationToken);

    /// <summary>The position before the first event that is not older than a time; the last position if all events are older.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<long> PositionBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken);

    /// <summary>The position that a text names: an id of the event stream, or a plain number. Null if it is not a position of this log.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<long?> PositionOfAsync(string text, CancellationToken cancellationToken);
}
