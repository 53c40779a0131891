using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Upkeep;

/// <summary>The result of a sweep.</summary>
public sealed record Sweep
{
    /// <summary>The books of each source as last counted. Parts for which this sweep had no time keep the count of an earlier one.</summary>
    public required IReadOnlyList<Books> Books { get; init; }

    /// <summary>How many parts of the store this sweep counted, at least one.</summary>
    public int Counted { get; init; }

    /// <summary>How many parts the store has.</summary>
    public int Parts { get; init; }

    /// <summary>Whether the stored books differed from the count and were corrected. This should never happen.</summary>
    public bool BooksCorrected { get; init; }

    /// <summary>Open jobs that were in no index and are watched again. This should be 0.</summary>
    public required int Restored { get; init; }

    /// <summary>Polls that were delayed by a clock that was ahead, and were brought forward.</summary>
    public int BroughtForward { get; init; }

    /// <summary>Events that wait to be published; <see cref="IOutbox.MostCounted"/> means that many or more.</summary>
    public required long OutboxDepth { get; init; }

    /// <summary>How many of these events the broker refused or cannot be read.</summary>
    public long OutboxSetAside { get; init; }

    /// <summary>How long the oldest of these events has waited.</summary>
    public required TimeSpan OutboxAge { get; init; }

    /// <summary>Notifications in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Jobs of all sources that nothing will ever settle; must be 0.</summary>
    public long Unaccounted => Books.Sum(books => books.Unaccounted);
}

/// <summary>Checks that nothing was lost, and repairs what it can. Concurrent runs are harmless.</summary>
public sealed class Sweeper(
    IJobStore store,
    IOutbox outbox,
    IQuarantine quarantine,
    JobRecorder recorder,
    ClockSkewRepair far,
    FopWatchMetrics metrics,
    TimeProvider time)
{
    /// <summary>How long a sweep starts to count further parts of the store. The next sweep starts with the parts whose count is oldest.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private const int RestoredAtOnce = 1000;

    /// <summary>Runs one sweep.</summary>
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
            // Its next poll reports that it cannot be read.
            await store.SetAsideAsync(job, time.GetUtcNow(), cancellationToken);
        }
    }
}
