namespace FopWatch.Statistics;

/// <summary>The survival function of jobs that take longer by a factor.</summary>
/// <param name="curve">How long they took before.</param>
/// <param name="factor">The factor.</param>
internal sealed class SlowerCurve(ISurvivalCurve curve, double factor) : ISurvivalCurve
{
    public double Unfinished(double seconds) => curve.Unfinished(seconds / factor);

    public double RestrictedMean(double seconds) => factor * curve.RestrictedMean(seconds / factor);
}
