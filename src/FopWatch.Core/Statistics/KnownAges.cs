namespace FopWatch.Statistics;

/// <summary>
/// The known ages at which the jobs of a class ended. For each bucket it counts the jobs that reached it unfinished, the jobs that ended in it, and the seconds
/// for which jobs were unfinished in it. All three are sums, so any number of processes can add to them in any order.
/// </summary>
public sealed class KnownAges
{
    /// <summary>The time in which an addition loses half its weight.</summary>
    public static readonly TimeSpan HalfLife = TimeSpan.FromDays(7);

    // The jobs that an hour may add however few are known. So 20 known ages come from at least three hours.
    private const double MostOfFirstHours = 7;

    // The share of the known jobs that an hour may add.
    private const double MostOfAnHour = 0.05;

    private readonly double[] _reached;
    private readonly double[] _over;
    private readonly double[] _seconds;

    /// <summary>Creates empty sums.</summary>
    /// <param name="buckets">The buckets; null for <see cref="AgeBuckets.Quarters"/>.</param>
    public KnownAges(AgeBuckets? buckets = null)
    {
        Buckets = buckets ?? AgeBuckets.Quarters;
        (_reached, _over, _seconds) = (new double[Buckets.Count], new double[Buckets.Count], new double[Buckets.Count]);
    }

    private KnownAges(double[] reached, double[] over, double[] seconds) =>
        (Buckets, _reached, _over, _seconds) = (AgeBuckets.Quarters, reached, over, seconds);

    /// <summary>The buckets.</summary>
    public AgeBuckets Buckets { get; }

    /// <summary>Creates ages from stored sums, one of each kind per bucket of <see cref="AgeBuckets.Quarters"/>.</summary>
    internal static KnownAges OfSums(double[] reached, double[] over, double[] seconds) => new(reached, over, seconds);

    /// <summary>The jobs that reached each bucket unfinished.</summary>
    public ReadOnlySpan<double> Reached => _reached;

    /// <summary>The jobs that ended in each bucket.</summary>
    public ReadOnlySpan<double> Over => _over;

    /// <summary>The seconds for which jobs in each bucket were unfinished.</summary>
    public ReadOnlySpan<double> Seconds => _seconds;

    /// <summary>The jobs that ended.</summary>
    public double Jobs => _over.Sum();

    /// <summary>All jobs, including those whose end was not seen. Each reached the first bucket.</summary>
    public double All => _reached[0];

    /// <summary>
    /// The weight of an addition by forward decay (Cormode et al. 2009). It depends only on the time of the addition, so sums with the same landmark can be
    /// added. To move the landmark, multiply by the weight of the old landmark.
    /// </summary>
    /// <param name="at">The time of the addition.</param>
    /// <param name="landmark">The time at which an addition has weight 1.</param>
    public static double WeightOf(DateTimeOffset at, DateTimeOffset landmark) => Math.Pow(2, (at - landmark) / HalfLife);

    /// <summary>The number of jobs per day that keeps a number of jobs known in the long run.</summary>
    /// <param name="known">The number of known jobs.</param>
    public static double ADayFor(double known) => known * (1 - Math.Pow(2, -TimeSpan.FromDays(1) / HalfLife));

    /// <summary>
    /// The weight of the jobs of one hour. It prevents an outage, a batch or forged reports from displacing the known jobs: an hour adds at most 7 jobs or
    /// 5 % of the known jobs, whichever is more.
    /// </summary>
    /// <param name="jobs">The jobs of this hour, including those whose end was not seen.</param>
    /// <param name="known">The jobs known before this hour.</param>
    public static double WeightOfHour(double jobs, double known)
    {
        var most = Math.Max(MostOfFirstHours, MostOfAnHour * known);
        return jobs > most ? most / jobs : 1;
    }

    /// <summary>Adds a job that ended at an age.</summary>
    /// <param name="at">The age, in seconds.</param>
    /// <param name="weight">The number of such jobs.</param>
    public void AddOver(double at, double weight = 1)
    {
        ThrowIfNotAge(at);
        var bucket = Buckets.Of(at);
        AddSurvived(0, Buckets.From(bucket), weight);
        _reached[bucket] += weight;
        _over[bucket] += weight;
        _seconds[bucket] += weight * (at - Buckets.From(bucket));
    }

    /// <summary>Adds a job that ended between two ages. It is spread over them log-uniformly, so that every factor of age is equally likely.</summary>
    /// <param name="after">The age at which it was last seen unfinished, in seconds; 0 if it never was.</param>
    /// <param name="by">The age at which it was known to have ended, in seconds; at least <paramref name="after"/>.</param>
    /// <param name="weight">The number of such jobs.</param>
    public void AddOverBetween(double after, double by, double weight = 1)
    {
        ThrowIfNotAge(after);
        var from = Math.Max(after, Math.Min(by, 1));
        var octaves = Math.Log(by / from);
        Spread(
            from,
            by,
            weight,
            octaves > 1e-9 ? t => 1 - (Math.Log(t / from) / octaves) : null,
            t => t + ((t - (t * Math.Log(t / from))) / octaves));
    }

    /// <summary>Adds a job that ended between two ages. It is spread over them like the jobs that are already known.</summary>
    /// <param name="after">The age at which it was last seen unfinished, in seconds; 0 if it never was.</param>
    /// <param name="by">The age at which it was known to have ended, in seconds; at least <paramref name="after"/>.</param>
    /// <param name="likely">The survival function of the known jobs.</param>
    /// <param name="weight">The number of such jobs.</param>
    public void AddOverBetween(double after, double by, ISurvivalCurve likely, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(likely);
        ThrowIfNotAge(after);
        ThrowIfNotAge(by);
        var (start, end) = (likely.Unfinished(after), likely.Unfinished(by));
        if (start - end > 1e-9)
        {
            Spread(
                after,
                by,
                weight,
                t => (likely.Unfinished(t) - end) / (start - end),
                t => (likely.RestrictedMean(t) - (end * t)) / (start - end));
        }
        else
        {
            AddOverBetween(after, by, weight);
        }
    }

    /// <summary>Adds a job whose end will not be seen.</summary>
    /// <param name="to">The age at which it was last seen unfinished, in seconds.</param>
    /// <param name="weight">The number of such jobs.</param>
    public void AddOpen(double to, double weight = 1)
    {
        ThrowIfNotAge(to);
        AddSurvived(0, to, weight);
    }

    /// <summary>Adds the sums of another process or class.</summary>
    /// <param name="other">The sums, in the same buckets.</param>
    /// <param name="weight">The factor by which they are multiplied.</param>
    public void Add(KnownAges other, double weight = 1)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Buckets != Buckets)
            throw new ArgumentException("The sums have other buckets.", nameof(other));
        for (var bucket = 0; bucket < Buckets.Count; bucket++)
        {
            _reached[bucket] += weight * other._reached[bucket];
            _over[bucket] += weight * other._over[bucket];
            _seconds[bucket] += weight * other._seconds[bucket];
        }
    }

    /// <param name="from">The start of the interval.</param>
    /// <param name="by">The end of the interval.</param>
    /// <param name="weight">The number of jobs.</param>
    /// <param name="unfinished">The share of jobs that are unfinished at an age in the interval; null if the interval is empty.</param>
    /// <param name="area">The integral of <paramref name="unfinished"/>, up to a constant.</param>
    private void Spread(double from, double by, double weight, Func<double, double>? unfinished, Func<double, double> area)
    {
        ThrowIfNotAge(from);
        ThrowIfNotAge(by);
        ArgumentOutOfRangeException.ThrowIfLessThan(by, from);
        if (unfinished is null)
        {
            AddOver(by, weight);
            return;
        }

        // All jobs reached the bucket in which the interval starts.
        var first = Buckets.Of(from);
        AddSurvived(0, Buckets.From(first), weight);
        _reached[first] += weight;
        _seconds[first] += weight * (from - Buckets.From(first));
        for (var (bucket, at) = (first, from); at < by; bucket++)
        {
            var to = bucket == Buckets.Count - 1 ? by : Math.Min(by, Buckets.From(bucket + 1));
            if (bucket > first)
                _reached[bucket] += weight * unfinished(at);
            _over[bucket] += weight * (unfinished(at) - unfinished(to));
            _seconds[bucket] += weight * (area(to) - area(at));
            at = to;
        }
    }

    /// <summary>Adds an interval in which the job was unfinished. A part of a bucket counts as that part of a job.</summary>
    private void AddSurvived(double from, double to, double weight)
    {
        for (var (bucket, at) = (Buckets.Of(from), from); at < to && bucket < Buckets.Count; bucket++)
        {
            var end = Math.Min(to, Buckets.From(bucket + 1));
            _reached[bucket] += weight * Math.Max(end - at, 0) / Buckets.Width(bucket);
            _seconds[bucket] += weight * Math.Max(end - at, 0);
            at = end;
        }
    }

    private static void ThrowIfNotAge(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0)
            throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "An age is a finite number of seconds and at least 0.");
    }
}
