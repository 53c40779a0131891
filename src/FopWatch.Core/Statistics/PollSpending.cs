namespace FopWatch.Statistics;

/// <summary>The expected polls and delay of a job, as means over all jobs.</summary>
/// <param name="Polls">The number of polls.</param>
/// <param name="Delay">The time from the end of a job to the poll that finds it, in seconds; 0 for a job that is notified or expires.</param>
public readonly record struct PollSpending(double Polls, double Delay)
{
    /// <summary>Adds two.</summary>
    public static PollSpending operator +(PollSpending a, PollSpending b) => new(a.Polls + b.Polls, a.Delay + b.Delay);

    /// <summary>Weights one.</summary>
    public static PollSpending operator *(double weight, PollSpending one) => new(weight * one.Polls, weight * one.Delay);

    /// <summary>The contribution of a poll at an age after a poll at an earlier age.</summary>
    /// <param name="curve">The survival function.</param>
    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="from">The age at the previous poll, in seconds, or 0.</param>
    /// <param name="to">The age at the poll, in seconds.</param>
    public static PollSpending OfStep(ISurvivalCurve curve, double heard, double from, double to)
    {
        ArgumentNullException.ThrowIfNull(curve);
        return OfStep(heard, to - from, curve.Unfinished(from), curve.Unfinished(to), curve.RestrictedMean(to) - curve.RestrictedMean(from));
    }

    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="wait">The time between the polls, in seconds.</param>
    /// <param name="before">The share of jobs that are unfinished at the previous poll.</param>
    /// <param name="after">The share of jobs that are unfinished at the poll.</param>
    /// <param name="open">The mean time between the polls for which jobs are unfinished, in seconds.</param>
    internal static PollSpending OfStep(double heard, double wait, double before, double after, double open)
    {
        // Jobs that were notified in between are not polled. All others are polled, whether they have ended or not.
        var found = (1 - heard) * (before - after);
        return new(after + found, Math.Max((1 - heard) * ((before * wait) - open), 0));
    }

    /// <summary>The contribution of evenly spaced polls from an age to the deadline, without computing each.</summary>
    /// <param name="curve">The survival function.</param>
    /// <param name="heard">The share of jobs whose notification arrives.</param>
    /// <param name="from">The age at the previous poll, in seconds.</param>
    /// <param name="wait">The time between two polls, in seconds.</param>
    /// <param name="deadline">The age at the last poll, in seconds.</param>
    internal static PollSpending OfTail(ISurvivalCurve curve, double heard, double from, double wait, double deadline)
    {
        if (from >= deadline)
            return default;
        var over = curve.Unfinished(from) - curve.Unfinished(deadline);
        var open = (curve.RestrictedMean(deadline) - curve.RestrictedMean(from)) / wait;
        return new(Math.Max(open - (over / 2), 0) + ((1 - heard) * over), (1 - heard) * over * Math.Min(wait, deadline - from) / 2);
    }
}
