using System.Collections.Concurrent;
using System.Collections.Frozen;
using FopWatch.Statistics;

namespace FopWatch.Watching;

/// <summary>The latest learned plans of a process, by source.</summary>
public sealed class LearnedPlans
{
    private readonly ConcurrentDictionary<string, Learned> _sources = new(StringComparer.Ordinal);

    /// <summary>The plans of a source; null for the fixed one.</summary>
    public SourcePlans? Of(string source) => _sources.GetValueOrDefault(source)?.Plans;

    /// <summary>The survival curve of a <see cref="CommandClass"/>; null if too little is known.</summary>
    public ISurvivalCurve? LikelyOf(string source, string name) => _sources.GetValueOrDefault(source)?.Likely.GetValueOrDefault(name);

    /// <summary>The overdue ages of a source; null if nothing was learned yet.</summary>
    public OverdueAges? OverdueOf(string source) => _sources.GetValueOrDefault(source)?.Overdue;

    /// <summary>Replaces the plans of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="plans">The plans; null for the fixed plan.</param>
    /// <param name="likely">The observed survival curves by class. They are not smoothed: completions that are spread by them would be blurred twice.</param>
    /// <param name="overdue">The overdue ages; null if unknown.</param>
    public void Set(string source, SourcePlans? plans, IReadOnlyDictionary<string, ISurvivalCurve> likely, OverdueAges? overdue = null) =>
        _sources[source] = new(plans, likely.ToFrozenDictionary(StringComparer.Ordinal), overdue);

    /// <summary>A source is configured no more.</summary>
    /// <param name="source">The source.</param>
    public void Remove(string source) => _sources.TryRemove(source, out _);

    private sealed record Learned(SourcePlans? Plans, FrozenDictionary<string, ISurvivalCurve> Likely, OverdueAges? Overdue);
}
