using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// The learned plans of a source. A class with enough known jobs has its own plan. All other classes use the plan of the source, and so does every job until its
/// class is known, because a registration does not name it.
/// </summary>
/// <param name="OfSource">The plan of the source, learned from all of its jobs; null for the fixed plan.</param>
/// <param name="OfClasses">The plans of classes that have their own.</param>
public sealed record SourcePlans(LearnedPlan? OfSource, IReadOnlyDictionary<string, LearnedPlan> OfClasses)
{
    /// <summary>The most classes with their own plans: the largest ones. It bounds the time of learning.</summary>
    public const int MostPlans = 16;

    private static readonly Dictionary<string, LearnedPlan> NoClasses = [];

    /// <summary>The plan of a class; null for the fixed plan.</summary>
    /// <param name="name">The name of the class.</param>
    public LearnedPlan? For(string name) => OfClasses.GetValueOrDefault(name) ?? OfSource;

    /// <summary>Learns the plans of a source.</summary>
    /// <param name="known">The known ages by class name. Classes of idle-time tasks are ignored.</param>
    /// <param name="settings">The fixed plan, and the limits of all plans.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="pollsPerJob">The mean number of polls per job; null for as many as the fixed plan would have made for the known jobs.</param>
    /// <returns>The plans; null to keep the fixed plan, because too few jobs are known or learned plans would save too little.</returns>
    public static SourcePlans? Learn(
        IReadOnlyDictionary<string, KnownAges> known,
        PollSettings settings,
        double heard,
        double? pollsPerJob = null)
    {
        ArgumentNullException.ThrowIfNull(known);
        var (source, others) = (new KnownAges(), new KnownAges());
        var names = new List<string>();

        // In a fixed order, so that the sums are identical to the last bit. Idle-time tasks have no learned plan.
        var counted = known.Where(one => !CommandClass.IsIdle(one.Key)).OrderBy(one => one.Key, StringComparer.Ordinal).ToList();
        var own = counted.Where(one => one.Value.Jobs >= PlanLearner.LeastJobs)
            .OrderByDescending(one => one.Value.Jobs)
            .Take(MostPlans).Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, ages) in counted)
        {
            source.Add(ages);
            if (own.Contains(name))
                names.Add(name);
            else
                others.Add(ages);
        }

        if (source.Jobs < PlanLearner.LeastJobs)
            return null;
        var all = ClassAges.Of(source);
        var ofSource = PlanLearner.Learn([all], settings, heard, pollsPerJob, new(null, null, null))?[0];
        if (names.Count == 0)
            return ofSource is null ? null : new(ofSource, NoClasses);
        if (names.Count == 1 && !(others.Jobs > 0))
            return ofSource is null ? null : new(ofSource, new Dictionary<string, LearnedPlan>(StringComparer.Ordinal) { [names[0]] = ofSource });

        // Other classes have no plan of their own, but count towards the price. So does the first poll of each job, which is made before its class is known.
        var conditions = new HostConditions(
            (ofSource?.WaitAt(TimeSpan.Zero) ?? settings.First).TotalSeconds,
            others.Jobs > 0 ? all with { Observed = AgeCurve.Observed(others), Jobs = others.Jobs } : null,
            ofSource);
        var ofClasses = PlanLearner.Learn([.. names.Select(name => ClassAges.Of(known[name]))], settings, heard, pollsPerJob, conditions);
        return ofSource is null && ofClasses is null
            ? null
            : new(ofSource, ofClasses is null ? NoClasses : names.Zip(ofClasses).ToDictionary(one => one.First, one => one.Second, StringComparer.Ordinal));
    }
}
