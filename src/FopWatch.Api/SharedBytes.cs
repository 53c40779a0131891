using System.Net;

namespace FopWatch.Api;

/// <summary>
/// Memory that bodies share. No owner gets more than what is left for others, and no address more than three times that: one owner alone
/// gets half of it, one address three quarters. Where there is no room, a body that has stalled loses its share to one that arrives.
/// </summary>
/// <param name="total">How many bytes there are.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedBytes(long total, TimeProvider time)
{
    /// <summary>How long a body may bring nothing before it loses its share to others.</summary>
    public static readonly TimeSpan Stalled = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<Share> _shares = [];
    private readonly Dictionary<string, long> _byOwner = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, long> _byAddress = [];
    private long _used;

    /// <summary>A share for a body, which has nothing yet.</summary>
    /// <param name="owner">On whose behalf the body is sent.</param>
    /// <param name="address">Where it comes from.</param>
    public Share Open(string owner, IPAddress address) => new(this, owner, address);

    private long Now => time.GetTimestamp();

    private bool TryTake(Share share, long bytes)
    {
        List<Share>? losers = null;
        bool taken;
        lock (_lock)
        {
            while (!(taken = HasRoom(share, bytes)) && !share.IsLost && LongestStalled(share) is { } loser)
            {
                Remove(loser);
                (losers ??= []).Add(loser);
            }

            taken = taken && !share.IsLost;
            if (taken)
                Add(share, bytes);
        }

        losers?.ForEach(loser => loser.Lose());
        return taken;
    }

    private bool HasRoom(Share share, long bytes)
    {
        var left = total - _used - bytes;
        return _byOwner.GetValueOrDefault(share.Owner) + bytes <= left
            && _byAddress.GetValueOrDefault(share.Address) + bytes <= 3 * left;
    }

    /// <summary>Of the owner that has most, the body that has brought nothing for longest.</summary>
    private Share? LongestStalled(Share other)
    {
        var now = time.GetTimestamp();
        return _shares
            .Where(share => share != other && !share.HasArrived && time.GetElapsedTime(share.ProgressedAt, now) >= Stalled)
            .MaxBy(share => (_byOwner[share.Owner], -share.ProgressedAt));
    }

    private void Add(Share share, long bytes)
    {
        _shares.Add(share);
        share.Bytes += bytes;
        Count(share, bytes);
    }

    private void Remove(Share share)
    {
        if (!_shares.Remove(share))
            return;
        Count(share, -share.Bytes);
        share.IsLost = true;
    }

    private void Count(Share share, long bytes)
    {
        _used += bytes;
        if ((_byOwner[share.Owner] = _byOwner.GetValueOrDefault(share.Owner) + bytes) == 0)
            _byOwner.Remove(share.Owner);
        if ((_byAddress[share.Address] = _byAddress.GetValueOrDefault(share.Address) + bytes) == 0)
            _byAddress.Remove(share.Address);
    }

    /// <summary>The memory of one body.</summary>
    internal sealed class Share(SharedBytes all, string owner, IPAddress address) : IDisposable
    {
        // Created on demand: a body that arrives at once never needs it.
        private CancellationTokenSource? _lost;

        public string Owner => owner;

        public IPAddress Address => address;

        public long Bytes { get; set; }

        /// <summary>Whether others have got the memory.</summary>
        public bool IsLost { get; set; }

        /// <summary>Whether the body has arrived: it can no longer lose its share then.</summary>
        public bool HasArrived { get; set; }

        public long ProgressedAt { get; private set; } = all.Now;

        /// <summary>Cancelled when others have got the memory.</summary>
        public CancellationToken Lost => LazyInitializer.EnsureInitialized(ref _lost).Token;

        /// <summary>Takes more bytes, if there is room.</summary>
        public bool TryTake(long bytes) => all.TryTake(this, bytes);

        /// <summary>The body has brought something.</summary>
        public void Progressed() => ProgressedAt = all.Now;

        public void Lose() => LazyInitializer.EnsureInitialized(ref _lost).Cancel();

        // Others may be about to cancel it, so the source of the token stays.
        public void Dispose()
        {
            if (Bytes == 0)
                return;
            lock (all._lock)
                all.Remove(this);
        }
    }
}
