using System.Collections.Concurrent;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>The limit of concurrent polls of a source in one process.</summary>
/// <param name="SecondsOfRate">The limit, as seconds of the source's poll rate.</param>
/// <param name="Least">The lower bound of the limit.</param>
/// <param name="Most">The upper bound of the limit.</param>
public sealed record PollSlotOptions(double SecondsOfRate, int Least, int Most)
{
    /// <summary>The limit of the embedded host: enough to reach the rate with a slow status API, and few enough not to overload it.</summary>
    public static PollSlotOptions Embedded { get; } = new(2, 4, 64);

    /// <summary>
    /// The limit of the cloud host, whose instances run few activities at once (<c>maxConcurrentActivityFunctions</c> in host.json). It is so low that
    /// the last poll gets its turn within seconds. A slower source has a lower limit.
    /// </summary>
    public static PollSlotOptions Cloud { get; } = new(5, 1, 8);
}

/// <summary>
/// Limits the concurrent polls of a source in a process. <see cref="PollPacer"/> limits the polls per second.
/// </summary>
/// <remarks>Without slots, a source with a slow status API would block the polls of other sources. Thread-safe.</remarks>
/// <param name="options">The limit.</param>
/// <param name="time">The clock.</param>
/// <param name="shares">The process's shares of the sources' rates; null if it polls alone.</param>
public sealed class PollSlots(PollSlotOptions options, TimeProvider time, IPollShares? shares = null)
{
    /// <summary>The shortest wait for a slot.</summary>
    public static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>How many slots a source has.</summary>
    public int Of(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return (int)Math.Clamp(source.Poll.PerSecond * options.SecondsOfRate, options.Least, options.Most);
    }

    /// <summary>Takes a slot; null if none is free, or if other processes use the source's whole rate. Dispose of the slot after the poll.</summary>
    public async ValueTask<IDisposable?> TryTakeAsync(Source source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (shares is not null && await shares.TakeAsync(source, cancellationToken) == 0)
            return null;
        var lane = LaneOf(source);
        lock (lane)
        {
            if (lane.Taken >= Of(source))
                return null;
            lane.Taken++;
        }

        return new Slot(lane);
    }

    /// <summary>The time of the next attempt. Attempts are spaced like the source's polls.</summary>
    public DateTimeOffset Postpone(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var lane = LaneOf(source);
        lock (lane)
        {
            // Not by the wall clock: a clock that was ahead would postpone all further polls.
            var now = time.GetTimestamp();
            var soonest = now + Ticks(ShortestWait);
            var next = lane.Last is { } last ? last + Ticks(TimeSpan.FromSeconds(1 / source.Poll.PerSecond)) : soonest;
            lane.Last = Math.Max(next, soonest);
            return time.GetUtcNow() + time.GetElapsedTime(now, lane.Last.Value);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private Lane LaneOf(Source source) => _lanes.GetOrAdd(source.Name, static _ => new());

    private sealed class Lane
    {
        public int Taken { get; set; }

        public long? Last { get; set; }
    }

    private sealed class Slot(Lane lane) : IDisposable
    {
        private bool _isTaken = true;

        public void Dispose()
        {
            lock (lane)
            {
                if (_isTaken)
                    lane.Taken--;
                _isTaken = false;
            }
        }
    }
}
