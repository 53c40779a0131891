namespace FopWatch.Statistics;

/// <summary>The survival function of the jobs of a class, computed from sums.</summary>
/// <remarks>
/// The hazard of a bucket is the share of the jobs reaching it that end within it. The density within a bucket is the exponential density with the mean of the
/// known ages. No job ends beyond the last bucket. The estimate adds a prior (the hazard of an age is half of 1/age) that counts as <see cref="PriorJobs"/> jobs
/// in total, and averages over neighbouring buckets.
/// </remarks>
public sealed class AgeCurve : ISurvivalCurve
{
    /// <summary>The number of jobs that the prior counts as.</summary>
    public const double PriorJobs = 2;

    // Averages reach over this many octaves to either side, or over this many jobs. The reach with the best prediction is used.
    private static readonly double[] Octaves = [0, 0.25, 0.5, 0.75, 1, 1.5, 2];
    private static readonly double[] Neighbours = [2, 4, 8, 16, 32, 64];

    private readonly AgeBuckets _buckets;
    private readonly Bucket[] _curve;

    private AgeCurve(AgeBuckets buckets, Sums sums)
    {
        (_buckets, _curve) = (buckets, new Bucket[buckets.Count]);
        var (unfinished, area) = (1d, 0d);
        for (var number = 0; number < buckets.Count; number++)
        {
            var over = sums.Over[number];
            var share = over > 0 ? over / Math.Max(sums.Reached[number], over) : 0;
            var slope = over > 0 ? Bucket.SlopeOf(sums.Within[number] / over) : 0;
            var bucket = new Bucket(buckets.From(number), buckets.Width(number), share, slope, unfinished, area);
            _curve[number] = bucket;
            (unfinished, area) = (bucket.Unfinished(buckets.From(number + 1)), bucket.RestrictedMean(buckets.From(number + 1)));
        }
    }

    /// <summary>The estimate for future jobs.</summary>
    /// <param name="known">The sums.</param>
    public static AgeCurve Estimate(KnownAges known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return new(known.Buckets, Smoothed(known.Buckets, Sums.Of(known)));
    }

    /// <summary>The known ages, without a prior and without averaging.</summary>
    /// <param name="known">The sums.</param>
    public static AgeCurve Observed(KnownAges known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return new(known.Buckets, Sums.Of(known));
    }

    /// <inheritdoc/>
    public double Unfinished(double seconds) => _curve[_buckets.Of(seconds)].Unfinished(seconds);

    /// <inheritdoc/>
    public double RestrictedMean(double seconds) => _curve[_buckets.Of(seconds)].RestrictedMean(seconds);

    private static Sums Smoothed(AgeBuckets buckets, Sums known)
    {
        var prior = PriorJobs / buckets.Count;
        var before = Math.Max(Array.FindIndex(known.Over, over => over > 0) - 1, 0);
        var best = (Likelihood: double.NegativeInfinity, Sums: known);
        foreach (var reach in Reaches(known.Over, buckets.Of(2)))
        {
            // Nothing is spread below the smallest known age: most classes have a minimum duration, and a poll before it finds nothing.
            var sums = Spread(known, reach, before);
            AddPrior(buckets, sums, prior);
            var likelihood = Likelihood(known, sums, reach, prior);
            if (likelihood > best.Likelihood)
                best = (likelihood, sums);
        }

        return best.Sums;
    }

    private static IEnumerable<int[]> Reaches(double[] over, int perOctave)
    {
        foreach (var octaves in Octaves)
            yield return [.. over.Select(_ => 1 + (int)(octaves * perOctave))];
        foreach (var jobs in Neighbours)
            yield return [.. over.Select((_, number) => ReachOf(number, jobs))];

        int ReachOf(int number, double jobs)
        {
            var (reach, sum) = (1, over[number]);
            for (; sum < jobs && reach <= Octaves[^1] * perOctave; reach++)
                sum += (number >= reach ? over[number - reach] : 0) + (number + reach < over.Length ? over[number + reach] : 0);
            return reach;
        }
    }

    private static void AddPrior(AgeBuckets buckets, Sums sums, double prior)
    {
        for (var number = 0; number < buckets.Count; number++)
        {
            var (from, to) = (buckets.From(number), buckets.From(number + 1));
            sums.Over[number] += prior;
            sums.Within[number] += prior / 2;
            sums.Reached[number] += prior / (1 - Math.Exp(-0.5 * (to - from) / Math.Sqrt(Math.Max(from, 1) * to)));
        }
    }

    // The log-likelihood of each job's buckets given the hazards of the other jobs (leave-one-out).
    private static double Likelihood(Sums known, Sums sums, int[] reach, double prior)
    {
        var sum = 0d;
        for (var number = 0; number < known.Over.Length; number++)
        {
            var own = 1.0 / reach[number];
            var others = Math.Max(sums.Reached[number] - ((1 + own) / 2), sums.Over[number]);
            if (known.Over[number] > 0)
                sum += known.Over[number] * Math.Log(Math.Max(sums.Over[number] - own, prior) / others);
            if (known.Reached[number] > known.Over[number])
                sum += (known.Reached[number] - known.Over[number]) * Math.Log(Math.Max(1 - (sums.Over[number] / others), 1e-9));
        }

        return sum;
    }

    // Spreads the jobs of each bucket over its neighbours, with triangular weights. Buckets with many jobs, such as those of jobs that all take the same time,
    // spread less than their neighbours.
    private static Sums Spread(Sums known, int[] reaches, int first)
    {
        var count = reaches.Length;
        var sums = new Sums(new double[count], new double[count], new double[count]);
        for (var number = 0; number < count; number++)
        {
            if (!(known.Over[number] > 0))
                continue;
            for (var distance = 1 - reaches[number]; distance < reaches[number]; distance++)
            {
                var share = (reaches[number] - Math.Abs(distance)) / ((double)reaches[number] * reaches[number]);
                var to = Mirrored(number + distance);
                sums.Over[to] += share * known.Over[number];
                sums.Within[to] += share * known.Within[number];
            }
        }

        // Jobs whose end was not seen are not spread.
        var (ended, spread) = (0d, 0d);
        for (var number = count - 1; number >= 0; number--)
        {
            ended += known.Over[number];
            spread += sums.Over[number];
            sums.Reached[number] = Math.Max(known.Reached[number] - ended, 0) + spread;
        }

        return sums;

        int Mirrored(int bucket)
        {
            var inside = bucket < first ? (2 * first) - 1 - bucket : bucket;
            return Math.Min(inside, count - 1);
        }
    }

    /// <param name="Over">The jobs that ended in each bucket.</param>
    /// <param name="Reached">The jobs that reached each bucket.</param>
    /// <param name="Within">The sum of the positions of the known ages in each bucket, as shares of its width.</param>
    private sealed record Sums(double[] Over, double[] Reached, double[] Within)
    {
        public static Sums Of(KnownAges known)
        {
            var within = new double[known.Buckets.Count];
            for (var number = 0; number < within.Length; number++)
            {
                var survived = known.Reached[number] - known.Over[number];
                within[number] = Math.Clamp((known.Seconds[number] / known.Buckets.Width(number)) - survived, 0, known.Over[number]);
            }

            return new(known.Over.ToArray(), known.Reached.ToArray(), within);
        }
    }

    /// <param name="From">The lower bound, in seconds.</param>
    /// <param name="Width">The width, in seconds.</param>
    /// <param name="Share">The share of the jobs reaching the bucket that end in it.</param>
    /// <param name="Slope">The density is proportional to exp(slope × passed share of the width).</param>
    /// <param name="Reaching">The share of all jobs that reach the bucket.</param>
    /// <param name="Area">The restricted mean at the lower bound.</param>
    private readonly record struct Bucket(double From, double Width, double Share, double Slope, double Reaching, double Area)
    {
        // A steeper density would lie within 2 % of the width at one end.
        private const double SteepestSlope = 50;

        public double Unfinished(double seconds) => Reaching * (1 - (Share * Over(Part(seconds))));

        public double RestrictedMean(double seconds) =>
            Area + (Reaching * Width * (Part(seconds) - (Share * OverArea(Part(seconds))))) + (Unfinished(seconds) * Math.Max(seconds - From - Width, 0));

        /// <summary>The slope of the density with a given mean, as a share of the width.</summary>
        public static double SlopeOf(double mean)
        {
            var (low, high) = (-SteepestSlope, SteepestSlope);
            for (var i = 0; i < 40; i++)
            {
                var slope = (low + high) / 2;
                (low, high) = Mean(slope) < mean ? (slope, high) : (low, slope);
            }

            return (low + high) / 2;

            static double Mean(double slope) => Math.Abs(slope) < 1e-3 ? 0.5 + (slope / 12) : (1 / (1 - Math.Exp(-slope))) - (1 / slope);
        }

        private double Part(double seconds) => Math.Min((seconds - From) / Width, 1);

        private double Over(double part) => Math.Abs(Slope) < 1e-3
            ? part * (1 + (Slope * (part - 1) / 2))
            : Expm1(Slope * part) / Expm1(Slope);

        private double OverArea(double part) => Math.Abs(Slope) < 1e-3
            ? part * part * (0.5 + (Slope * ((part / 6) - 0.25)))
            : ((Expm1(Slope * part) / Slope) - part) / Expm1(Slope);

        private static double Expm1(double x) => Math.Abs(x) < 1e-5 ? x + (x * x / 2) : Math.Exp(x) - 1;
    }
}
