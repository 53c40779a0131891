namespace FopWatch.Statistics;

/// <summary>The survival function of jobs whose durations grow by a factor.</summary>
internal sealed class SlowerCurve(ISurvivalCurve curve, double factor) : ISurvivalCurve
{
    public double Unfinished(double seconds) => curve.Unfinished(seconds / factor);

    public double RestrictedMean(double seconds) => factor * curve.RestrictedMean(seconds / factor);
}
