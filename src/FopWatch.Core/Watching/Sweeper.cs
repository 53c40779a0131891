using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Watching;

/// <summary>What a sweep found.</summary>
public sealed record Sweep
{
    /// <summary>How many jobs of each source are where.</summary>
    public required IReadOnlyList<Books> Books { get; init; }

    /// <summary>Open jobs that were in no index and are watched again. There should have been none.</summary>
    public required int Restored { get; init; }

    /// <summary>Events that wait to be published.</summary>
    public required long OutboxDepth { get; init; }

    /// <summary>How long the oldest of them has waited.</summary>
    public required TimeSpan OutboxAge { get; init; }

    /// <summary>Notifications in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Jobs that nothing will ever settle, over all sources; not 0 is a fault.</summary>
    public long Unaccounted => Books.Sum(books => books.Unaccounted);
}

/// <summary>Checks now and then that nothing was lost, and mends what can be mended. Harmless to run twice at once.</summary>
public sealed class Sweeper(
    IJobStore store,
    IOutbox outbox,
    IQuarantine quarantine,
    JobRecorder recorder,
    TimeProvider time)
{
    private const int RestoredAtOnce = 1000;

    /// <summary>Does one sweep.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<Sweep> SweepAsync(CancellationToken cancellationToken)
    {
        var unwatched = await store.UnwatchedAsync(RestoredAtOnce, cancellationToken);
        foreach (var key in unwatched)
            await recorder.RestoreWatchAsync(key, cancellationToken);

        var (depth, oldest) = await outbox.DepthAsync(cancellationToken);
        var sweep = new Sweep
        {
            Books = await store.BooksAsync(cancellationToken),
            Restored = unwatched.Count,
            OutboxDepth = depth,
            OutboxAge = oldest is { } since ? time.GetUtcNow() - since : TimeSpan.Zero,
            Quarantined = await quarantine.CountAsync(cancellationToken),
        };
        Telemetry.Swept(sweep, time);
        return sweep;
    }
}
