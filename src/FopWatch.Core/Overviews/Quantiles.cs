using FopWatch.Statistics;

namespace FopWatch.Overviews;

/// <summary>Two quantiles of lengths of time, in seconds. They are read from octaves, so they are right within a factor of 2.</summary>
/// <param name="P50">The median.</param>
/// <param name="P95">What 95 % do not exceed.</param>
/// <param name="Of">How many lengths were counted.</param>
public sealed record Quantiles(double P50, double P95, long Of)
{
    /// <summary>Of the octaves of a histogram; null if nothing was counted.</summary>
    public static Quantiles? From(IEnumerable<HourSums> hours, HourHistogram histogram)
    {
        var octaves = new long[HourSums.Octaves];
        foreach (var hour in hours)
        {
            foreach (var (octave, count) in hour[histogram].Index())
                octaves[octave] += count;
        }

        var of = octaves.Sum();
        return of > 0 ? new(At(octaves, 0.5 * of), At(octaves, 0.95 * of), of) : null;
    }

    private static double At(long[] octaves, double rank)
    {
        var before = 0L;
        for (var octave = 0; ; octave++)
        {
            var within = (rank - before) / octaves[octave];
            if (octaves[octave] > 0 && (within <= 1 || octave == octaves.Length - 1))
            {
                // The first octave has no lower bound. In the others, lengths are spread evenly over the logarithm.
                var milliseconds = octave == 0 ? within : Math.Pow(2, octave - 1 + Math.Min(within, 1));
                return Rounded(milliseconds / 1000);
            }

            before += octaves[octave];
        }
    }

    /// <summary>To three digits: more would promise what octaves do not hold.</summary>
    private static double Rounded(double seconds) =>
        seconds >= 100 ? Math.Round(seconds) : Math.Round(seconds, (int)Math.Clamp(2 - Math.Floor(Math.Log10(Math.Max(seconds, 1e-6))), 0, 8));
}
