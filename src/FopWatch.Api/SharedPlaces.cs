namespace FopWatch.Api;

/// <summary>
/// Places that owners share. No owner gets more than what is left for others: one owner alone gets half, the next one half of the rest.
/// </summary>
/// <param name="total">How many places there are.</param>
internal sealed class SharedPlaces(int total)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _byOwner = new(StringComparer.Ordinal);
    private int _used;

    /// <summary>Whether any place is taken.</summary>
    public bool IsInUse => Volatile.Read(ref _used) > 0;

    /// <summary>Takes a place.</summary>
    /// <param name="owner">On whose behalf.</param>
    /// <returns>To be disposed of when it is free again; null if there is none for the owner.</returns>
    public IDisposable? TryTake(string owner)
    {
        lock (_lock)
        {
            var owned = _byOwner.GetValueOrDefault(owner) + 1;
            if (owned > total - _used - 1)
                return null;
            _byOwner[owner] = owned;
            _used++;
            return new Place(this, owner);
        }
    }

    private void Leave(string owner)
    {
        lock (_lock)
        {
            _used--;
            if (--_byOwner[owner] == 0)
                _byOwner.Remove(owner);
        }
    }

    private sealed class Place(SharedPlaces all, string owner) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                all.Leave(owner);
        }
    }
}
