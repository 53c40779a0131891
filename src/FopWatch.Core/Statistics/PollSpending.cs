namespace FopWatch.Statistics;

/// <summary>What the polls of a job come to, in the mean over all jobs.</summary>
/// <param name="Polls">The number of polls.</param>
/// <param name="Delay">The seconds from the end of a job to the poll that finds it; 0 for a job whose notification arrives or that expires.</param>
public readonly record struct PollSpending(double Polls, double Delay)
{
    /// <summary>Adds two.</summary>
    public static PollSpending operator +(PollSpending a, PollSpending b) => new(a.Polls + b.Polls, a.Delay + b.Delay);

    /// <summary>Weights one.</summary>
    public static PollSpending operator *(double weight, PollSpending one) => new(weight * one.Polls, weight * one.Delay);

    /// <summary>What the poll at an age comes to, if the one before was at another.</summary>
    /// <param name="curve">The survival function.</param>
    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="from">The age at the poll before, or 0.</param>
    /// <param name="to">The age at the poll.</param>
    public static PollSpending OfStep(ISurvivalCurve curve, double heard, double from, double to)
    {
        ArgumentNullException.ThrowIfNull(curve);
        return OfStep(heard, to - from, curve.Unfinished(from), curve.Unfinished(to), curve.RestrictedMean(to) - curve.RestrictedMean(from));
    }

    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="wait">The time between the polls.</param>
    /// <param name="before">The share of jobs that is unfinished at the poll before.</param>
    /// <param name="after">The share of jobs that is unfinished at the poll.</param>
    /// <param name="open">The mean time between the polls for which jobs are unfinished.</param>
    internal static PollSpending OfStep(double heard, double wait, double before, double after, double open)
    {
        // Jobs that were notified in between are not polled; the others are, whether they are over or not.
        var found = (1 - heard) * (before - after);
        return new(after + found, Math.Max((1 - heard) * ((before * wait) - open), 0));
    }

    /// <summary>What many polls at even waits come to, without looking at each: from an age to the deadline.</summary>
    /// <param name="curve">The survival function.</param>
    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="from">The age at the poll before.</param>
    /// <param name="wait">The time between two polls.</param>
    /// <param name="deadline">The age at the last poll.</param>
    internal static PollSpending OfTail(ISurvivalCurve curve, double heard, double from, double wait, double deadline)
    {
        if (from >= deadline)
            return default;
        var over = curve.Unfinished(from) - curve.Unfinished(deadline);
        var open = (curve.RestrictedMean(deadline) - curve.RestrictedMean(from)) / wait;
        return new(Math.Max(open - (over / 2), 0) + ((1 - heard) * over), (1 - heard) * over * Math.Min(wait, deadline - from) / 2);
    }
}
