using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Where the log begins and ends.</summary>
/// <param name="First">
/// The place of the oldest event that is still there; if there is none, the first place that the next event can have. Whoever knows only events before the
/// one before it may have missed events that were purged.
/// </param>
/// <param name="Last">The place of the last event that was ever published, purged or not; 0 if there was none.</param>
public readonly record struct LogBounds(long First, long Last);

/// <summary>The log of the published events, for those who follow it.</summary>
public interface IEventLog
{
    /// <summary>Is called once more is published; in no time, in any thread.</summary>
    event Action? Appended;

    /// <summary>Reads events in the order of the log. An event is there only once all before it are. An empty answer means that none follows.</summary>
    /// <param name="afterSeq">The place of the last event that is known already; 0 for the beginning.</param>
    /// <param name="limit">The most events; at least 1.</param>
    /// <param name="bytes">The bytes of bodies with which it is full: it ends with the event that reaches them.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long afterSeq, int limit, int bytes, CancellationToken cancellationToken);

    /// <summary>Where the log begins and ends.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<LogBounds> BoundsAsync(CancellationToken cancellationToken);

    /// <summary>The place before the first event that is not older than a time; the last place if all are.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<long> PlaceBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken);

    /// <summary>The place of a position that the event stream gave, or of a number alone; null if it is no position of this log.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<long?> PlaceOfAsync(string position, CancellationToken cancellationToken);
}
