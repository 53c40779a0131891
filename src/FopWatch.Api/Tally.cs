namespace FopWatch.Api;

/// <summary>Counts what strangers can cause any number of, and says when it is worth a line in the log.</summary>
internal sealed class Tally
{
    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    private long _count;
    private long _loggedAt = long.MinValue;

    public long Count => Interlocked.Read(ref _count);

    /// <summary>Counts one.</summary>
    /// <returns>How many there were, if that is to be logged; null if it was done lately.</returns>
    public long? Add(TimeProvider time)
    {
        var count = Interlocked.Increment(ref _count);
        var (last, now) = (Interlocked.Read(ref _loggedAt), time.GetTimestamp());
        return (last == long.MinValue || time.GetElapsedTime(last, now) >= LogEvery)
            && Interlocked.CompareExchange(ref _loggedAt, now, last) == last
                ? count
                : null;
    }
}
