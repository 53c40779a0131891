using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// Learns the plans of a source's classes. All classes have the same price of a poll. It is chosen so that the total number of polls for the known jobs equals
/// that of the fixed plan, or the requested number.
/// </summary>
public static class PlanLearner
{
    /// <summary>The fewest known ages for a learned plan. A class with fewer uses the plan of its source, and a source with fewer uses the fixed plan.</summary>
    public const int LeastJobs = 20;

    // The longest wait of a young class, as a multiple of the fixed plan's wait at the same age.
    private const double YoungWaits = 1.5;

    // Ages that fewer known jobs reached count as unknown.
    private const double UnknownBelow = 0.5;

    // In a host, ages that a smaller share of the jobs reached count as unknown too.
    private const double Rare = 0.03;

    // The age from which ages are unknown, as a multiple of the oldest known age. In a host it is the relative accuracy of known ages, because a provider that has
    // become slower brings many jobs to greater ages. Exact ages are a sample of a kind that stays as it is, and the estimate says how its tail goes on.
    private const double UnknownFrom = 1.03;
    private const double UnknownFromOfSample = 2;

    // The shortest and the longest wait at unknown ages, as multiples of the fixed plan's wait at the same age. Nothing shows when such a job ends, and there may
    // be many such jobs if a provider is down or has become slower.
    private const double ShortestUnknown = 0.85;

    private const double LongestUnknown = 1;

    // The most polls of a host if its provider becomes slower by one of Slowdowns, as a multiple of the fixed plan's; or one more poll per job. Slow jobs get
    // all polls at the ages at which jobs usually end.
    private const double MostWhenSlower = 1.2;

    private static readonly double[] Slowdowns = [1.1, 1.2, 1.5, 2, 5];

    /// <summary>The share of the fixed plan's delay that a plan must save. Less may be chance.</summary>
    public const double LeastSaving = 0.03;

    private const double LowestPrice = 1e-6;
    private const double HighestPrice = 1e9;
    private const double Adjacent = 1.001;
    private const int Parts = 16;
    private const double Rounding = 1e-9;

    // The accuracy of a requested number of polls, which may be copied from an output.
    private const double Written = 1e-6;

    /// <summary>Learns plans.</summary>
    /// <param name="classes">The classes, each with at least <see cref="LeastJobs"/> jobs.</param>
    /// <param name="settings">The fixed plan, and the limits of all plans.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="pollsPerJob">The mean number of polls per job; null for as many as the fixed plan would have made for the known jobs.</param>
    /// <param name="conditions">The conditions in a host; null for none, so that every poll is made at the age that its plan gives.</param>
    /// <returns>A plan for each class; null if the plans save too little of the fixed plan's delay, or, with a requested number of polls, if the fixed plan is better.</returns>
    public static IReadOnlyList<LearnedPlan>? Learn(
        IReadOnlyList<ClassAges> classes, PollSettings settings, double heard, double? pollsPerJob = null, HostConditions? conditions = null)
    {
        ArgumentNullException.ThrowIfNull(classes);
        var others = conditions?.Others;
        var total = classes.Sum(ages => ages.Jobs) + (others?.Jobs ?? 0);
        var fixedPlan = PollAges.Fixed(settings);
        var spentOnOthers = others is null ? default : others.Jobs / total * (conditions?.PlanOfOthers?.On(others.Observed, heard) ?? fixedPlan.On(others.Observed, heard));
        var spentFixed = classes.Append(others).Aggregate(
            default(PollSpending), (sum, ages) => ages is null ? sum : sum + (ages.Jobs / total * fixedPlan.On(ages.Observed, heard)));

        // A requested number of polls is used in full.
        var slowdowns = conditions is null || pollsPerJob is not null ? [] : Slowdowns;
        var mostWhenSlower = slowdowns.Select(factor =>
        {
            var polls = classes.Sum(ages => ages.Jobs / total * fixedPlan.On(new SlowerCurve(ages.Observed, factor), heard).Polls);
            return Math.Max(MostWhenSlower * polls, polls + (classes.Sum(ages => ages.Jobs) / total));
        }).ToArray();
        var programmes = classes.Select(ages => new PollProgramme(ages.Estimate, settings, heard, Least(ages), Most(ages))).ToArray();
        var found = Solve(pollsPerJob ?? spentFixed.Polls);
        var saves = found.Spent.Polls <= spentFixed.Polls + Rounding && spentFixed.Delay > 0 && found.Spent.Delay <= (1 - LeastSaving) * spentFixed.Delay;

        // The fixed plan can be better than any plan on the grid: its waits can be shorter than the steps of the grid, or exactly the longest.
        var isFixedBetter = pollsPerJob is { } requested && spentFixed.Polls <= requested + Written
            && (spentFixed.Delay <= found.Spent.Delay || found.Spent.Polls > requested + Written);
        return saves || (pollsPerJob is not null && !isFixedBetter) ? found.Plans : null;

        Func<double, double> Least(ClassAges ages) => age => IsKnown(ages, age) ? 0 : ShortestUnknown * fixedPlan.WaitAt(age);

        Func<double, double> Most(ClassAges ages) => age =>
            !IsKnown(ages, age) ? LongestUnknown * fixedPlan.WaitAt(age)
            : ages.IsYoung ? YoungWaits * fixedPlan.WaitAt(age)
            : double.PositiveInfinity;

        bool IsKnown(ClassAges ages, double age) =>
            ages.Observed.Unfinished(age / (conditions is null ? UnknownFromOfSample : UnknownFrom)) >= Math.Max(UnknownBelow / ages.Jobs, conditions is null ? 0 : Rare);

        Solution Solve(double polls)
        {
            var (least, most) = Around(1, price => At(price, polls), one => one.Load);
            return most.Load <= 1 ? most : Filled(least, most);
        }

        Solution At(double price, double polls) => new(
            [.. programmes.Select((programme, i) => Weighed(programme.Best(price), i))], spentOnOthers, [polls, .. mostWhenSlower]);

        (LearnedPlan Plan, PollSpending Spent, double[] Polls) Weighed(LearnedPlan plan, int i)
        {
            var (observed, weight) = (classes[i].Observed, classes[i].Jobs / total);
            var spent = weight * (conditions is null ? plan.Ages.On(observed, heard) : plan.On(observed, heard, conditions.First));
            return (plan, spent, [spent.Polls, .. slowdowns.Select(factor => weight * plan.On(new SlowerCurve(observed, factor), heard, conditions?.First).Polls)]);
        }

        // The number of polls jumps from one price to the next. The remaining polls are spent on plans in between.
        Solution Filled(Solution least, Solution most)
        {
            for (var i = 0; i < classes.Count; i++)
            {
                var (few, many) = (least.Of[i].Plan, most.Of[i].Plan);
                var between = Enumerable.Range(1, Parts).Select(part => least.With(i, Weighed(few.Towards(many, part / (double)Parts), i)));
                least = between.Where(one => one.Load <= 1).Append(least).MinBy(one => one.Spent.Delay)!;
            }

            return least;
        }
    }

    /// <summary>The smallest mean delay of any plan within the same limits and with a number of polls, by random choice between two plans.</summary>
    /// <param name="curve">The survival function of the jobs.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="polls">The mean number of polls per job.</param>
    public static double LeastDelay(ISurvivalCurve curve, PollSettings settings, double heard, double polls)
    {
        var programme = new PollProgramme(curve, settings, heard);
        var (least, most) = Around(polls, At, one => one.Polls);
        var share = most.Polls > least.Polls ? Math.Clamp((polls - least.Polls) / (most.Polls - least.Polls), 0, 1) : 0;
        return least.Delay + (share * (most.Delay - least.Delay));

        PollSpending At(double price) => programme.Best(price).Ages.On(curve, heard);
    }

    /// <summary>
    /// Searches for two adjacent prices: the lower one gives more polls than allowed. The number of polls for known jobs can be the same over a wide range of
    /// prices, and the lowest of these gives the smallest delay. If even the highest price gives more polls than allowed, its number is allowed.
    /// </summary>
    /// <param name="allowed">The allowed number of polls.</param>
    /// <param name="at">The result of a price.</param>
    /// <param name="pollsOf">The polls of a result.</param>
    private static (T Least, T Most) Around<T>(double allowed, Func<double, T> at, Func<T, double> pollsOf)
    {
        var (low, high) = (LowestPrice, HighestPrice);
        var (most, least) = (at(low), at(high));
        allowed = Math.Max(allowed, pollsOf(least)) + Rounding;
        while (high > Adjacent * low && pollsOf(most) > allowed)
        {
            var price = Math.Sqrt(low * high);
            var tried = at(price);
            if (pollsOf(tried) > allowed)
                (low, most) = (price, tried);
            else
                (high, least) = (price, tried);
        }

        return (least, most);
    }

    /// <param name="Of">The plans, their expected polls and delays, and their polls for the known jobs and for slower jobs.</param>
    /// <param name="OnOthers">The expected polls and delay of the other jobs.</param>
    /// <param name="Most">The most polls for the known jobs, including the others, and for slower jobs.</param>
    private sealed record Solution(
        IReadOnlyList<(LearnedPlan Plan, PollSpending Spent, double[] Polls)> Of, PollSpending OnOthers, IReadOnlyList<double> Most)
    {
        public PollSpending Spent { get; } = Of.Aggregate(OnOthers, (sum, one) => sum + one.Spent);

        /// <summary>The largest ratio of polls to the most polls.</summary>
        public double Load { get; } = Most.Select((most, i) => (Of.Sum(one => one.Polls[i]) + (i == 0 ? OnOthers.Polls : 0)) / most).Max();

        public LearnedPlan[] Plans => [.. Of.Select(one => one.Plan)];

        public Solution With(int i, (LearnedPlan Plan, PollSpending Spent, double[] Polls) one) =>
            new([.. Of.Take(i), one, .. Of.Skip(i + 1)], OnOthers, Most);
    }
}

/// <summary>The conditions of plans in a host: waits vary, and the first poll of a job is made before its class is known.</summary>
/// <param name="First">The age at the first poll of every job, in seconds; null for that of the learned plan.</param>
/// <param name="Others">The jobs of the source to which none of the plans applies; null for none.</param>
/// <param name="PlanOfOthers">The plan of these jobs; null for the fixed plan.</param>
public sealed record HostConditions(double? First, ClassAges? Others, LearnedPlan? PlanOfOthers);
