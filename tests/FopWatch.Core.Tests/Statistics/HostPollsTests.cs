using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>The cost of jobs polled as by a host: the first poll by the plan of the source, the others by that of the class, with jitter.</summary>
public sealed class HostPollsTests(ITestOutputHelper output)
{
    private const int Jobs = 400;
    private const int Repetitions = 10;

    private readonly Random _random = new(5);

    public static TheoryData<string, double> Sources
    {
        get
        {
            var cases = new TheoryData<string, double>();
            foreach (var first in (double[])[30, 120])
            {
                foreach (var mix in (string[])["1/1", "9/1", "1/9", "four", "one", "wide", "many small"])
                    cases.Add(mix, first);
            }

            return cases;
        }
    }

    /// <summary>How often jobs slow down, and by how much.</summary>
    public static TheoryData<double> Slower => [1.1, 1.2, 1.5, 2, 5];

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_source_makes_no_more_polls_than_by_the_fixed_plan(string mix, double first)
    {
        var settings = new PollSettings { First = TimeSpan.FromSeconds(first) };
        var classes = ClassesOf(mix);
        var known = classes.ToDictionary(one => one.Name, one => Distribution.Known(Enumerable.Range(0, one.Jobs).Select(_ => one.Draw())), StringComparer.Ordinal);
        var plans = SourcePlans.Learn(known, settings, 0);

        var (learned, planned, jobs) = (default(PollSpending), default(PollSpending), 0);
        foreach (var one in classes)
        {
            for (var i = 0; i < Repetitions * one.Jobs; i++, jobs++)
            {
                var age = one.Draw();
                learned += Polled(settings, plans, one.Name, age);
                planned += Polled(settings, null, one.Name, age);
            }
        }

        output.WriteLine(
            $"{mix}, {first} s: {learned.Polls / jobs:0.00} polls a job, {learned.Polls / planned.Polls:0.000} of the fixed plan's; delay {learned.Delay / planned.Delay:0.000}");
        Assert.InRange(learned.Polls / planned.Polls, 0, 1.03);
        Assert.InRange(learned.Delay / planned.Delay, 0, 1);
    }

    [Theory]
    [MemberData(nameof(Slower))]
    public void A_provider_that_slows_down_is_polled_little_more_and_found_at_most_twice_as_late(double factor)
    {
        var (all, allFixed) = (default(PollSpending), default(PollSpending));
        var failed = new List<string>();
        foreach (var first in (double[])[30, 120])
        {
            var settings = new PollSettings { First = TimeSpan.FromSeconds(first) };
            foreach (var median in (double[])[20, 45, 100, 160, 300, 500, 900, 1800, 3600])
            {
                foreach (var spread in (double[])[0.005, 0.2, 0.8])
                {
                    double Draw() => median * Math.Exp(spread * Distribution.Normal(_random));
                    var plans = SourcePlans.Learn(
                        new Dictionary<string, KnownAges> { ["a"] = Distribution.Known(Enumerable.Range(0, Jobs).Select(_ => Draw())) }, settings, 0);
                    var (learned, planned) = (default(PollSpending), default(PollSpending));
                    for (var i = 0; i < Jobs; i++)
                    {
                        var age = factor * Draw();
                        learned += Polled(settings, plans, "a", age);
                        planned += Polled(settings, null, "a", age);
                    }

                    output.WriteLine(
                        $"{factor} {first} {median} {spread}: polls {learned.Polls / Jobs:0.00} {learned.Polls / planned.Polls:0.00}, delay {planned.Delay / Jobs:0.0} {learned.Delay / planned.Delay:0.00}");
                    all += learned;
                    allFixed += planned;

                    // One more poll is a large share of few.
                    if (learned.Polls > Math.Max(1.3 * planned.Polls, planned.Polls + Jobs))
                        failed.Add($"{first} {median} {spread}: {learned.Polls / planned.Polls:0.00} of the polls");

                    // If jobs happen to end just before a poll of the fixed plan, its own delay is a poor measure, so half of its wait is used.
                    var usual = Math.Max(planned.Delay / Jobs, PollAges.Fixed(settings).WaitAt(factor * median) / 2);
                    if (learned.Delay / Jobs > 2 * usual)
                        failed.Add($"{first} {median} {spread}: {learned.Delay / planned.Delay:0.00} of the delay");
                }
            }
        }

        output.WriteLine($"{factor} in all: polls {all.Polls / allFixed.Polls:0.00}, delay {all.Delay / allFixed.Delay:0.00}");
        Assert.InRange(all.Polls / allFixed.Polls, 0, 1.3);
        Assert.InRange(all.Delay / allFixed.Delay, 0, 2);
        Assert.Empty(failed);
    }

    private PollSpending Polled(PollSettings settings, SourcePlans? plans, string name, double age)
    {
        var (at, polls) = (plans?.OfSource?.WaitAt(TimeSpan.Zero).TotalSeconds ?? settings.First.TotalSeconds, 1);
        for (; at < age; polls++)
        {
            var wait = plans?.For(name)?.WaitAt(TimeSpan.FromSeconds(at)).TotalSeconds
                ?? Math.Min(settings.First.TotalSeconds * Math.Pow(settings.Factor, polls), settings.Max.TotalSeconds);
            at += wait * (0.9 + (0.2 * _random.NextDouble()));
        }

        return new(polls, at - age);
    }

    private IReadOnlyList<(string Name, int Jobs, Func<double> Draw)> ClassesOf(string mix) => mix switch
    {
        "1/1" => [("a", 500, LogNormal(20, 0.4)), ("b", 500, LogNormal(1800, 0.3))],
        "9/1" => [("a", 900, LogNormal(20, 0.4)), ("b", 100, LogNormal(1800, 0.3))],
        "1/9" => [("a", 100, LogNormal(20, 0.4)), ("b", 900, LogNormal(1800, 0.3))],
        "four" => [("a", 300, LogNormal(45, 0.2)), ("b", 300, LogNormal(300, 0.2)), ("c", 300, LogNormal(900, 0.2)), ("d", 300, LogNormal(3600, 0.2))],
        "one" => [("a", 400, () => 300 + (2 * _random.NextDouble()))],
        "wide" => [("a", 400, LogNormal(60, 0.9)), ("b", 400, LogNormal(600, 1.2))],
        "many small" => [("a", 300, LogNormal(30, 0.3)), .. Enumerable.Range(0, 20).Select(i => ($"s{i}", 15, LogNormal(60 * (i + 1), 0.3)))],
        _ => throw new ArgumentOutOfRangeException(nameof(mix), mix, null),
    };

    private Func<double> LogNormal(double median, double spread) => () => median * Math.Exp(spread * Distribution.Normal(_random));
}
