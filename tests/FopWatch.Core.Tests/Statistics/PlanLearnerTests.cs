using System.Diagnostics;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>Plans learned from 200 jobs, judged by the distribution from which these were drawn.</summary>
public sealed class PlanLearnerTests(ITestOutputHelper output)
{
    private const int Jobs = 200;

    private static readonly PollSettings Settings = new() { First = TimeSpan.FromSeconds(30) };

    private static readonly string[] Distributions =
    [
        "log-normal, 1 min", "log-normal, 10 min", "log-normal, 20 s", "Weibull 0.7", "Weibull 2", "gamma 4", "40 s and 30 min", "45 s and a queue",
        "5 min and a queue", "1 min or a queue",
    ];

    public static TheoryData<string, double> Cases
    {
        get
        {
            var cases = new TheoryData<string, double>();
            foreach (var distribution in Distributions)
            {
                cases.Add(distribution, 0);
                cases.Add(distribution, 0.9);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_learned_plan_is_close_to_the_optimum_and_not_worse_than_the_fixed_one(string name, double heard)
    {
        var distribution = Distribution.Of(name);
        var optimum = new Optimum(distribution.Truth.Sorted, Settings, heard);
        var spentFixed = PollAges.Fixed(Settings).On(distribution.Truth, heard);

        // A stored bucket is a quarter of an octave wide, so it does not show that many jobs take exactly a minute.
        foreach (var isStored in name == "1 min or a queue" ? (bool[])[false] : heard > 0 ? [true] : [false, true])
        {
            foreach (var pollsPerJob in (double?[])[null, 3, 5])
            {
                var random = new Random(2);
                var (ratios, ofFixed, polls) = (new List<double>(), new List<double>(), new List<double>());
                for (var repetition = 0; repetition < 3; repetition++)
                {
                    var given = distribution.Draw(random, Jobs);
                    var ages = isStored ? ClassAges.Of(Distribution.Known(given)) : ClassAges.Of(new GivenAges(given));
                    var spent = PlanLearner.Learn([ages], Settings, heard, pollsPerJob)![0].Ages.On(distribution.Truth, heard);
                    ratios.Add(spent.Delay / optimum.DelayAt(spent.Polls));
                    ofFixed.Add(spent.Delay / spentFixed.Delay);
                    polls.Add(spent.Polls);
                }

                output.WriteLine(
                    $"{name}, q {heard}, {(isStored ? "quarters" : "exact")}, {pollsPerJob?.ToString() ?? "fixed's"} polls: made {polls.Average():0.00}, "
                    + $"/optimum {ratios.Average():0.000} at most {ratios.Max():0.000}, /fixed {ofFixed.Average():0.000} at most {ofFixed.Max():0.000}");
                if (pollsPerJob is null)
                    Assert.True(ofFixed.Max() <= 1.02, $"{ofFixed.Max():0.000} of the fixed plan's delay");
                if (pollsPerJob is { } wanted)
                    Assert.InRange(polls.Average(), 0.8 * wanted, 1.1 * wanted);
                if (polls.Average() >= 2.8)
                    Assert.True(ratios.Average() <= 1.15, $"{ratios.Average():0.000} of the optimum's delay at {polls.Average():0.00} polls");
            }
        }
    }

    [Theory]
    [InlineData("log-normal, 1 min")]
    [InlineData("Weibull 0.7")]
    [InlineData("45 s and a queue")]
    public void A_plan_that_would_save_little_is_not_worse_than_the_fixed_one(string name)
    {
        // With a first poll after two minutes, most jobs are over at the first poll.
        var settings = new PollSettings { First = TimeSpan.FromMinutes(2) };
        var distribution = Distribution.Of(name);
        var spentFixed = PollAges.Fixed(settings).On(distribution.Truth, 0);
        var random = new Random(3);
        for (var repetition = 0; repetition < 8; repetition++)
        {
            var plan = PlanLearner.Learn([ClassAges.Of(new GivenAges(distribution.Draw(random, Jobs)))], settings, 0);
            var spent = (plan?[0].Ages ?? PollAges.Fixed(settings)).On(distribution.Truth, 0);
            output.WriteLine($"{name}: {spent.Polls:0.00} polls of {spentFixed.Polls:0.00}, {spent.Delay / spentFixed.Delay:0.000} of the fixed plan's delay");

            Assert.InRange(spent.Delay / spentFixed.Delay, 0, 1.02);
            Assert.InRange(spent.Polls / spentFixed.Polls, 0, 1.05);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.9)]
    public void Four_classes_under_one_price_are_found_a_fifth_sooner_for_as_many_polls(double heard)
    {
        string[] names = ["log-normal, 20 s", "gamma 4", "40 s and 30 min", "log-normal, 10 min"];
        var random = new Random(4);
        var truths = Array.ConvertAll(names, Distribution.Of);
        var classes = truths.Select(truth => ClassAges.Of(Distribution.Known(truth.Draw(random, Jobs)))).ToList();

        var plans = PlanLearner.Learn(classes, Settings, heard)!;

        var learned = truths.Select((truth, i) => plans[i].Ages.On(truth.Truth, heard)).ToList();
        var fixedly = truths.Select(truth => PollAges.Fixed(Settings).On(truth.Truth, heard)).ToList();
        output.WriteLine($"q {heard}: polls {learned.Sum(one => one.Polls):0.0} of {fixedly.Sum(one => one.Polls):0.0}, delay {learned.Sum(one => one.Delay) / fixedly.Sum(one => one.Delay):0.000}");
        Assert.InRange(learned.Sum(one => one.Polls), 0.9 * fixedly.Sum(one => one.Polls), 1.1 * fixedly.Sum(one => one.Polls));
        Assert.InRange(learned.Sum(one => one.Delay), 0, 0.8 * fixedly.Sum(one => one.Delay));
    }

    [Theory]
    [InlineData("log-normal, 1 min", 1.05)]
    [InlineData("Weibull 2", 1.05)]
    [InlineData("gamma 4", 1.05)]
    [InlineData("40 s and 30 min", 1.05)]
    public void The_results_of_its_own_polls_teach_as_much_as_exact_ages(string name, double most)
    {
        var distribution = Distribution.Of(name);
        var (ofExact, ofPolls) = (0d, 0d);
        var optimum = new Optimum(distribution.Truth.Sorted, Settings, 0);
        for (var seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            var (exact, polled) = (new KnownAges(), new KnownAges());
            LearnedPlan? plan = null;
            ClassAges? learned = null;
            for (var job = 0; job < 2 * Jobs; job++)
            {
                var age = distribution.Draw(random);
                if (job < Jobs)
                    exact.AddOver(age);
                AddPolled(polled, age, plan, learned?.Observed, random);
                if (polled.Jobs >= PlanLearner.LeastJobs && job % 20 == 19)
                {
                    learned = ClassAges.Of(polled);
                    plan = PlanLearner.Learn([learned], Settings, 0)?[0];
                }
            }

            ofExact += Ratio(ClassAges.Of(exact)) / 4;
            ofPolls += Ratio(ClassAges.Of(polled)) / 4;
        }

        output.WriteLine($"{name}: exact {ofExact:0.000}, own polls {ofPolls:0.000} of the optimum's delay");
        Assert.InRange(ofPolls / ofExact, 0, most);

        double Ratio(ClassAges ages)
        {
            var spent = PlanLearner.Learn([ages], Settings, 0)![0].Ages.On(distribution.Truth, 0);
            return spent.Delay / optimum.DelayAt(spent.Polls);
        }
    }

    [Fact]
    public void A_solution_for_eight_classes_takes_at_most_seconds()
    {
        var random = new Random(5);
        List<ClassAges> classes = [.. Distributions.Take(8).Select(name => ClassAges.Of(Distribution.Known(Distribution.Of(name).Draw(random, Jobs))))];
        PlanLearner.Learn(classes, Settings, 0);

        var before = Process.GetCurrentProcess().UserProcessorTime;
        var clock = Stopwatch.StartNew();
        PlanLearner.Learn(classes, Settings, 0);

        var spent = Process.GetCurrentProcess().UserProcessorTime - before;
        output.WriteLine($"{spent.TotalMilliseconds:0} ms of processor time, {clock.ElapsedMilliseconds} ms");
        Assert.InRange(Math.Min(spent.TotalSeconds, clock.Elapsed.TotalSeconds), 0, 5);
    }

    [Fact]
    public void A_job_older_than_any_known_one_is_polled_little_more_often_than_by_the_fixed_plan()
    {
        var ages = ClassAges.Of(new GivenAges(Enumerable.Repeat(600d, 1000)));

        var plan = PlanLearner.Learn([ages], Settings, 0)![0];

        Assert.InRange(plan.Ages.All().Count(age => age > 800), 0, 4 * PollAges.Fixed(Settings).All().Count());
        Assert.InRange(plan.WaitAt(TimeSpan.FromHours(3)), TimeSpan.FromMinutes(2), Settings.Max);
    }

    [Fact]
    public void Jobs_that_all_take_equally_long_are_found_within_seconds()
    {
        var ages = new GivenAges(Enumerable.Repeat(600d, 1000));

        var plan = PlanLearner.Learn([ClassAges.Of(ages)], Settings, 0)![0];

        Assert.InRange(plan.Ages.On(ages, 0).Delay, 0, 5);
    }

    [Fact]
    public void Jobs_that_no_plan_finds_have_no_delay_to_save() =>
        Assert.Null(PlanLearner.Learn([ClassAges.Of(new GivenAges(Enumerable.Repeat(1e9, 50)))], Settings, 0));

    [Theory]
    [InlineData(0)]
    [InlineData(1e-9)]
    [InlineData(700_000)]
    [InlineData(1e9)]
    public void Any_age_leads_to_a_plan_within_the_limits(double age)
    {
        var ages = ClassAges.Of(new GivenAges(Enumerable.Repeat(age, 50)));

        var plan = PlanLearner.Learn([ages], Settings, 0.5, 3)![0];

        var before = 0d;
        foreach (var next in plan.Ages.All())
        {
            Assert.InRange(next - before, next == Settings.Deadline.TotalSeconds ? 0 : 1.999, Settings.Max.TotalSeconds + 0.01);
            before = next;
        }

        Assert.Equal(Settings.Deadline.TotalSeconds, before);
    }

    [Theory]
    [InlineData(0.001, 1.0, 0.001, 31_536_000)]
    [InlineData(2_592_000, 100, 2_592_000, 2_592_000)]
    [InlineData(1, 1.000001, 2_592_000, 31_536_000)]
    public void Any_settings_lead_to_a_plan(double first, double factor, double max, double deadline)
    {
        var settings = new PollSettings
        {
            First = TimeSpan.FromSeconds(first),
            Factor = factor,
            Max = TimeSpan.FromSeconds(max),
            Deadline = TimeSpan.FromSeconds(deadline),
        };
        var ages = new GivenAges(Distribution.Of("gamma 4").Draw(new Random(6), 50));

        var plan = PlanLearner.Learn([ClassAges.Of(ages)], settings, 0, 5)![0];

        var spent = plan.Ages.On(ages, 0);
        Assert.True(double.IsFinite(spent.Polls) && spent.Polls > 0 && spent.Delay >= 0, $"{spent}");
    }

    private static void AddPolled(KnownAges known, double age, LearnedPlan? plan, ISurvivalCurve? likely, Random random)
    {
        var (before, at) = (0d, 0d);
        foreach (var number in Enumerable.Range(0, 10_000))
        {
            var wait = plan?.WaitAt(TimeSpan.FromSeconds(at)).TotalSeconds ?? PollAges.Fixed(Settings).WaitAt(at);
            (before, at) = (at, at + (wait * (0.9 + (0.2 * random.NextDouble()))));
            if (at >= age)
                break;
        }

        if (likely is null)
            known.AddOverBetween(before, at);
        else
            known.AddOverBetween(before, at, likely);
    }
}
