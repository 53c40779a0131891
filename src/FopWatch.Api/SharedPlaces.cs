namespace FopWatch.Api;

/// <summary>
/// Places that owners share. An owner gets at most as many as are left for others: one owner alone gets half, the next half of the rest.
/// </summary>
/// <param name="total">The number of places.</param>
internal sealed class SharedPlaces(int total)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _byOwner = new(StringComparer.Ordinal);
    private int _used;

    /// <summary>Whether any place is taken.</summary>
    public bool IsInUse => Volatile.Read(ref _used) > 0;

    /// <summary>Takes a place.</summary>
    /// <returns>The place, to dispose of when it is free again; null if there is none for the owner.</returns>
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
