using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Upkeep;

/// <summary>What a sweep found.</summary>
public sealed record Sweep
{
    /// <summary>How many jobs of each source are where, as last counted: by this sweep, or by one before where there was no time for all parts.</summary>
    public required IReadOnlyList<Books> Books { get; init; }

    /// <summary>How many parts of the store this sweep counted, at least one.</summary>
    public int Counted { get; init; }

    /// <summary>How many parts there are.</summary>
    public int Parts { get; init; }

    /// <summary>Whether a store had kept other figures than it counted, and has corrected them. There should be no need.</summary>
    public bool BooksCorrected { get; init; }

    /// <summary>Open jobs that were in no index and are watched again. There should have been none.</summary>
    public required int Restored { get; init; }

    /// <summary>Polls that a clock which was ahead had put off, and that are due sooner now.</summary>
    public int BroughtForward { get; init; }

    /// <summary>Events that wait to be published; <see cref="IOutbox.MostCounted"/> stands for that many or more.</summary>
    public required long OutboxDepth { get; init; }

    /// <summary>How many of them were refused by the broker, or cannot be read.</summary>
    public long OutboxSetAside { get; init; }

    /// <summary>How long the oldest of them has waited.</summary>
    public required TimeSpan OutboxAge { get; init; }

    /// <summary>Notifications in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Jobs that nothing will ever settle, over all sources; not 0 is a fault.</summary>
    public long Unaccounted => Books.Sum(books => books.Unaccounted);
}

/// <summary>Checks now and then that nothing was lost, and repairs what can be repaired. Harmless to run twice at once.</summary>
public sealed class Sweeper(
    IJobStore store,
    IOutbox outbox,
    IQuarantine quarantine,
    JobRecorder recorder,
    ClockSkewRepair far,
    FopWatchMetrics metrics,
    TimeProvider time)
{
    /// <summary>How long a sweep begins to count further parts of the store. The next sweep goes on with those that were counted the longest ago.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private const int RestoredAtOnce = 1000;

    /// <summary>Does one sweep.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<Sweep> SweepAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var (restored, counted, corrected, books) = (0, 0, false, new List<Books>());
        var parts = await store.PartsAsync(cancellationToken);
        foreach (var part in parts.OrderBy(part => part.CountedAt is { } at && at <= time.GetUtcNow() ? at : DateTimeOffset.MinValue))
        {
            if (counted > 0 && time.GetElapsedTime(began) >= Longest)
            {
                books.AddRange(part.Books);
                continue;
            }

            var count = await store.CountAsync(part.Name, RestoredAtOnce, cancellationToken);
            corrected |= count.WereCorrected;
            if (count.Unwatched.Count > 0)
            {
                foreach (var key in count.Unwatched)
                    await RestoreAsync(key, cancellationToken);
                restored += count.Unwatched.Count;
                count = await store.CountAsync(part.Name, RestoredAtOnce, cancellationToken);
            }

            books.AddRange(count.Books);
            counted++;
        }

        var (depth, oldest) = await outbox.DepthAsync(cancellationToken);
        var sweep = new Sweep
        {
            Books = [.. books.GroupBy(of => of.Source, StringComparer.Ordinal).Select(of => of.Aggregate((sum, part) => sum.Plus(part)))],
            Counted = counted,
            Parts = parts.Count,
            BooksCorrected = corrected,
            Restored = restored,
            BroughtForward = await far.BringForwardAsync(cancellationToken),
            OutboxDepth = depth,
            OutboxSetAside = depth == 0 ? 0 : await outbox.CountSetAsideAsync(cancellationToken),
            OutboxAge = oldest is { } since && time.GetUtcNow() - since is var age && age > TimeSpan.Zero ? age : TimeSpan.Zero,
            Quarantined = await quarantine.CountAsync(cancellationToken),
        };
        metrics.Swept(sweep);
        return sweep;
    }

    private async Task RestoreAsync(JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            await recorder.RecordAsync(key, new DecisionInput.RestoreWatch(), cancellationToken);
        }
        catch (UnreadableJobException unreadable) when (unreadable.Job is { } job)
        {
            // Its poll will say so.
            await store.SetAsideAsync(job, time.GetUtcNow(), cancellationToken);
        }
    }
}
