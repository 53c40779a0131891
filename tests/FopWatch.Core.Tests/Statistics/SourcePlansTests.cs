using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

public sealed class SourcePlansTests
{
    private static readonly PollSettings Settings = new() { First = TimeSpan.FromSeconds(30) };

    private readonly Random _random = new(8);

    [Fact]
    public void A_class_with_little_data_has_the_plan_of_its_source()
    {
        var plans = SourcePlans.Learn(
            new Dictionary<string, KnownAges> { ["avthumb/mp4"] = Known("40 s and 30 min", 300), ["vframe/jpg"] = Known("gamma 4", 19), ["zip"] = Known("gamma 4", 20) },
            Settings,
            0)!;

        Assert.Equal(["avthumb/mp4", "zip"], plans.OfClasses.Keys.Order(StringComparer.Ordinal));
        Assert.Same(plans.OfSource, plans.For("vframe/jpg"));
        Assert.Same(plans.OfSource, plans.For("never heard of"));
        Assert.NotSame(plans.OfSource, plans.For("zip"));
    }

    [Fact]
    public void A_source_with_little_data_keeps_the_fixed_plan()
    {
        Assert.Null(SourcePlans.Learn(new Dictionary<string, KnownAges>(), Settings, 0));
        Assert.Null(SourcePlans.Learn(new Dictionary<string, KnownAges> { ["a"] = Known("gamma 4", 10), ["b"] = Known("gamma 4", 9) }, Settings, 0));
        Assert.NotNull(SourcePlans.Learn(new Dictionary<string, KnownAges> { ["a"] = Known("gamma 4", 10), ["b"] = Known("gamma 4", 10) }, Settings, 0, 4));
    }

    [Fact]
    public void Classes_in_excess_of_sixteen_have_the_plan_of_the_source_and_are_priced_with_it()
    {
        var many = Enumerable.Range(0, 40).ToDictionary(number => $"tool-{number:D2}", number => Known("gamma 4", 60 - number));

        var plans = SourcePlans.Learn(many, Settings, 0)!;

        Assert.Equal(many.Keys.Take(SourcePlans.MostPlans), plans.OfClasses.Keys.Order(StringComparer.Ordinal));
        Assert.Same(plans.OfSource, plans.For("tool-16"));
        Assert.Same(plans.OfSource, plans.For(CommandClass.Other));
    }

    [Fact]
    public void The_order_of_the_classes_does_not_matter()
    {
        var (mp4, jpg) = (Known("gamma 4", 100), Known("log-normal, 20 s", 100));

        var one = SourcePlans.Learn(new Dictionary<string, KnownAges> { ["mp4"] = mp4, ["jpg"] = jpg }, Settings, 0.5)!;
        var other = SourcePlans.Learn(new Dictionary<string, KnownAges> { ["jpg"] = jpg, ["mp4"] = mp4 }, Settings, 0.5)!;

        Assert.Equal(one.For("mp4")!.Ages.All(), other.For("mp4")!.Ages.All());
        Assert.Equal(one.OfSource!.Ages.All(), other.OfSource!.Ages.All());
    }

    [Fact]
    public void The_plan_of_a_source_suits_all_its_jobs_although_its_class_has_its_own()
    {
        var ages = Enumerable.Range(0, 300).Select(number => 30.0 + (number % 5)).ToList();
        var known = new KnownAges();
        foreach (var age in ages)
            known.AddOver(age);
        var settings = new PollSettings { First = TimeSpan.FromMinutes(2) };

        var plans = SourcePlans.Learn(new Dictionary<string, KnownAges> { ["avthumb/mp4"] = known }, settings, 0.9)!;

        var (learned, planned) = (plans.OfSource!.Ages.On(new GivenAges(ages), 0.9), PollAges.Fixed(settings).On(new GivenAges(ages), 0.9));
        Assert.True(learned.Polls <= planned.Polls + 1e-6, $"{learned} {planned}");
        Assert.True(learned.Delay < 0.2 * planned.Delay, $"{learned} {planned}");
        Assert.Equal(plans.OfSource.Ages.All(), plans.For("avthumb/mp4")!.Ages.All());
    }

    [Fact]
    public void Idle_time_tasks_do_not_shape_the_plans_of_others()
    {
        var frames = Distribution.Known(Enumerable.Range(0, 100).Select(_ => 60 * Math.Exp(0.4 * Distribution.Normal(_random))));
        var idle = Distribution.Known(Enumerable.Range(0, 900).Select(_ => 36_000 * Math.Exp(0.5 * Distribution.Normal(_random))));

        var alone = SourcePlans.Learn(new Dictionary<string, KnownAges> { ["vframe/jpg"] = frames }, Settings, 0)!;
        var plans = SourcePlans.Learn(new Dictionary<string, KnownAges> { ["vframe/jpg"] = frames, ["idle/avthumb/mp4"] = idle }, Settings, 0)!;

        Assert.Equal(alone.OfSource!.Ages.All(), plans.OfSource!.Ages.All());
        Assert.Equal(alone.For("vframe/jpg")!.Ages.All(), plans.For("vframe/jpg")!.Ages.All());
        Assert.InRange(plans.OfSource.Ages.All().First(), 35, 55);
        Assert.Null(SourcePlans.Learn(new Dictionary<string, KnownAges> { ["idle/avthumb/mp4"] = idle }, Settings, 0));
    }

    private KnownAges Known(string name, int jobs) => Distribution.Known(Distribution.Of(name).Draw(_random, jobs));
}
