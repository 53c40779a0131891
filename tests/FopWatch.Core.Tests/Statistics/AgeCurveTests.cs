using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

public sealed class AgeCurveTests
{
    [Theory]
    [InlineData("log-normal, 1 min")]
    [InlineData("Weibull 0.7")]
    [InlineData("40 s and 30 min")]
    [InlineData("5 min and a queue")]
    public void Many_jobs_give_their_distribution(string name)
    {
        var distribution = Distribution.Of(name);
        var known = Distribution.Known(distribution.Truth.Sorted);

        foreach (var seconds in (double[])[10, 33, 60, 150, 310, 340, 600, 1800, 4000])
        {
            Assert.InRange(AgeCurve.Observed(known).Unfinished(seconds) - distribution.Truth.Unfinished(seconds), -0.03, 0.03);
            Assert.InRange(AgeCurve.Estimate(known).Unfinished(seconds) - distribution.Truth.Unfinished(seconds), -0.05, 0.05);
            Assert.Equal(distribution.Truth.RestrictedMean(seconds), AgeCurve.Observed(known).RestrictedMean(seconds), distribution.Truth.RestrictedMean(seconds) * 0.01);
        }
    }

    [Fact]
    public void Without_any_data_the_hazard_is_half_of_one_by_the_age()
    {
        var curve = AgeCurve.Estimate(new());

        foreach (var seconds in (double[])[16, 256, 4096, 65_536])
            Assert.Equal(Math.Sqrt(0.5), curve.Unfinished(2 * seconds) / curve.Unfinished(seconds), 0.02);
    }

    [Fact]
    public void The_area_below_the_curve_is_its_integral()
    {
        var known = Distribution.Known(Distribution.Of("gamma 4").Draw(new Random(1), 200));
        foreach (var curve in (AgeCurve[])[AgeCurve.Observed(known), AgeCurve.Estimate(known)])
        {
            var sum = 0d;
            for (var at = 0.005; at < 400; at += 0.01)
                sum += 0.01 * curve.Unfinished(at);
            Assert.Equal(sum, curve.RestrictedMean(400), 0.01);
        }
    }

    [Fact]
    public void No_poll_is_wasted_before_the_minimum_age_of_a_class()
    {
        var known = new KnownAges(AgeBuckets.Fine);
        foreach (var age in Distribution.Of("5 min and a queue").Draw(new Random(2), 200))
            known.AddOver(age);

        Assert.InRange(AgeCurve.Estimate(known).Unfinished(280), 0.99, 1);
    }

    [Fact]
    public void Beyond_the_last_bucket_jobs_stay_unfinished_and_their_time_continues()
    {
        var known = new KnownAges();
        known.AddOver(60, 3);
        known.AddOpen(4e6);
        var (curve, bound) = (AgeCurve.Observed(known), AgeBuckets.Quarters.From(AgeBuckets.Quarters.Count));

        Assert.Equal(0.25, curve.Unfinished(bound), 1e-9);
        Assert.Equal(0.25, curve.Unfinished(3 * bound), 1e-9);
        Assert.Equal(curve.RestrictedMean(bound) + (0.25 * 2 * bound), curve.RestrictedMean(3 * bound), 1e-3);

        // 3 jobs are found by the first poll, the other one is polled every 10 minutes for 60 days.
        var settings = new PollSettings { First = TimeSpan.FromMinutes(10), Factor = 1, Max = TimeSpan.FromMinutes(10), Deadline = TimeSpan.FromDays(60) };
        Assert.Equal((0.75 * 1) + (0.25 * 6 * 24 * 60), PollAges.Fixed(settings).On(curve, 0).Polls, 1);
    }
}
