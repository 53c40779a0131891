using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>
/// Leases shares of the sources' rates: each process that polls a source gets an equal part. Polls renew the lease, with a read and a write every
/// <see cref="Renewal"/>. A process that stops polling, or is killed, loses its part after <see cref="Length"/>.
/// </summary>
/// <remarks>
/// A process stops using a share before it writes that it gives the share back, and uses a new share only after it was written. By the process's
/// clock a lease ends sooner than in the book, which counts it for another window of the rate. So the sum holds in any window, even if answers are
/// lost or a process hangs.
/// </remarks>
/// <param name="leases">The leases of all processes.</param>
/// <param name="time">The clock, used only for elapsed time.</param>
/// <param name="owner">The name of this process, unique among running processes: not empty, no spaces or semicolons.</param>
public sealed class PollShares(IPollLeases leases, TimeProvider time, string owner) : IPollShares
{
    // The store's clock may have whole seconds, and may be the clocks of several machines.
    private static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(2);

    // The window of the lowest Poll:PerSecond.
    private static readonly TimeSpan SlowestWindow = TimeSpan.FromSeconds(100);

    // With this many instances each would poll rarely. It bounds the book.
    private const int MostLeases = 300;

    // From this rate on, one poll per window is reserved for a new process, so that it need not wait until the others renew their leases.
    private const int LeastWithReserve = 5;

    private const int Tries = 4;

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>How long a lease lasts.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The age at which a lease is renewed. It is less than <see cref="Length"/>, to leave time for retries.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The time between two requests of a process that has no share.</summary>
    public TimeSpan Waiting { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The time until a retry after the store could not answer.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async ValueTask<int> TakeAsync(Source source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var lane = _lanes.GetOrAdd(source.Name, static _ => new());
        if (!lane.IsToBeRenewed(time.GetTimestamp()))
            return lane.Usable(time.GetTimestamp());

        // One caller renews. Meanwhile the others use the current share, if there is one.
        if (lane.Usable(time.GetTimestamp()) is var usable && usable > 0)
        {
            if (!await lane.Turn.WaitAsync(TimeSpan.Zero, CancellationToken.None))
                return usable;
        }
        else
        {
            await lane.Turn.WaitAsync(cancellationToken);
        }

        try
        {
            if (lane.IsToBeRenewed(time.GetTimestamp()))
                await RenewAsync(source, lane, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The current lease may be used until it ends.
            lane.RenewIn(Retry, time);
        }
        finally
        {
            lane.Turn.Release();
        }

        return lane.Usable(time.GetTimestamp());
    }

    private async Task RenewAsync(Source source, Lane lane, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            var asked = time.GetTimestamp();
            var book = await leases.ReadAsync(source.Name, cancellationToken);
            var (next, polls) = Share(book.Leases, PollRate.Of(source), book.Now);
            lane.UseAtMost(polls);
            if (next is null || await leases.TryReplaceAsync(source.Name, next, book.ETag, cancellationToken))
            {
                lane.Use(polls, asked + Ticks(Length), asked + Ticks(polls > 0 ? Renewal : Waiting));
                return;
            }
        }

        lane.RenewIn(Retry, time);
    }

    /// <summary>The new content of the book, or null if it need not change, and the share of this process.</summary>
    private (List<PollLease>? Leases, int Polls) Share(IReadOnlyList<PollLease> before, PollRate rate, DateTimeOffset now)
    {
        // A lease that ends later than any possible one was written by a clock that was ahead. It would hold its part for as long as the clock was ahead.
        before = [.. before.Where(lease => lease.Until > now && lease.Until <= now + LongestLease(rate))];
        var others = before.Where(lease => lease.Owner != owner).ToList();
        var mine = before.FirstOrDefault(lease => lease.Owner == owner);
        var free = rate.Polls - others.Sum(lease => lease.Polls);

        // The first owners by name get the remainder.
        var owners = others.Select(lease => lease.Owner).Where(name => name.Length > 0).Append(owner).Distinct().Order(StringComparer.Ordinal).ToList();
        var shared = rate.Polls >= LeastWithReserve ? rate.Polls - 1 : rate.Polls;
        var fair = (shared / owners.Count) + (owners.IndexOf(owner) < shared % owners.Count ? 1 : 0);
        var polls = Math.Clamp(fair, 0, Math.Max(free, 0));
        if (polls == 0 && free > 0)
            polls = 1;

        if (polls == 0 && mine.Polls == 0 && (mine.Until > now + Waiting + ClockMargin || others.Count >= MostLeases))
            return (null, 0);
        if (others.Count >= MostLeases && mine.Owner is null)
            return (null, 0);

        var counted = rate.Window + ClockMargin;
        others.Add(new(owner, polls, now + Length + counted));
        if (mine.Polls > polls)
            others.Add(new("", mine.Polls - polls, now + counted));
        return (others, polls);
    }

    // The latest end of a new lease of any process, whatever rate its settings give the source.
    private TimeSpan LongestLease(PollRate rate) => Length + (rate.Window > SlowestWindow ? rate.Window : SlowestWindow) + (2 * ClockMargin);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private sealed class Lane
    {
        private readonly Lock _lock = new();
        private int _polls;
        private long _until = long.MinValue;
        private long _renewAt = long.MinValue;

        public SemaphoreSlim Turn { get; } = new(1);

        public bool IsToBeRenewed(long now)
        {
            lock (_lock)
                return now >= _renewAt;
        }

        public int Usable(long now)
        {
            lock (_lock)
                return now < _until ? _polls : 0;
        }

        public void UseAtMost(int polls)
        {
            lock (_lock)
                _polls = Math.Min(_polls, polls);
        }

        public void Use(int polls, long until, long renewAt)
        {
            lock (_lock)
                (_polls, _until, _renewAt) = (polls, until, renewAt);
        }

        public void RenewIn(TimeSpan wait, TimeProvider time)
        {
            lock (_lock)
                _renewAt = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
        }
    }
}
