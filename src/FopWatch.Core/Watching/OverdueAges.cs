using FopWatch.Statistics;

namespace FopWatch.Watching;

/// <summary>
/// The ages from which jobs of a source are overdue: 1.5 times the 95th percentile of their class. <see cref="Jobs.JobDecider"/> applies them when a poll is
/// answered.
/// </summary>
/// <param name="OfSource">The age for classes with too few known jobs; null if the source has too few.</param>
/// <param name="OfClasses">The age for each class with enough known jobs; null if so many of its jobs never ended that no age is unusual.</param>
public sealed record OverdueAges(TimeSpan? OfSource, IReadOnlyDictionary<string, TimeSpan?> OfClasses)
{
    /// <summary>The multiple of the 95th percentile from which a job is overdue.</summary>
    public const double Factor = 1.5;

    // The share of jobs above the 95th percentile.
    private const double ShareAbove = 0.05;

    /// <summary>The age for a class; null if its jobs are never overdue.</summary>
    /// <param name="name">The name of the class.</param>
    public TimeSpan? For(string name) =>
        OfClasses.TryGetValue(name, out var own) ? own

        // An idle-time task has no promised completion time (providers.md, section 1), so it is compared only with its own class.
        : CommandClass.IsIdle(name) ? null
        : OfSource;

    /// <summary>Computes the ages from the known ages of the classes of a source, by class name.</summary>
    public static OverdueAges Of(IReadOnlyDictionary<string, KnownAges> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        var source = new KnownAges();
        foreach (var (_, ages) in known.Where(one => !CommandClass.IsIdle(one.Key)).OrderBy(one => one.Key, StringComparer.Ordinal))
            source.Add(ages);
        return new(
            source.Jobs >= PlanLearner.LeastJobs ? AgeOf(source) : null,
            known.Where(one => one.Value.Jobs >= PlanLearner.LeastJobs).ToDictionary(one => one.Key, one => AgeOf(one.Value), StringComparer.Ordinal));
    }

    private static TimeSpan? AgeOf(KnownAges known)
    {
        var (curve, low, high) = (AgeCurve.Observed(known), 0d, known.Buckets.From(known.Buckets.Count));
        if (curve.Unfinished(high) > ShareAbove)
            return null;
        while (high - low > 1e-3)
        {
            var middle = (low + high) / 2;
            (low, high) = curve.Unfinished(middle) > ShareAbove ? (middle, high) : (low, middle);
        }

        return Factor * TimeSpan.FromSeconds(high);
    }
}
