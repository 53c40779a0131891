using System.Collections.Concurrent;
using FopWatch.Providers;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Keeps one source from holding all of an instance's activities (<c>maxConcurrentActivityFunctions</c> in host.json): those of a source
/// whose status API is slow, or whose polls wait for their turn, would keep the other sources' jobs from being polled. A poll that finds
/// no slot, or whose instance has no share of the source's rate, waits as a durable timer, which holds nothing and may end at another instance.
/// </summary>
public sealed class PollSlots(TimeProvider time, IPollShares? shares = null)
{
    /// <summary>The most polls of a source at once, in each instance.</summary>
    public const int MostPerSource = 8;

    /// <summary>The shortest wait for a slot.</summary>
    public static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>Takes a slot, to be disposed of after the poll; null if none is free, or other instances have the source's whole rate.</summary>
    internal async ValueTask<IDisposable?> TryTakeAsync(Source source, CancellationToken cancellationToken)
    {
        if (shares is not null && await shares.TakeAsync(source, cancellationToken) == 0)
            return null;
        var lane = LaneOf(source);
        return await lane.Slots.WaitAsync(0, cancellationToken) ? new Slot(lane.Slots) : null;
    }

    /// <summary>When to try again: one after the other, as far apart as the source's polls have to be.</summary>
    internal DateTimeOffset Postpone(Source source)
    {
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

    // So few that the last has its turn within seconds: a slower source has fewer.
    private Lane LaneOf(Source source) =>
        _lanes.GetOrAdd(source.Name, static (_, perSecond) => new((int)Math.Clamp(perSecond * 5, 1, MostPerSource)), source.Poll.PerSecond);

    private sealed class Lane(int slots)
    {
        public SemaphoreSlim Slots { get; } = new(slots);

        public long? Last { get; set; }
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
