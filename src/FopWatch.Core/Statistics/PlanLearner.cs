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

    /// <summary>Nothing is known of ages that less than so many known jobs reached.</summary>
    private const double UnknownBelow = 0.5;

    /// <summary>In a host, nor of ages that less than this share of the jobs reached.</summary>
    private const double Rare = 0.03;

    /// <summary>The accuracy of known ages.</summary>
    private const double UnknownFrom = 1.03;

    /// <summary>
    /// The shortest and the longest wait where nothing is known, as multiples of the fixed plan's at the same age: nothing says when such a job ends, and
    /// there may be many of them if a provider is down or has become slower.
    /// </summary>
    private const double ShortestUnknown = 0.85;

    private const double LongestUnknown = 1;

    /// <summary>
    /// The most polls by a host if its provider becomes slower by one of <see cref="Slowdowns"/>, as a multiple of the fixed plan's; or one poll a job more.
    /// Slow jobs pass all polls at the ages at which jobs usually end.
    /// </summary>
    private const double MostWhenSlower = 1.2;

    private static readonly double[] Slowdowns = [1.1, 1.2, 1.5, 2, 5];

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
    /// <param name="conditions">What the plans meet in a host; null for none: every poll is at the age that its plan says.</param>
    /// <returns>A plan for each class; null if they save too little of the fixed plan's delay.</returns>
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

        // Whoever says how many polls a job may cost has them.
        var slowdowns = conditions is null || pollsPerJob is not null ? [] : Slowdowns;
        var mostWhenSlower = slowdowns.Select(factor =>
        {
            var polls = classes.Sum(ages => ages.Jobs / total * fixedPlan.On(new SlowerCurve(ages.Observed, factor), heard).Polls);
            return Math.Max(MostWhenSlower * polls, polls + (classes.Sum(ages => ages.Jobs) / total));
        }).ToArray();
        var programmes = classes.Select(ages => new PollProgramme(ages.Estimate, settings, heard, Least(ages), Most(ages))).ToArray();
        var found = Solve(pollsPerJob ?? spentFixed.Polls);
        var saves = found.Spent.Polls <= spentFixed.Polls + Rounding && spentFixed.Delay > 0 && found.Spent.Delay <= (1 - LeastSaving) * spentFixed.Delay;
        return saves || pollsPerJob is not null ? found.Plans : null;

        Func<double, double> Least(ClassAges ages) => age => IsKnown(ages, age) ? 0 : ShortestUnknown * fixedPlan.WaitAt(age);

        Func<double, double> Most(ClassAges ages) => age =>
            !IsKnown(ages, age) ? LongestUnknown * fixedPlan.WaitAt(age)
            : ages.IsYoung ? YoungWaits * fixedPlan.WaitAt(age)
            : double.PositiveInfinity;

        bool IsKnown(ClassAges ages, double age) =>
            ages.Observed.Unfinished(age / UnknownFrom) >= Math.Max(UnknownBelow / ages.Jobs, conditions is null ? 0 : Rare);

        Solution Solve(double polls)
        {
            var (least, most) = Around(1, 1 - Tolerance, price => At(price, polls), one => one.Load);
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

        // The number of polls jumps from one price to the next. What is left is spent on plans in between.
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

    /// <param name="Of">The plans, what they come to, and their polls: of the known jobs, and of slower ones.</param>
    /// <param name="OnOthers">What the polls of the other jobs come to.</param>
    /// <param name="Most">The most polls: of the known jobs, the others included, and of slower ones.</param>
    private sealed record Solution(
        IReadOnlyList<(LearnedPlan Plan, PollSpending Spent, double[] Polls)> Of, PollSpending OnOthers, IReadOnlyList<double> Most)
    {
        public PollSpending Spent { get; } = Of.Aggregate(OnOthers, (sum, one) => sum + one.Spent);

        /// <summary>The polls as a share of the most, where it is greatest.</summary>
        public double Load { get; } = Most.Select((most, i) => (Of.Sum(one => one.Polls[i]) + (i == 0 ? OnOthers.Polls : 0)) / most).Max();

        public LearnedPlan[] Plans => [.. Of.Select(one => one.Plan)];

        public Solution With(int i, (LearnedPlan Plan, PollSpending Spent, double[] Polls) one) =>
            new([.. Of.Take(i), one, .. Of.Skip(i + 1)], OnOthers, Most);
    }
}

/// <summary>What the plans of classes meet in a host: waits vary, and a job's first poll comes before its class is known.</summary>
/// <param name="First">The age in seconds at the first poll of every job; null for that of the learned plan.</param>
/// <param name="Others">The jobs of the source that have none of the plans; null for none.</param>
/// <param name="PlanOfOthers">Their plan; null for the fixed one.</param>
public sealed record HostConditions(double? First, ClassAges? Others, LearnedPlan? PlanOfOthers);
