namespace FopWatch.Statistics;

/// <summary>What is known of the jobs of a class.</summary>
/// <param name="Estimate">How long jobs to come will take.</param>
/// <param name="Observed">How long the known ones took: what a plan is judged by.</param>
/// <param name="Jobs">How many are known.</param>
/// <param name="IsYoung">Whether so little is known that one bad day could be most of it.</param>
public sealed record ClassAges(ISurvivalCurve Estimate, ISurvivalCurve Observed, double Jobs, bool IsYoung)
{
    private const double YoungBelow = 200;

    /// <summary>From sums.</summary>
    public static ClassAges Of(KnownAges known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return new(AgeCurve.Estimate(known), AgeCurve.Observed(known), known.Jobs, known.Jobs < YoungBelow);
    }

    /// <summary>From ages that are known exactly.</summary>
    public static ClassAges Of(GivenAges ages)
    {
        ArgumentNullException.ThrowIfNull(ages);
        var known = new KnownAges(AgeBuckets.Fine);
        foreach (var some in ages.Sorted.GroupBy(known.Buckets.Of))
            known.AddOver(some.Average(), some.Count());
        return new(AgeCurve.Estimate(known), ages, ages.Sorted.Count, IsYoung: false);
    }
}
