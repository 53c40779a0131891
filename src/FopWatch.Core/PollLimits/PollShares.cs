using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>
/// Leases shares of the sources' rates: each process that polls a source gets an equal part. A lease is renewed by the polls themselves, with
/// a read and a write every <see cref="Renewal"/>; a process that polls no more, or is killed, loses its part after <see cref="Length"/>.
/// </summary>
/// <remarks>
/// A process stops using what it gives back before it writes that, and uses what it is given only after that was written. By its own
/// clock a lease ends sooner than in the book, which goes on counting it for another window of the rate. So the sum holds in any window,
/// also where answers are lost or a process hangs.
/// </remarks>
/// <param name="leases">The leases of all processes.</param>
/// <param name="time">The clock; only elapsed time is read from it.</param>
/// <param name="owner">This process, unlike any other that is running: no blanks or semicolons, not empty.</param>
public sealed class PollShares(IPollLeases leases, TimeProvider time, string owner) : IPollShares
{
    // The store's clock may count whole seconds, and be several machines'.
    private static readonly TimeSpan ClockMargin = TimeSpan.FromSeconds(2);

    // That of the lowest Poll:PerSecond.
    private static readonly TimeSpan SlowestWindow = TimeSpan.FromSeconds(100);

    // So many instances that each would poll once in a long while; keeps the book short.
    private const int MostLeases = 300;

    // From this many polls a window on, one is left for a process that comes: it need not wait until the others have renewed their leases.
    private const int LeastWithReserve = 5;

    private const int Tries = 4;

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>How long a lease lasts.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after it was taken a lease is renewed; less than <see cref="Length"/>, by what trying again takes.</summary>
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often a process that has no share asks for one.</summary>
    public TimeSpan Waiting { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long after the store could not answer it is asked again.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async ValueTask<int> TakeAsync(Source source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var lane = _lanes.GetOrAdd(source.Name, static _ => new());
        if (!lane.IsToBeRenewed(time.GetTimestamp()))
            return lane.Usable(time.GetTimestamp());

        // One renews; meanwhile the others go on with what there is, if anything.
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
            // What is leased may be used until it is over.
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

    /// <summary>What the book is to say, or null if it may stay as it is; and how much of the rate is this process's then.</summary>
    private (List<PollLease>? Leases, int Polls) Share(IReadOnlyList<PollLease> before, PollRate rate, DateTimeOffset now)
    {
        // What nobody can have taken until now is from a clock that was ahead, and would hold its part for as long as it was.
        before = [.. before.Where(lease => lease.Until > now && lease.Until <= now + LongestLease(rate))];
        var others = before.Where(lease => lease.Owner != owner).ToList();
        var mine = before.FirstOrDefault(lease => lease.Owner == owner);
        var free = rate.Polls - others.Sum(lease => lease.Polls);

        // Those that come first by name get what is left over.
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

    /// <summary>How far ahead a lease may end that any process has just taken, whatever rate its settings give the source.</summary>
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
