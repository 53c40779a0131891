namespace FopWatch.Clocks;

/// <summary>How far purges have come, as the store remembers it.</summary>
/// <param name="PurgedBefore">What is older than this was purged; null before the first purge.</param>
/// <param name="DoubtedBefore">The same of the first purge that was put off because it would have gone too far (<see cref="SecondLook"/>); null if none is.</param>
public sealed record PurgeMark(DateTimeOffset? PurgedBefore, DateTimeOffset? DoubtedBefore)
{
    /// <summary>
    /// How much further than the last one a purge may go at once. Purges run at least hourly, so one that goes further follows a time
    /// in which no host ran, a shorter retention, or a jump of the clock.
    /// </summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromHours(3);

    /// <summary>Nothing was purged yet.</summary>
    public static PurgeMark None { get; } = new(null, null);

    /// <summary>Asks whether what is older than a time may be purged.</summary>
    /// <param name="before">The time.</param>
    /// <returns>The mark to be written before anything is purged. No more may be purged than its <see cref="PurgedBefore"/> says.</returns>
    public PurgeMark Before(DateTimeOffset before)
    {
        if (PurgedBefore is { } purged && before - purged <= LongestStep)
            return new(before, null);

        // A time before the doubt shows that the clock was ahead then.
        if (DoubtedBefore is not { } doubted || before < doubted)
            return this with { DoubtedBefore = before };

        // The clock may have been right at the first look and be ahead at this one: what the first would have purged is old by both.
        return SecondLook.Decides(doubted, before) ? new PurgeMark(doubted, null).Before(before) : this;
    }
}

/// <summary>Keeps the mark of purges.</summary>
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
/// <param name="Before">What is older than this; null if nothing may be purged now.</param>
/// <param name="IsFirst">Whether nothing was purged before. The first purge of a store always waits for a second look.</param>
public sealed record AllowedPurge(DateTimeOffset? Before, bool IsFirst);

/// <summary>Reads and moves the mark.</summary>
public static class PurgeMarks
{
    /// <summary>Asks how much of what is older than a time may be purged, and writes down the answer.</summary>
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
