using System.Diagnostics;
using System.Numerics;

namespace FopWatch.Load.Generating;

/// <summary>Durations from 1 µs in buckets at most 1.6 % wide. Not thread-safe.</summary>
internal sealed class Histogram
{
    private const int Halving = 64;

    private readonly long[] _counts = new long[Halving * 40];
    private long _longest;

    public long Count { get; private set; }

    public TimeSpan Longest => TimeSpan.FromMicroseconds(_longest);

    public void Add(long fromTimestamp) => Add(Stopwatch.GetElapsedTime(fromTimestamp));

    public void Add(TimeSpan duration)
    {
        var microseconds = Math.Max(0, (long)duration.TotalMicroseconds);
        _counts[BucketOf(microseconds)]++;
        _longest = Math.Max(_longest, microseconds);
        Count++;
    }

    public void Add(Histogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        _longest = Math.Max(_longest, other._longest);
        Count += other.Count;
    }

    /// <summary>The longest duration of the bucket that contains the given quantile; null without durations.</summary>
    public TimeSpan? Quantile(double share)
    {
        if (Count == 0)
            return null;
        var rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        var bucket = 0;
        for (var below = _counts[0]; below < rank; below += _counts[bucket])
            bucket++;
        return TimeSpan.FromMicroseconds(Math.Min(_longest, LastOf(bucket)));
    }

    // The first 2 × 64 buckets are 1 µs wide, the next 64 are 2 µs wide, and so on.
    private static int BucketOf(long microseconds)
    {
        var doublings = Math.Max(0, BitOperations.Log2((ulong)microseconds) - BitOperations.Log2(Halving));
        return (doublings * Halving) + (int)(microseconds >> doublings);
    }

    private static long LastOf(int bucket)
    {
        var doublings = Math.Max(0, (bucket / Halving) - 1);
        return ((bucket - (doublings * Halving) + 1L) << doublings) - 1;
    }
}
