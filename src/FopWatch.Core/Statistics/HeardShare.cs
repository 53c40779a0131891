namespace FopWatch.Statistics;

/// <summary>
/// The share of a source's jobs that are notified, estimated from polls and late notifications without additional polls. All members are sums, so any number of
/// processes can add to them.
/// </summary>
/// <param name="Notified">Jobs whose notification arrived before a poll found the outcome.</param>
/// <param name="Polled">Jobs whose outcome a poll found, so long ago that no notification can still arrive.</param>
/// <param name="NotifiedLater">Jobs in <paramref name="Polled"/> whose notification arrived later.</param>
public readonly record struct HeardShare(double Notified, double Polled, double NotifiedLater)
{
    // The normal quantile of a two-sided 95 % interval.
    private const double Quantile = 1.96;

    // A greater share would give a plan that hardly polls.
    private const double Most = 0.99;

    /// <summary>Adds two shares.</summary>
    public static HeardShare operator +(HeardShare a, HeardShare b) =>
        new(a.Notified + b.Notified, a.Polled + b.Polled, a.NotifiedLater + b.NotifiedLater);

    /// <summary>The share that plans use: the lower bound of the interval, so that losses are not considered rare too early.</summary>
    public double ForPlans => Math.Min(Interval.From, Most);

    /// <summary>The share of jobs whose notification arrives; 0 if nothing is known.</summary>
    public double Share => Jobs > 0 ? Math.Clamp((Notified + NotifiedLater) / Jobs, 0, 1) : 0;

    /// <summary>The 95 % Wilson score interval of the share.</summary>
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

    /// <summary>The number of jobs.</summary>
    public double Jobs => Notified + Polled;
}
