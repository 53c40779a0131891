using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>The learned plans of a source. A class of which enough is known has its own plan, the others have that of the source.</summary>
/// <param name="OfSource">The plan of the source.</param>
/// <param name="OfClasses">The plans of the classes that have their own.</param>
public sealed record SourcePlans(LearnedPlan OfSource, IReadOnlyDictionary<string, LearnedPlan> OfClasses)
{
    /// <summary>The plan of a class.</summary>
    /// <param name="name">The name of the class.</param>
    public LearnedPlan For(string name) => OfClasses.GetValueOrDefault(name, OfSource);

    /// <summary>Learns the plans of a source.</summary>
    /// <param name="known">What is known of each class, by its name.</param>
    /// <param name="settings">The fixed plan, and the limits of any.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="pollsPerJob">The mean polls of a job; null for as many as the fixed plan would have made of the known jobs.</param>
    /// <returns>Null where the fixed plan is to be kept: too few jobs are known, or learned plans would save too little.</returns>
    public static SourcePlans? Learn(
        IReadOnlyDictionary<string, KnownAges> known,
        PollSettings settings,
        double heard,
        double? pollsPerJob = null)
    {
        ArgumentNullException.ThrowIfNull(known);
        var (source, others) = (new KnownAges(), new KnownAges());
        var names = new List<string>();

        // In one order, so that the sums are the same to the last bit.
        foreach (var (name, ages) in known.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            source.Add(ages);
            if (ages.Jobs >= PlanLearner.LeastJobs)
                names.Add(name);
            else
                others.Add(ages);
        }

        if (source.Jobs < PlanLearner.LeastJobs)
            return null;
        List<ClassAges> classes =
        [
            ClassAges.Of(source) with { Observed = AgeCurve.Observed(others), Jobs = others.Jobs },
            .. names.Select(name => ClassAges.Of(known[name])),
        ];
        return PlanLearner.Learn(classes, settings, heard, pollsPerJob) is { } plans
            ? new(plans[0], names.Zip(plans.Skip(1)).ToDictionary(one => one.First, one => one.Second, StringComparer.Ordinal))
            : null;
    }
}
