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

    /// <summary>Whether nothing may be purged for now.</summary>
    public bool IsPutOff => DoubtedBefore is not null;

    /// <summary>Asks whether what is older than a time may be purged.</summary>
    /// <param name="before">The time.</param>
    /// <returns>The mark to be written before anything is purged.</returns>
    public PurgeMark Before(DateTimeOffset before)
    {
        if (PurgedBefore is { } purged && before - purged <= LongestStep)
            return new(before, null);

        // A time before the doubt shows that the clock was ahead then.
        return DoubtedBefore is not { } doubted || before < doubted ? this with { DoubtedBefore = before }
            : SecondLook.Decides(doubted, before) ? new(before, null)
            : this;
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

/// <summary>Reads and moves the mark.</summary>
public static class PurgeMarks
{
    /// <summary>Asks whether what is older than a time may be purged, and writes down the answer.</summary>
    /// <returns>The mark as it is now.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    public static async ValueTask<PurgeMark> AskAsync(this IPurgeMarks marks, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var mark = await marks.ReadAsync(cancellationToken);
        var next = mark.Before(before);
        if (next != mark)
            await marks.WriteAsync(next, cancellationToken);
        return next;
    }
}
