using System.Globalization;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>A plan beside the fixed one and the optimum, for the same jobs.</summary>
/// <param name="Ages">The ages at which a job is polled.</param>
/// <param name="Spent">What that comes to.</param>
/// <param name="FixedAges">The ages of the fixed plan.</param>
/// <param name="FixedSpent">What these come to.</param>
/// <param name="OptimalDelay">The least mean delay at as many polls; null if it was not wanted.</param>
public sealed record ComparedPlan(PollAges Ages, PollSpending Spent, PollAges FixedAges, PollSpending FixedSpent, double? OptimalDelay)
{
    /// <summary>The optimum's delay as a share of the plan's; null if the optimum was not wanted.</summary>
    public double? Efficiency => OptimalDelay is { } optimal ? Spent.Delay > 0 ? optimal / Spent.Delay : 1 : null;

    /// <summary>Compares a plan.</summary>
    /// <param name="jobs">How long the jobs took.</param>
    /// <param name="learned">The ages at which a learned plan polls; null for the fixed one.</param>
    /// <param name="settings">The fixed plan, and the limits of any.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="withOptimum">Whether the optimum is wanted: it takes some 50 times as long as the rest.</param>
    public static ComparedPlan Of(ISurvivalCurve jobs, PollAges? learned, PollSettings settings, double heard, bool withOptimum = true)
    {
        var fixedAges = PollAges.Fixed(settings);
        var ages = learned ?? fixedAges;
        var spent = ages.On(jobs, heard);
        return new(
            ages,
            spent,
            fixedAges,
            fixedAges.On(jobs, heard),
            withOptimum ? Math.Min(PlanLearner.LeastDelay(jobs, settings, heard, spent.Polls), spent.Delay) : null);
    }

    /// <summary>Why a plan that may be learned is the fixed one.</summary>
    /// <param name="jobs">How many jobs are known.</param>
    public static string WhyFixed(double jobs) => jobs >= PlanLearner.LeastJobs
        ? string.Create(CultureInfo.InvariantCulture, $"a learned plan would save less than {PlanLearner.LeastSaving:0 %} of the fixed plan's delay")
        : string.Create(CultureInfo.InvariantCulture, $"fewer than {PlanLearner.LeastJobs} ages are known");
}
