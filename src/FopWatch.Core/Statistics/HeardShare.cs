namespace FopWatch.Statistics;

/// <summary>
/// How many of a source's jobs are notified, from what polls and late notifications say without further polls. All are sums, so any number of processes add to them.
/// </summary>
/// <param name="Notified">The jobs whose notification came before a poll found them over.</param>
/// <param name="Polled">The jobs that a poll found over, and for which a notification may no longer be on its way.</param>
/// <param name="NotifiedLater">Those of them whose notification came after all.</param>
public readonly record struct HeardShare(double Notified, double Polled, double NotifiedLater)
{
    /// <summary>The normal quantile of a two-sided interval of 95 %.</summary>
    private const double Quantile = 1.96;

    /// <summary>A greater share would make a plan that hardly polls.</summary>
    private const double Most = 0.99;

    /// <summary>Adds two.</summary>
    public static HeardShare operator +(HeardShare a, HeardShare b) =>
        new(a.Notified + b.Notified, a.Polled + b.Polled, a.NotifiedLater + b.NotifiedLater);

    /// <summary>The share of jobs whose notification arrives, as plans take it: the lower bound of the interval, so that losses are not taken for rare too early.</summary>
    public double ForPlans => Math.Min(Interval.From, Most);

    /// <summary>The share of jobs whose notification arrives; 0 if nothing is known.</summary>
    public double Share => Jobs > 0 ? Math.Clamp((Notified + NotifiedLater) / Jobs, 0, 1) : 0;

    /// <summary>The interval of the share by Wilson's score, 95 %.</summary>
    public (double From, double To) Interval
    {
        get
        {
            if (!(Jobs > 0))
                return (0, 1);
            var squared = Quantile * Quantile / Jobs;
            var middle = (Share + (squared / 2)) / (1 + squared);
            var half = Math.Sqrt((Share * (1 - Share) * squared) + (squared * squared / 4)) / (1 + squared);
            return (Math.Max(middle - half, 0), Math.Min(middle + half, 1));
        }
    }

    /// <summary>The jobs that the share is of.</summary>
    public double Jobs => Notified + Polled;
}
