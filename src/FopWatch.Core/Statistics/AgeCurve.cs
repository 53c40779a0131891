namespace FopWatch.Statistics;

/// <summary>How long the jobs of a class take, as it is estimated: the share of them that is unfinished at each age.</summary>
/// <remarks>
/// The share that is over within a bucket is how many were by how many had reached it. Where in the bucket is what is likeliest at their mean
/// age: an exponential density. Where nothing is known a job's chance to end in the next second is half of one by its age; that counts as
/// <see cref="PriorJobs"/> jobs in all.
/// </remarks>
public sealed class AgeCurve
{
    /// <summary>How many jobs what is assumed counts as.</summary>
    public const double PriorJobs = 2;

    private const double PriorOver = PriorJobs / AgeBuckets.Count;

    // How many buckets to either side are averaged: as many as foretell best.
    private static readonly int[] Reaches = [1, 2, 3, 4, 6, 8];

    private readonly Bucket[] _buckets = new Bucket[AgeBuckets.Count];

    /// <summary>Estimates.</summary>
    public AgeCurve(KnownAges known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var (over, reached, within) = Smoothed(known);
        var (unfinished, area) = (1d, 0d);
        for (var number = 0; number < AgeBuckets.Count; number++)
        {
            var (from, to) = (AgeBuckets.From(number), AgeBuckets.From(number + 1));
            var share = over[number] / Math.Max(reached[number], over[number]);
            var bucket = new Bucket(from, to - from, share, Bucket.SlopeOf(within[number] / over[number]), unfinished, area);
            _buckets[number] = bucket;
            (unfinished, area) = (bucket.Unfinished(to), bucket.SecondsUntil(to));
        }
    }

    private static (double[] Over, double[] Reached, double[] Within) Smoothed(KnownAges known)
    {
        var (over, reached, within) = (known.Over.ToArray(), known.Reached.ToArray(), new double[AgeBuckets.Count]);
        for (var number = 0; number < AgeBuckets.Count; number++)
        {
            var width = AgeBuckets.From(number + 1) - AgeBuckets.From(number);
            within[number] = Math.Clamp((known.Seconds[number] / width) - (reached[number] - over[number]), 0, over[number]);
        }

        var best = (Likelihood: double.NegativeInfinity, Over: over, Reached: reached, Within: within);
        foreach (var reach in Reaches)
        {
            var (someOver, someReached) = (Spread(over, reach), Spread(reached, reach));
            AddPrior(someOver, someReached);
            var likelihood = Likelihood(over, reached, someOver, someReached, 1.0 / reach);
            if (likelihood > best.Likelihood)
                best = (likelihood, someOver, someReached, Spread(within, reach));
        }

        for (var number = 0; number < AgeBuckets.Count; number++)
            best.Within[number] += PriorOver / 2;
        return (best.Over, best.Reached, best.Within);
    }

    private static void AddPrior(double[] over, double[] reached)
    {
        for (var number = 0; number < AgeBuckets.Count; number++)
        {
            var (from, to) = (AgeBuckets.From(number), AgeBuckets.From(number + 1));
            over[number] += PriorOver;
            reached[number] += PriorOver / (1 - Math.Exp(-0.5 * (to - from) / Math.Sqrt(Math.Max(from, 1) * to)));
        }
    }

    // How well the ages of each job are foretold by those of the others.
    private static double Likelihood(double[] over, double[] reached, double[] someOver, double[] someReached, double own)
    {
        var sum = 0d;
        for (var number = 0; number < AgeBuckets.Count; number++)
        {
            var others = Math.Max(someReached[number] - own, someOver[number]);
            if (over[number] > 0)
                sum += over[number] * Math.Log(Math.Max(someOver[number] - own, PriorOver) / others);
            if (reached[number] > over[number])
                sum += (reached[number] - over[number]) * Math.Log(Math.Max(1 - (someOver[number] / others), 1e-9));
        }

        return sum;
    }

    /// <summary>Sums over the neighbours on both sides, with weights that fall to nothing, of which its own is 1 by the reach.</summary>
    private static double[] Spread(double[] values, int reach)
    {
        var sums = new double[values.Length];
        for (var number = 0; number < values.Length; number++)
        {
            for (var other = Math.Max(number - reach + 1, 0); other < Math.Min(number + reach, values.Length); other++)
                sums[number] += values[other] * (reach - Math.Abs(number - other)) / (reach * reach);
        }

        return sums;
    }

    /// <summary>The share of jobs that is unfinished at an age.</summary>
    public double Unfinished(double seconds) => _buckets[AgeBuckets.Of(seconds)].Unfinished(seconds);

    /// <summary>The mean time in seconds that a job is unfinished until an age: the integral of <see cref="Unfinished"/>.</summary>
    public double SecondsUntil(double seconds) => _buckets[AgeBuckets.Of(seconds)].SecondsUntil(seconds);

    /// <summary>A bucket.</summary>
    /// <param name="From">Where it begins.</param>
    /// <param name="Width">Its width in seconds.</param>
    /// <param name="Share">The share of what reaches it that is over within.</param>
    /// <param name="Slope">How the density grows: it is proportional to e to the slope times the share of the width that has passed.</param>
    /// <param name="Reaching">The share of all that reaches it.</param>
    /// <param name="Area">The integral until it.</param>
    private readonly record struct Bucket(double From, double Width, double Share, double Slope, double Reaching, double Area)
    {
        // Beyond that the density is at an end of the bucket as good as whole.
        private const double SteepestSlope = 50;

        public double Unfinished(double seconds) => Reaching * (1 - (Share * Over(Part(seconds))));

        public double SecondsUntil(double seconds) => Area + (Reaching * Width * (Part(seconds) - (Share * OverArea(Part(seconds)))));

        /// <summary>The slope at which the mean is at a part of the width.</summary>
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
