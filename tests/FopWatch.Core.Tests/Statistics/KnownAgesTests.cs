using FopWatch.Statistics;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Statistics;

public sealed class KnownAgesTests
{
    [Fact]
    public void Sums_of_several_processes_add_up_in_any_order()
    {
        var ages = ArbMap.Default.ArbFor<(NonNegativeInt From, NonNegativeInt Length, byte Kind)[]>();
        Check.One(PropertyConfig.Of(200), Prop.ForAll(ages, jobs =>
        {
            var whole = new KnownAges();
            KnownAges[] parts = [new(), new(), new()];
            foreach (var (i, job) in jobs.Index())
            {
                Add(whole, job);
                Add(parts[i % 3], job);
            }

            foreach (var order in (int[][])[[0, 1, 2], [2, 0, 1], [1, 2, 0]])
            {
                var merged = new KnownAges();
                foreach (var part in order)
                    merged.Add(parts[part]);
                AssertAlike(whole, merged);
            }
        }));

        static void Add(KnownAges known, (NonNegativeInt From, NonNegativeInt Length, byte Kind) job)
        {
            var (from, by) = (job.From.Get, job.From.Get + job.Length.Get);
            if (job.Kind % 3 == 0)
                known.AddOver(by);
            else if (job.Kind % 3 == 1)
                known.AddOverBetween(from, by);
            else
                known.AddOpen(by);
        }
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(0.2, 0.7)]
    [InlineData(30, 75)]
    [InlineData(300, 300)]
    [InlineData(16, 32)]
    [InlineData(500_000, 2_000_000)]
    public void A_job_over_between_two_ages_is_one_job_and_lies_between_them(double after, double by)
    {
        var estimate = AgeCurve.Estimate(Distribution.Known(Distribution.Of("gamma 4").Draw(new Random(1), 100)));
        foreach (var known in (KnownAges[])[Logarithmic(), Alike()])
        {
            Assert.Equal(1, known.Jobs, 9);
            var curve = AgeCurve.Observed(known);
            Assert.Equal(1, curve.Unfinished(AgeBuckets.Quarters.From(AgeBuckets.Quarters.Of(after))), 6);
            if (by < 1_000_000)
            {
                Assert.Equal(0, curve.Unfinished(AgeBuckets.Quarters.From(AgeBuckets.Quarters.Of(by) + 1)), 6);
                Assert.InRange(curve.RestrictedMean(1e6), after - 0.01, by + 0.01);
            }
        }

        KnownAges Logarithmic()
        {
            var known = new KnownAges();
            known.AddOverBetween(after, by);
            return known;
        }

        KnownAges Alike()
        {
            var known = new KnownAges();
            known.AddOverBetween(after, by, estimate);
            return known;
        }
    }

    [Fact]
    public void An_interval_is_spread_log_uniformly()
    {
        var known = new KnownAges();
        known.AddOverBetween(16, 64);

        // Two octaves: an eighth in each quarter of an octave, and half of it over at their middle.
        Assert.Equal(0.125, known.Over[AgeBuckets.Quarters.Of(16)], 9);
        Assert.Equal(0.5, AgeCurve.Observed(known).Unfinished(32), 9);
        Assert.Equal(48 / Math.Log(4), AgeCurve.Observed(known).RestrictedMean(64), 6);
    }

    [Fact]
    public void A_job_whose_end_was_not_seen_adds_exposure_and_no_end()
    {
        var known = new KnownAges();
        known.AddOver(100);
        known.AddOpen(1000);

        Assert.Equal((1, 2), (known.Jobs, known.All));
        Assert.Equal(1100, known.Seconds.ToArray().Sum(), 6);
        Assert.InRange(AgeCurve.Observed(known).Unfinished(500), 0.49, 0.51);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1e-9)]
    [InlineData(double.NegativeInfinity)]
    public void An_invalid_age_is_refused(double age)
    {
        var known = new KnownAges();
        var curve = AgeCurve.Estimate(known);

        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOver(age));
        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOpen(age));
        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOverBetween(age, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOverBetween(0, age));
        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOverBetween(age, age, curve));
        Assert.Throws<ArgumentOutOfRangeException>(() => known.AddOverBetween(20, 10));
        Assert.Equal(0, known.Jobs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_048_576)]
    [InlineData(9.2e18)]
    [InlineData(1e300)]
    public void Extreme_ages_and_counts_leave_a_curve_that_falls_from_one_to_zero_or_more(double age)
    {
        var known = new KnownAges();
        known.AddOver(age, 1e15);

        foreach (var curve in (AgeCurve[])[AgeCurve.Estimate(known), AgeCurve.Observed(known)])
        {
            var before = 1d;
            for (var seconds = 0.5; seconds < 1e7; seconds *= 1.3)
            {
                var unfinished = curve.Unfinished(seconds);
                Assert.InRange(unfinished, 0, before + 1e-12);
                Assert.InRange(curve.RestrictedMean(seconds), 0, seconds + 1e-6);
                before = unfinished;
            }
        }
    }

    [Fact]
    public void Additions_lose_half_of_their_weight_in_a_week()
    {
        var landmark = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(1, KnownAges.WeightOf(landmark, landmark));
        Assert.Equal(2, KnownAges.WeightOf(landmark.AddDays(7), landmark), 9);
        Assert.Equal(0.25, KnownAges.WeightOf(landmark.AddDays(-14), landmark), 9);
        Assert.True(double.IsFinite(KnownAges.WeightOf(landmark.AddYears(19), landmark)));
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(7, 0, 1)]
    [InlineData(700, 0, 0.01)]
    [InlineData(700, 1000, 50 / 700.0)]
    [InlineData(50, 1000, 1)]
    public void An_hour_adds_seven_jobs_or_a_twentieth_of_what_is_known(double jobs, double known, double weight) =>
        Assert.Equal(weight, KnownAges.WeightOfHour(jobs, known), 12);

    [Fact]
    public void Buckets_contain_their_lower_bounds()
    {
        foreach (var buckets in (AgeBuckets[])[AgeBuckets.Quarters, AgeBuckets.Fine])
        {
            for (var bucket = 0; bucket < buckets.Count; bucket++)
            {
                Assert.Equal(bucket, buckets.Of(buckets.From(bucket)));
                Assert.Equal(bucket, buckets.Of(Math.BitDecrement(buckets.From(bucket + 1))));
            }

            Assert.Equal((0, 0, buckets.Count - 1), (buckets.Of(double.NaN), buckets.Of(-1), buckets.Of(double.PositiveInfinity)));
        }

        Assert.Throws<ArgumentException>(() => new KnownAges().Add(new KnownAges(AgeBuckets.Fine)));
    }

    private static void AssertAlike(KnownAges one, KnownAges other)
    {
        for (var bucket = 0; bucket < AgeBuckets.Quarters.Count; bucket++)
        {
            Assert.Equal(one.Reached[bucket], other.Reached[bucket], 6);
            Assert.Equal(one.Over[bucket], other.Over[bucket], 6);
            Assert.Equal(one.Seconds[bucket], other.Seconds[bucket], 3);
        }
    }
}
