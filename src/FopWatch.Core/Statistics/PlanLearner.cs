using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// Learns the plans of a source's classes. All classes have one price for a poll, at which the polls of all known jobs together are as many as those of the
/// fixed plan, or as many as are wanted.
/// </summary>
public static class PlanLearner
{
    /// <summary>A class of fewer known ages has the plan of its source, and a source of fewer the fixed plan.</summary>
    public const int LeastJobs = 20;

    /// <summary>The longest wait of a young class, as a multiple of the fixed plan's wait at the same age.</summary>
    private const double YoungWaits = 1.5;

    /// <summary>Where nothing is known: at ages that are greater than the oldest known one by this factor.</summary>
    private const double UnknownFrom = 1.25;

    /// <summary>
    /// The part of the fixed plan's wait at the same age that a wait is at least, where nothing is known: nothing says when such a job ends,
    /// and there may be many of them if a provider is down.
    /// </summary>
    private const double UnknownWaits = 4;

    /// <summary>The share of the fixed plan's delay that a plan has to save: less may be chance.</summary>
    public const double LeastSaving = 0.03;

    private const double LowestPrice = 1e-6;
    private const double HighestPrice = 1e9;
    private const int Steps = 50;
    private const int Parts = 16;
    private const double Tolerance = 1e-3;
    private const double Rounding = 1e-9;

    /// <summary>Learns plans.</summary>
    /// <param name="classes">The classes, each of at least <see cref="LeastJobs"/>.</param>
    /// <param name="settings">The fixed plan, and the limits of any.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="pollsPerJob">The mean polls of a job; null for as many as the fixed plan would have made of the known jobs.</param>
    /// <returns>A plan for each class; null if they save too little of the fixed plan's delay.</returns>
    public static IReadOnlyList<LearnedPlan>? Learn(IReadOnlyList<ClassAges> classes, PollSettings settings, double heard, double? pollsPerJob = null)
    {
        ArgumentNullException.ThrowIfNull(classes);
        var total = classes.Sum(ages => ages.Jobs);
        var fixedPlan = PollAges.Fixed(settings);
        var spentFixed = classes.Aggregate(default(PollSpending), (sum, ages) => sum + (ages.Jobs / total * fixedPlan.On(ages.Observed, heard)));
        var programmes = classes.Select(ages => new PollProgramme(ages.Estimate, settings, heard, Least(ages), Most(ages))).ToArray();
        var found = Solve(pollsPerJob ?? spentFixed.Polls);
        var saves = found.Spent.Polls <= spentFixed.Polls + Rounding && found.Spent.Delay <= (1 - LeastSaving) * spentFixed.Delay;
        return saves || pollsPerJob is not null ? found.Plans : null;

        Func<double, double> Least(ClassAges ages) => age => ages.Observed.Unfinished(age / UnknownFrom) > 0 ? 0 : fixedPlan.WaitAt(age) / UnknownWaits;

        Func<double, double>? Most(ClassAges ages) => ages.IsYoung ? age => YoungWaits * fixedPlan.WaitAt(age) : null;

        Solution Solve(double polls)
        {
            var (least, most) = Around(polls, polls * (1 - Tolerance), At, one => one.Spent.Polls);
            return most.Spent.Polls <= polls ? most : Filled(least, most, polls);
        }

        Solution At(double price) => new(
            [.. programmes.Select((programme, i) => Weighed(programme.Best(price), i))]);

        (LearnedPlan Plan, PollSpending Spent) Weighed(LearnedPlan plan, int i) => (plan, classes[i].Jobs / total * plan.Ages.On(classes[i].Observed, heard));

        // The number of polls jumps from one price to the next. What is left is spent on plans in between.
        Solution Filled(Solution least, Solution most, double polls)
        {
            for (var i = 0; i < classes.Count; i++)
            {
                var (few, many) = (least.Of[i].Plan, most.Of[i].Plan);
                var between = Enumerable.Range(1, Parts).Select(part => least.With(i, Weighed(few.Towards(many, part / (double)Parts), i)));
                least = between.Where(one => one.Spent.Polls <= polls).Append(least).MinBy(one => one.Spent.Delay)!;
            }

            return least;
        }
    }

    /// <summary>The least mean delay of any plan within the same limits, at as many polls: between two plans of which one is chosen at random.</summary>
    /// <param name="curve">How long the jobs take.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="polls">The mean polls of a job.</param>
    public static double LeastDelay(ISurvivalCurve curve, PollSettings settings, double heard, double polls)
    {
        var programme = new PollProgramme(curve, settings, heard);
        var (least, most) = Around(polls, polls, At, one => one.Polls);
        var share = most.Polls > least.Polls ? Math.Clamp((polls - least.Polls) / (most.Polls - least.Polls), 0, 1) : 0;
        return least.Delay + (share * (most.Delay - least.Delay));

        PollSpending At(double price) => programme.Best(price).Ages.On(curve, heard);
    }

    /// <summary>Searches the prices for those between which the number of polls passes a number.</summary>
    /// <param name="polls">The number.</param>
    /// <param name="enough">The search ends where the greater price makes at least so many.</param>
    /// <param name="at">What a price leads to.</param>
    /// <param name="pollsOf">The polls that it makes.</param>
    private static (T Least, T Most) Around<T>(double polls, double enough, Func<double, T> at, Func<T, double> pollsOf)
    {
        var (low, high) = (LowestPrice, HighestPrice);
        var (most, least) = (at(low), at(high));
        for (var step = 0; step < Steps && pollsOf(most) > polls && pollsOf(least) < enough; step++)
        {
            var price = Math.Sqrt(low * high);
            var tried = at(price);
            if (pollsOf(tried) > polls)
                (low, most) = (price, tried);
            else
                (high, least) = (price, tried);
        }

        return (least, most);
    }

    private sealed record Solution(IReadOnlyList<(LearnedPlan Plan, PollSpending Spent)> Of)
    {
        public PollSpending Spent { get; } = Of.Aggregate(default(PollSpending), (sum, one) => sum + one.Spent);

        public LearnedPlan[] Plans => [.. Of.Select(one => one.Plan)];

        public Solution With(int i, (LearnedPlan Plan, PollSpending Spent) one) => new([.. Of.Take(i), one, .. Of.Skip(i + 1)]);
    }
}
