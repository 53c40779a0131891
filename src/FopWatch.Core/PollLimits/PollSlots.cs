using System.Collections.Concurrent;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>How many polls of a source may be under way at once in one process.</summary>
/// <param name="SecondsOfRate">So many seconds of the source's poll rate.</param>
/// <param name="Least">The fewest.</param>
/// <param name="Most">The most.</param>
public sealed record PollSlotOptions(double SecondsOfRate, int Least, int Most)
{
    /// <summary>Those of the embedded host: enough for the rate at a slow status API, and few enough to spare it.</summary>
    public static PollSlotOptions Embedded { get; } = new(2, 4, 64);

    /// <summary>
    /// Those of the cloud host, whose instances run few activities at once (<c>maxConcurrentActivityFunctions</c> in host.json). So few that the
    /// last has its turn within seconds: a slower source has fewer.
    /// </summary>
    public static PollSlotOptions Cloud { get; } = new(5, 1, 8);
}

/// <summary>
/// Decides how many polls of a source may be under way at once in a process. <see cref="PollPacer"/> decides how many may be sent in a second.
/// </summary>
/// <remarks>Without slots, the polls of a source whose status API is slow would keep the other sources' jobs from being polled. Thread-safe.</remarks>
/// <param name="options">How many there are.</param>
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

    /// <summary>Takes a slot, to be disposed of after the poll; null if none is free, or other processes have the source's whole rate.</summary>
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

    /// <summary>When to try again: one after the other, as far apart as the source's polls have to be.</summary>
    public DateTimeOffset Postpone(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var lane = LaneOf(source);
        lock (lane)
        {
            // Not by the clock: one that was ahead would put all further polls off.
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
