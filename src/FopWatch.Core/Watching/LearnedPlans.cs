using System.Collections.Concurrent;
using System.Collections.Frozen;
using FopWatch.Statistics;

namespace FopWatch.Watching;

/// <summary>What a process has learned last, by source.</summary>
public sealed class LearnedPlans
{
    private readonly ConcurrentDictionary<string, Learned> _sources = new(StringComparer.Ordinal);

    /// <summary>The plans of a source; null for the fixed one.</summary>
    public SourcePlans? Of(string source) => _sources.GetValueOrDefault(source)?.Plans;

    /// <summary>How long the jobs of a <see cref="CommandClass"/> take; null if too little is known.</summary>
    public ISurvivalCurve? LikelyOf(string source, string name) => _sources.GetValueOrDefault(source)?.Likely.GetValueOrDefault(name);

    /// <summary>When jobs of a source are overdue; null if nothing was learned yet.</summary>
    public OverdueAges? OverdueOf(string source) => _sources.GetValueOrDefault(source)?.Overdue;

    /// <summary>From now on, a source has these.</summary>
    /// <param name="source">The source.</param>
    /// <param name="plans">Its plans; null for the fixed one.</param>
    /// <param name="likely">How long the jobs of its classes took: averages over neighbouring ages would blur what is spread by them once more.</param>
    /// <param name="overdue">When its jobs are overdue; null if that is not known.</param>
    public void Set(string source, SourcePlans? plans, IReadOnlyDictionary<string, ISurvivalCurve> likely, OverdueAges? overdue = null) =>
        _sources[source] = new(plans, likely.ToFrozenDictionary(StringComparer.Ordinal), overdue);

    private sealed record Learned(SourcePlans? Plans, FrozenDictionary<string, ISurvivalCurve> Likely, OverdueAges? Overdue);
}
