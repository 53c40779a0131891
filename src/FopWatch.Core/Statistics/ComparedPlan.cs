using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Statistics;

/// <summary>A plan compared with the fixed plan and the optimum for the same jobs.</summary>
/// <param name="Ages">The ages at which the plan polls a job.</param>
/// <param name="Spent">The expected polls and delay of the plan.</param>
/// <param name="FixedAges">The ages at which the fixed plan polls a job.</param>
/// <param name="FixedSpent">The expected polls and delay of the fixed plan.</param>
/// <param name="OptimalDelay">The smallest possible mean delay with the same number of polls; null if it was not computed.</param>
public sealed record ComparedPlan(PollAges Ages, PollSpending Spent, PollAges FixedAges, PollSpending FixedSpent, double? OptimalDelay)
{
    /// <summary>The delay of the optimum as a share of the plan's delay; null if the optimum was not computed.</summary>
    public double? Efficiency => OptimalDelay is { } optimal ? Spent.Delay > 0 ? optimal / Spent.Delay : 1 : null;

    /// <summary>Compares a plan.</summary>
    /// <param name="jobs">The survival function of the jobs.</param>
    /// <param name="learned">The ages at which a learned plan polls; null for the fixed plan.</param>
    /// <param name="settings">The fixed plan, and the limits of all plans.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="withOptimum">Whether to compute the optimum, which takes about 50 times as long as the rest.</param>
    public static ComparedPlan Of(ISurvivalCurve jobs, PollAges? learned, PollSettings settings, double heard, bool withOptimum = true)
    {
        var fixedAges = PollAges.Fixed(settings);
        var ages = learned ?? fixedAges;
        var (spent, spentFixed) = (ages.On(jobs, heard), fixedAges.On(jobs, heard));
        return new(
            ages,
            spent,
            fixedAges,
            spentFixed,
            withOptimum ? Optimum() : null);

        // The optimum is at least as good as both plans, whose ages need not be on its grid.
        double Optimum()
        {
            var least = Math.Min(PlanLearner.LeastDelay(jobs, settings, heard, spent.Polls), spent.Delay);
            return spentFixed.Polls <= spent.Polls ? Math.Min(least, spentFixed.Delay) : least;
        }
    }

    /// <summary>Why the fixed plan is used although the plan may be learned.</summary>
    /// <param name="jobs">The number of known jobs.</param>
    public static Sentence WhyFixed(double jobs)
    {
        if (jobs < PlanLearner.LeastJobs)
            return $"fewer than {PlanLearner.LeastJobs} ages are known";
        return $"no learned plan with as few polls would save {100 * PlanLearner.LeastSaving:0} % of the fixed plan's delay";
    }
}
