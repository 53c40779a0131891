using System.Net;

namespace FopWatch.Api;

/// <summary>
/// Memory that bodies share. An owner gets at most as much as is left for others, and an address at most three times as much: one owner alone gets
/// half, one address three quarters. If there is no room, a stalled body loses its share to an arriving one.
/// </summary>
/// <param name="total">The total, in bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedBytes(long total, TimeProvider time)
{
    /// <summary>The time without progress after which a body may lose its share to others.</summary>
    public static readonly TimeSpan Stalled = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly HashSet<Share> _shares = [];
    private readonly Dictionary<string, long> _byOwner = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, long> _byAddress = [];
    private long _used;

    /// <summary>An empty share for a body.</summary>
    /// <param name="owner">The owner of the body.</param>
    /// <param name="address">The address of the sender.</param>
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

    /// <summary>The stalled body of the owner with the most memory, the one without progress for the longest time.</summary>
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

        /// <summary>Whether the memory was given to others.</summary>
        public bool IsLost { get; set; }

        /// <summary>Whether the body is complete, and so cannot lose its share.</summary>
        public bool HasArrived { get; set; }

        public long ProgressedAt { get; private set; } = all.Now;

        /// <summary>Cancelled when the memory is given to others.</summary>
        public CancellationToken Lost => LazyInitializer.EnsureInitialized(ref _lost).Token;

        /// <summary>Takes more bytes, if there is room.</summary>
        public bool TryTake(long bytes) => all.TryTake(this, bytes);

        public void Progressed() => ProgressedAt = all.Now;

        public void Lose() => LazyInitializer.EnsureInitialized(ref _lost).Cancel();

        // The token source is not disposed, because another thread may be about to cancel it.
        public void Dispose()
        {
            if (Bytes == 0)
                return;
            lock (all._lock)
                all.Remove(this);
        }
    }
}
