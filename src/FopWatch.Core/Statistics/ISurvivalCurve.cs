namespace FopWatch.Statistics;

/// <summary>How long the jobs of a class take, as a survival function.</summary>
public interface ISurvivalCurve
{
    /// <summary>The share of jobs that are unfinished at an age: those that take longer.</summary>
    /// <param name="seconds">The age in seconds; at least 0.</param>
    double Unfinished(double seconds);

    /// <summary>The mean time in seconds that a job is unfinished before an age: the integral of <see cref="Unfinished"/>.</summary>
    /// <param name="seconds">The age in seconds; at least 0.</param>
    double RestrictedMean(double seconds);
}
