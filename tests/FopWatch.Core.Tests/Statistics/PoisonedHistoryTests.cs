using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>Histories that are not what jobs will do, added hour by hour as a host adds them.</summary>
public sealed class PoisonedHistoryTests(ITestOutputHelper output)
{
    private static readonly PollSettings Settings = new() { First = TimeSpan.FromSeconds(30) };
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Distribution _truth = Distribution.Of("log-normal, 1 min");
    private readonly Random _random = new(7);

    /// <summary>What happens, for how many hours after two days of ordinary ones, and with how many jobs in each.</summary>
    [Theory]
    [InlineData("forged ages of 1 s", 24, 5_000)]
    [InlineData("forged ages of 12 days", 24, 5_000)]
    [InlineData("an outage of 3 h a job", 6, 200)]
    [InlineData("a clock that is ahead by a day", 1, 200)]
    [InlineData("a batch of 100000", 4, 25_000)]
    public void A_poisoned_history_at_most_doubles_the_fixed_plans_delay_and_is_outgrown(string poison, int hours, int jobs)
    {
        var known = new KnownAges();
        var hour = 0;
        for (; hour < 48; hour++)
            AddHour(known, hour, _truth.Draw(_random, 200));
        var before = DelayOfFixed(known, hour);
        for (var end = hour + hours; hour < end; hour++)
            AddHour(known, hour, Enumerable.Range(0, jobs).Select(job => Age(poison, job)).ToArray());
        var poisoned = DelayOfFixed(known, hour);
        var recovered = poisoned;
        for (var end = hour + (3 * 24); hour < end; hour++)
        {
            AddHour(known, hour, _truth.Draw(_random, 200));
            recovered = DelayOfFixed(known, hour);
        }

        output.WriteLine($"{poison}: {before:0.00} of the fixed plan's delay before, {poisoned:0.00} after, {recovered:0.00} three days later");
        Assert.InRange(poisoned, 0, 2);
        Assert.InRange(recovered, 0, 1);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(24)]
    public void A_history_of_nothing_but_an_outage_at_most_doubles_the_fixed_plans_delay(int hours)
    {
        var known = new KnownAges();
        for (var hour = 0; hour < hours; hour++)
            AddHour(known, hour, Distribution.Of("3 h").Draw(_random, 500));

        var ofFixed = DelayOfFixed(known, hours);

        output.WriteLine($"{hours} h: {ofFixed:0.00} of the fixed plan's delay, {known.Jobs:0} known");
        Assert.InRange(ofFixed, 0, 2);
    }

    [Fact]
    public void An_hour_by_itself_teaches_nothing()
    {
        var known = new KnownAges();
        AddHour(known, 0, _truth.Draw(_random, 10_000));
        AddHour(known, 1, _truth.Draw(_random, 10_000));
        Assert.InRange(known.Jobs, 0, PlanLearner.LeastJobs - 1);

        AddHour(known, 2, _truth.Draw(_random, 10_000));
        Assert.InRange(known.Jobs, PlanLearner.LeastJobs, 25);
    }

    private double Age(string poison, int job) => poison switch
    {
        "forged ages of 1 s" => 1,
        "forged ages of 12 days" => 1e6,
        "an outage of 3 h a job" => 10_800 * (0.5 + _random.NextDouble()),
        "a clock that is ahead by a day" => 86_400 + _truth.Draw(_random),
        _ => 60 + (job * 14_400.0 / 25_000),
    };

    private static void AddHour(KnownAges known, int hour, double[] ages)
    {
        // The sums are weighed by forward decay from the start, as a store keeps them; an hour's limit is in jobs of that hour.
        var weight = KnownAges.WeightOf(Start + TimeSpan.FromHours(hour), Start);
        known.Add(Distribution.Known(ages), weight * KnownAges.WeightOfHour(ages.Length, known.Jobs / weight));
    }

    private double DelayOfFixed(KnownAges known, int hour)
    {
        var now = new KnownAges();
        now.Add(known, 1 / KnownAges.WeightOf(Start + TimeSpan.FromHours(hour - 1), Start));
        var plan = now.Jobs >= PlanLearner.LeastJobs ? PlanLearner.Learn([ClassAges.Of(now)], Settings, 0) : null;
        var fixedly = PollAges.Fixed(Settings);
        return (plan?[0].Ages ?? fixedly).On(_truth.Truth, 0).Delay / fixedly.On(_truth.Truth, 0).Delay;
    }
}
