namespace FopWatch.Api;

/// <summary>Counts events that strangers can cause in any number, and limits their log lines.</summary>
internal sealed class Tally
{
    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    private long _count;
    private long _loggedAt = long.MinValue;

    public long Count => Interlocked.Read(ref _count);

    /// <returns>The count, if it should be logged; null if it was logged within the last minute.</returns>
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
