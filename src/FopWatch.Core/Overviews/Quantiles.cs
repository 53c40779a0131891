using FopWatch.Statistics;

namespace FopWatch.Overviews;

/// <summary>Two quantiles of durations, in seconds. They come from octaves, so they are accurate to a factor of 2.</summary>
/// <param name="P50">The median.</param>
/// <param name="P95">The 95th percentile.</param>
/// <param name="Of">The number of durations.</param>
public sealed record Quantiles(double P50, double P95, long Of)
{
    /// <summary>The quantiles of a histogram; null if it is empty.</summary>
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
                // The first octave has no lower bound. In the others, durations are spread evenly over the logarithm.
                var milliseconds = octave == 0 ? within : Math.Pow(2, octave - 1 + Math.Min(within, 1));
                return Rounded(milliseconds / 1000);
            }

            before += octaves[octave];
        }
    }

    // Three digits: octaves do not justify more.
    private static double Rounded(double seconds) =>
        seconds >= 100 ? Math.Round(seconds) : Math.Round(seconds, (int)Math.Clamp(2 - Math.Floor(Math.Log10(Math.Max(seconds, 1e-6))), 0, 8));
}
