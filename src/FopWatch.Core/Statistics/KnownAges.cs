namespace FopWatch.Statistics;

/// <summary>
/// At what ages the jobs of a class were over: for each of <see cref="AgeBuckets"/> how many reached it unfinished, how many were over in it, and how
/// many seconds they were in it unfinished. All are sums, so that any number of processes add to them in any order.
/// </summary>
public sealed class KnownAges
{
    private readonly double[] _reached = new double[AgeBuckets.Count];
    private readonly double[] _over = new double[AgeBuckets.Count];
    private readonly double[] _seconds = new double[AgeBuckets.Count];

    /// <summary>How many jobs reached each bucket unfinished.</summary>
    public ReadOnlySpan<double> Reached => _reached;

    /// <summary>How many jobs were over in each bucket.</summary>
    public ReadOnlySpan<double> Over => _over;

    /// <summary>How many seconds jobs were in each bucket and not over.</summary>
    public ReadOnlySpan<double> Seconds => _seconds;

    /// <summary>How many jobs were over in all.</summary>
    public double Jobs => _over.Sum();

    /// <summary>Adds a job that was over between two ages. Where in between is not known: any factor of age is as likely as any other.</summary>
    /// <param name="after">The age in seconds at which it was last seen unfinished; 0 if it never was.</param>
    /// <param name="by">The age at which it was known to be over; at least <paramref name="after"/>.</param>
    /// <param name="weight">How many such jobs.</param>
    public void AddOver(double after, double by, double weight = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfLessThan(by, after);
        var from = Math.Max(after, 1);
        var octaves = by > from ? Math.Log(by / from) : 0;
        if (octaves < 1e-9)
        {
            _over[AgeBuckets.Of(by)] += weight;
            AddOpen(0, by, weight);
            return;
        }

        AddOpen(0, from, weight);
        for (var (bucket, at) = (AgeBuckets.Of(from), from); at < by; bucket++)
        {
            var to = bucket == AgeBuckets.Count - 1 ? by : Math.Min(by, AgeBuckets.From(bucket + 1));
            if (at > from)
                _reached[bucket] += weight * (1 - (Math.Log(at / from) / octaves));
            _over[bucket] += weight * Math.Log(to / at) / octaves;
            _seconds[bucket] += weight * (SecondsOpen(to) - SecondsOpen(at));
            at = to;
        }

        // The integral of the share that is not over: 1 - ln(t / from) / ln(by / from).
        double SecondsOpen(double t) => t + ((t - (t * Math.Log(t / from))) / octaves);
    }

    /// <summary>Adds a job that was over between two ages, and lies there as those that are known already make likely.</summary>
    public void AddOver(double after, double by, AgeCurve likely, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(likely);
        var (start, end) = (likely.Unfinished(after), likely.Unfinished(by));
        if (!(start - end > 1e-9))
        {
            AddOver(after, by, weight);
            return;
        }

        AddOpen(0, after, weight);
        for (var (bucket, at) = (AgeBuckets.Of(after), after); at < by; bucket++)
        {
            var to = bucket == AgeBuckets.Count - 1 ? by : Math.Min(by, AgeBuckets.From(bucket + 1));
            if (at == AgeBuckets.From(bucket))
                _reached[bucket] += weight * (likely.Unfinished(at) - end) / (start - end);
            _over[bucket] += weight * (likely.Unfinished(at) - likely.Unfinished(to)) / (start - end);
            _seconds[bucket] += weight * (likely.SecondsUntil(to) - likely.SecondsUntil(at) - (end * (to - at))) / (start - end);
            at = to;
        }
    }

    /// <summary>Adds what is known of a job that is not over, or whose end will not be known.</summary>
    /// <param name="from">The age in seconds from which on this was not added before.</param>
    /// <param name="to">The age at which it was last seen unfinished.</param>
    /// <param name="weight">How many such jobs.</param>
    public void AddOpen(double from, double to, double weight = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        for (var (bucket, at) = (AgeBuckets.Of(from), from); at < to; bucket++)
        {
            var end = bucket == AgeBuckets.Count - 1 ? to : Math.Min(to, AgeBuckets.From(bucket + 1));
            if (at == AgeBuckets.From(bucket))
                _reached[bucket] += weight;
            _seconds[bucket] += weight * (end - at);
            at = end;
        }
    }

    /// <summary>Adds what another process, or another class, has summed up.</summary>
    public void Add(KnownAges other, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(other);
        for (var bucket = 0; bucket < AgeBuckets.Count; bucket++)
        {
            _reached[bucket] += weight * other._reached[bucket];
            _over[bucket] += weight * other._over[bucket];
            _seconds[bucket] += weight * other._seconds[bucket];
        }
    }
}
