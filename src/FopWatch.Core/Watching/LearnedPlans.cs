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

    /// <summary>From now on, a source has these.</summary>
    /// <param name="source">The source.</param>
    /// <param name="plans">Its plans; null for the fixed one.</param>
    /// <param name="likely">How long the jobs of its classes take.</param>
    public void Set(string source, SourcePlans? plans, IReadOnlyDictionary<string, ISurvivalCurve> likely) =>
        _sources[source] = new(plans, likely.ToFrozenDictionary(StringComparer.Ordinal));

    private sealed record Learned(SourcePlans? Plans, FrozenDictionary<string, ISurvivalCurve> Likely);
}
