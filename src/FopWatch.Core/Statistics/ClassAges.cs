namespace FopWatch.Statistics;

/// <summary>The known durations of the jobs of a class.</summary>
/// <param name="Estimate">The estimated durations of future jobs.</param>
/// <param name="Observed">The observed durations of known jobs, by which plans are judged.</param>
/// <param name="Jobs">The number of known jobs.</param>
/// <param name="IsYoung">Whether so few jobs are known that one bad day could dominate them.</param>
public sealed record ClassAges(ISurvivalCurve Estimate, ISurvivalCurve Observed, double Jobs, bool IsYoung)
{
    private const double YoungBelow = 200;

    /// <summary>Creates the durations from sums.</summary>
    public static ClassAges Of(KnownAges known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return new(AgeCurve.Estimate(known), AgeCurve.Observed(known), known.Jobs, known.Jobs < YoungBelow);
    }

    /// <summary>Creates the durations from exact ages.</summary>
    public static ClassAges Of(GivenAges ages)
    {
        ArgumentNullException.ThrowIfNull(ages);
        var known = new KnownAges(AgeBuckets.Fine);
        foreach (var some in ages.Sorted.GroupBy(known.Buckets.Of))
            known.AddOver(some.Average(), some.Count());
        return new(AgeCurve.Estimate(known), ages, ages.Sorted.Count, IsYoung: false);
    }
}
