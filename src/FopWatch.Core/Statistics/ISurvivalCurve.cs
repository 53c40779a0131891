namespace FopWatch.Statistics;

/// <summary>The durations of the jobs of a class, as a survival function.</summary>
public interface ISurvivalCurve
{
    /// <summary>The share of jobs that are unfinished at an age.</summary>
    /// <param name="seconds">The age, in seconds; at least 0.</param>
    double Unfinished(double seconds);

    /// <summary>The mean time that a job is unfinished before an age, in seconds: the integral of <see cref="Unfinished"/>.</summary>
    /// <param name="seconds">The age, in seconds; at least 0.</param>
    double RestrictedMean(double seconds);
}
