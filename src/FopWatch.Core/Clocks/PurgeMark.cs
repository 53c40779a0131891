namespace FopWatch.Clocks;

/// <summary>How far purges have progressed. The store keeps it.</summary>
/// <param name="PurgedBefore">Everything older than this was purged; null before the first purge.</param>
/// <param name="DoubtedBefore">The limit of the first purge that was postponed because it would have gone too far (<see cref="SecondLook"/>); null if none is postponed.</param>
public sealed record PurgeMark(DateTimeOffset? PurgedBefore, DateTimeOffset? DoubtedBefore)
{
    /// <summary>
    /// How far a purge may go beyond the last one without delay. Purges run at least hourly, so a larger step means that no host ran for a
    /// while, that the retention was shortened, or that the clock jumped.
    /// </summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromHours(3);

    /// <summary>The mark before the first purge.</summary>
    public static PurgeMark None { get; } = new(null, null);

    /// <summary>Decides whether everything older than a time may be purged.</summary>
    /// <param name="before">The time.</param>
    /// <returns>The mark to write before the purge. The purge may go no further than its <see cref="PurgedBefore"/>.</returns>
    public PurgeMark Before(DateTimeOffset before)
    {
        if (PurgedBefore is { } purged && before - purged <= LongestStep)
            return new(before, null);

        // A time before the doubt proves that the clock was ahead then.
        if (DoubtedBefore is not { } doubted || before < doubted)
            return this with { DoubtedBefore = before };

        // The clock may have been right at the first look and be ahead now. Purge only what was old at both looks.
        return SecondLook.Decides(doubted, before) ? new PurgeMark(doubted, null).Before(before) : this;
    }
}

/// <summary>Stores the mark of purges.</summary>
public interface IPurgeMarks
{
    /// <summary>The mark.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<PurgeMark> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the mark.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask WriteAsync(PurgeMark mark, CancellationToken cancellationToken);
}

/// <summary>What a purge may delete.</summary>
/// <param name="Before">Everything older than this may be purged; null if nothing may be purged now.</param>
/// <param name="IsFirst">Whether this is the first purge of the store. The first purge always waits for a second look.</param>
public sealed record AllowedPurge(DateTimeOffset? Before, bool IsFirst);

/// <summary>Reads and advances the mark.</summary>
public static class PurgeMarks
{
    /// <summary>Decides how much of the data older than a time may be purged, and stores the decision.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    public static async ValueTask<AllowedPurge> AllowAsync(this IPurgeMarks marks, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var mark = await marks.ReadAsync(cancellationToken);
        var next = mark.Before(before);
        if (next != mark)
            await marks.WriteAsync(next, cancellationToken);
        return new(next.DoubtedBefore is null || next.PurgedBefore != mark.PurgedBefore ? next.PurgedBefore : null, mark.PurgedBefore is null);
    }
}
