using FopWatch.Core.Tests.Statistics;
using FopWatch.Jobs;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Watching;

public sealed class PollAgesTests
{
    [Theory]
    [InlineData(120, 1.5, 600, 777_600)]
    [InlineData(30, 2, 45, 1000)]
    [InlineData(360, 1, 600, 3600)]
    [InlineData(60, 1.5, 600, 60)]
    public void The_fixed_plan_matches_the_hosts_behaviour(double first, double factor, double max, double deadline)
    {
        var settings = new PollSettings
        {
            First = TimeSpan.FromSeconds(first),
            Factor = factor,
            Max = TimeSpan.FromSeconds(max),
            Deadline = TimeSpan.FromSeconds(deadline),
        };
        var watch = Watch.Start(settings, PollPlanTests.Start);
        foreach (var age in PollAges.Fixed(settings).All().Take(40))
        {
            Assert.Equal(age, (watch.DueAt!.Value - PollPlanTests.Start).TotalSeconds, 3);
            if (watch.DueAt >= watch.Deadline)
                break;
            watch = PollPlan.Answered(settings, watch, watch, JobFacts.None, PollPlanTests.Running, watch.DueAt.Value, 0.5).Watch;
        }

        Assert.Equal(deadline, PollAges.Fixed(settings).All().Last());
    }

    [Theory]
    [InlineData(4, 4, false)]
    [InlineData(5, 4, false)]
    [InlineData(3, 3, true)]
    public void Ages_are_cut_only_if_more_follow(int most, int shown, bool areCut)
    {
        // Polls at 30, 90, 180 and, the deadline, 200.
        var ages = PollAges.Fixed(new() { First = TimeSpan.FromSeconds(30), Factor = 2, Max = TimeSpan.FromSeconds(90), Deadline = TimeSpan.FromSeconds(200) });

        var (first, cut) = ages.UpTo(most);

        Assert.Equal((shown, areCut), (first.Count, cut));
        Assert.Equal(ages.All().Take(most), first);
    }

    [Fact]
    public void Polls_and_delay_are_counted_as_they_happen()
    {
        // Polls at 120, 300 and 570: found at 120 by 1 poll, at 120 by 1, at 300 by 2, at 570 by 3.
        var ages = new GivenAges([20, 120, 130, 560]);
        var polls = PollAges.Fixed(new() { First = TimeSpan.FromMinutes(2) });

        Assert.Equal(new PollSpending(7 / 4.0, (100 + 0 + 170 + 10) / 4.0), polls.On(ages, 0));

        // Half of the jobs are notified when they end: these are not polled after that.
        Assert.Equal(new PollSpending((0.5 + 0.5 + 1.5 + 2.5) / 4, 280 / 8.0), polls.On(ages, 0.5));
    }

    [Fact]
    public void A_job_of_age_0_is_found_by_the_first_poll()
    {
        var settings = new PollSettings { First = TimeSpan.FromSeconds(30) };
        var polls = PollAges.Fixed(settings);

        Assert.Equal(new PollSpending(1, 30), polls.On(new GivenAges(Enumerable.Repeat(0d, 50)), 0));

        // Polls at 30, 75 and 142.5: 13 jobs are found at 30, 4 at 75, 7 at 142.5.
        var spent = polls.On(new GivenAges([.. Enumerable.Repeat(0d, 10), .. Enumerable.Range(1, 14).Select(i => 10d * i)]), 0);
        Assert.Equal(1.75, spent.Polls, 1e-9);
        Assert.Equal(637.5 / 24, spent.Delay, 1e-9);
    }

    [Fact]
    public void A_job_older_than_the_deadline_is_polled_up_to_it_and_has_no_delay()
    {
        var settings = new PollSettings { First = TimeSpan.FromSeconds(100), Factor = 1, Max = TimeSpan.FromSeconds(100), Deadline = TimeSpan.FromSeconds(250) };

        Assert.Equal(new PollSpending(3, 0), PollAges.Fixed(settings).On(new GivenAges([1000]), 0));
        Assert.Equal(new PollSpending(3, 0), PollAges.Fixed(settings).On(new GivenAges([1000]), 0.9));
    }

    [Fact]
    public void Many_polls_are_summed_without_iterating_over_each()
    {
        // 9 days at 20 s are 38,880 polls, more than are iterated over.
        var settings = new PollSettings { First = TimeSpan.FromSeconds(20), Factor = 1, Max = TimeSpan.FromSeconds(20) };
        var ages = new GivenAges(Enumerable.Range(1, 1000).Select(i => i * 701.3));

        var spent = PollAges.Fixed(settings).On(ages, 0);

        Assert.Equal(ages.Sorted.Average(age => Math.Ceiling(age / 20)), spent.Polls, 0);
        Assert.Equal(ages.Sorted.Average(age => (Math.Ceiling(age / 20) * 20) - age), spent.Delay, 0);
    }

    [Fact]
    public void A_learned_plan_waits_for_the_next_of_its_ages_at_any_age_of_a_job()
    {
        var settings = new PollSettings { First = TimeSpan.FromSeconds(30) };
        var given = new GivenAges(Distribution.Of("5 min and a queue").Draw(new Random(1), 200));
        var plan = PlanLearner.Learn([ClassAges.Of(given)], settings, 0, 3)![0];

        var before = 0d;
        foreach (var age in plan.Ages.All().Take(50))
        {
            Assert.Equal(age, before + plan.WaitAt(TimeSpan.FromSeconds(before)).TotalSeconds, 5);
            before = age;
        }

        // No job ends before five minutes, so a job polled earlier for another reason is polled next at that age.
        var first = plan.Ages.All().First();
        Assert.InRange(first, 300, 340);
        Assert.InRange(100 + plan.WaitAt(TimeSpan.FromSeconds(100)).TotalSeconds, 300, 340);
        for (var age = -10d; age < 1e6; age = (age * 1.1) + 11)
            Assert.InRange(plan.WaitAt(TimeSpan.FromSeconds(age)), TimeSpan.FromSeconds(2), settings.Max);
    }
}
