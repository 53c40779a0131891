namespace FopWatch.Sqlite;

/// <summary>A set of jobs by <c>seq</c>, with a bit per job. Jobs that are registered one after another share a page of bits.</summary>
internal sealed class JobSet
{
    private const int PageShift = 12;
    private const int PageMask = (1 << PageShift) - 1;

    private readonly Dictionary<long, ulong[]> _pages = [];
    private (long Number, ulong[] Bits) _recent = (-1, []);

    /// <summary>No job in the set has a greater <c>seq</c>.</summary>
    public long Greatest { get; private set; } = -1;

    public void Add(long seq)
    {
        Greatest = Math.Max(Greatest, seq);
        var number = seq >> PageShift;
        if (Page(number) is not { } bits)
            _pages.Add(number, bits = new ulong[(1 << PageShift) / 64]);
        bits[(seq & PageMask) >> 6] |= 1UL << (int)(seq & 63);
    }

    public bool Contains(long seq) => Page(seq >> PageShift) is { } bits && (bits[(seq & PageMask) >> 6] & (1UL << (int)(seq & 63))) != 0;

    /// <summary>Removes the jobs that are not in another set.</summary>
    /// <returns>This set.</returns>
    public JobSet And(JobSet other)
    {
        Greatest = Math.Min(Greatest, other.Greatest);
        foreach (var (number, bits) in _pages)
        {
            var others = other.Page(number);
            for (var i = 0; i < bits.Length; i++)
                bits[i] &= others?[i] ?? 0;
        }

        return this;
    }

    private ulong[]? Page(long number)
    {
        if (_recent.Number == number)
            return _recent.Bits;
        if (!_pages.TryGetValue(number, out var bits))
            return null;
        _recent = (number, bits);
        return bits;
    }
}
