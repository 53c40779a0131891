using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

public sealed class StoredAgesTests
{
    private static readonly DateTimeOffset Hour = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ages_survive_a_round_trip_in_less_than_two_kibibytes()
    {
        var ages = new KnownAges();
        for (var bucket = 0; bucket < AgeBuckets.Quarters.Count; bucket++)
            ages.AddOver(AgeBuckets.Quarters.From(bucket) + 0.5, 0.05);
        var bytes = StoredAges.None(Hour.AddHours(-1)).With(ages, Hour.AddHours(-1)).With(ages, Hour).Write();
        Assert.InRange(bytes.Length, 1900, StoredAges.MaxBytes);
        var read = StoredAges.Read(bytes, out _)!.At(Hour);
        ages.Add(ages, KnownAges.WeightOf(Hour.AddHours(-1), Hour));
        for (var bucket = 0; bucket < AgeBuckets.Quarters.Count; bucket++)
        {
            Assert.Equal(ages.Over[bucket], read.Over[bucket], 1e-6 * ages.Over[bucket]);
            Assert.Equal(ages.Reached[bucket], read.Reached[bucket], 1e-6 * ages.Reached[bucket]);
            Assert.Equal(ages.Seconds[bucket], read.Seconds[bucket], 1e-6 * ages.Seconds[bucket]);
        }

        Assert.Equal(25, StoredAges.None(Hour).Write().Length);
    }

    [Fact]
    public void Any_other_value_is_not_read()
    {
        var ages = new KnownAges();
        ages.AddOver(60);
        var bytes = StoredAges.None(Hour).With(ages, Hour).Write();
        for (var length = 0; length < bytes.Length; length++)
        {
            // Complete except for the series of numbers, so nothing is known.
            if (length != 25)
                Assert.Null(StoredAges.Read(bytes.AsSpan(0, length), out _));
        }

        byte[] newer = [3, .. bytes[1..]];
        Assert.Null(StoredAges.Read(newer, out var isNewer));
        Assert.True(isNewer);
        byte[] notANumber = [.. bytes];
        notANumber.AsSpan(27, 12).Fill(0xff);
        Assert.Null(StoredAges.Read(notANumber, out isNewer));
        Assert.False(isNewer);
        byte[] beyond = [.. bytes];
        beyond[25] = 79;
        Assert.Null(StoredAges.Read(beyond, out _));
    }

    [Theory]
    [InlineData(1, 10.6)]
    [InlineData(1.8, 19.1)]
    [InlineData(2, 21.2)]
    public void In_the_long_run_the_known_jobs_reach_a_fixed_multiple_of_a_days(double jobs, double known)
    {
        var (stored, ages) = (StoredAges.None(Hour), new KnownAges());
        ages.AddOver(300, jobs);
        for (var day = 0; day < 100; day++)
            stored = stored.With(ages, Hour.AddDays(day));

        Assert.Equal(known, stored.At(Hour.AddDays(99)).Jobs, 0.05);
        Assert.Equal(jobs, KnownAges.ADayFor(known), 0.01);
    }

    [Fact]
    public void A_row_survives_being_written_every_ten_seconds_for_weeks()
    {
        var (stored, ages) = (StoredAges.None(Hour), new KnownAges());
        ages.AddOver(300);
        var at = Hour;
        for (var day = 0; day < 40; day++)
        {
            for (var i = 0; i < 100; i++)
            {
                at = Hour.AddDays(day).AddMinutes(14.4 * i);
                stored = StoredAges.Read(stored.With(ages, at).Write(), out _)!;
            }
        }

        // With 100 jobs a day and a half-life of 7 days.
        var expected = Enumerable.Range(0, 4000).Sum(i => Math.Pow(0.5, i / 700.0));
        Assert.Equal(expected, stored.At(at).Jobs, 0.01 * expected);
    }

    [Fact]
    public void A_row_of_version_1_is_read()
    {
        // 3 jobs of 1 to 1.19 s in the second bucket, and an hour that had 2 jobs when 1 was known.
        byte[] bytes =
        [
            1, .. BitConverter.GetBytes(Hour.UtcTicks), .. BitConverter.GetBytes(Hour.UtcTicks), .. BitConverter.GetBytes(2f), .. BitConverter.GetBytes(1f),
            0, 2, .. BitConverter.GetBytes(3f), .. BitConverter.GetBytes(0f), .. BitConverter.GetBytes(3.5f), .. BitConverter.GetBytes(3f), .. BitConverter.GetBytes(3f), .. BitConverter.GetBytes(0.5f),
        ];
        var further = new KnownAges();
        further.AddOver(60, 2);

        var read = StoredAges.Read(bytes, out var isNewer)!;

        Assert.False(isNewer);
        Assert.Equal((Hour, 3), (read.Hour, read.At(Hour).Over[1]));
        Assert.Equal((3.5, 0.5), (read.At(Hour).Seconds[0], read.At(Hour).Seconds[1]));
        Assert.Equal(5, StoredAges.Read(read.With(further, Hour).Write(), out _)!.At(Hour).Jobs, 1e-6);
    }

    [Theory]
    [InlineData(1000, 1, 1000)]
    [InlineData(10, 100, 1000)]
    [InlineData(1, 1000, 1000)]
    public void An_hour_adds_no_more_than_its_share_in_any_number_of_steps(int steps, int jobs, double known)
    {
        var (before, each) = (new KnownAges(), new KnownAges());
        before.AddOver(60, 7);
        each.AddOver(10_000, jobs);
        var (stored, hour) = (StoredAges.None(Hour), Hour);
        for (var i = 0; stored.At(hour).Jobs < known && i < 500; i++, hour = hour.AddHours(1))
            stored = stored.With(before, hour);
        known = stored.At(hour).Jobs;
        for (var step = 0; step < steps; step++)
            stored = StoredAges.Read(stored.With(each, hour).Write(), out _)!;

        Assert.Equal(Math.Max(7, 0.05 * known), stored.At(hour).Over[AgeBuckets.Quarters.Of(10_000)], 0.02 * Math.Max(7, 0.05 * known));
    }

    [Fact]
    public void Jobs_whose_end_was_not_seen_count_toward_what_an_hour_may_add()
    {
        var (over, open) = (new KnownAges(), new KnownAges());
        over.AddOver(60, 7);
        open.AddOpen(100_000, 500);
        var stored = StoredAges.None(Hour.AddHours(-20));
        for (var hour = -20; hour < 0; hour++)
            stored = stored.With(over, Hour.AddHours(hour));
        for (var step = 0; step < 10; step++)
            stored = stored.With(open, Hour.AddMinutes(step));

        Assert.Equal(7, stored.At(Hour).Reached[AgeBuckets.Quarters.Of(10_000)], 0.1);
    }

    [Fact]
    public void Clocks_that_differ_by_hours_do_not_start_a_new_hour_with_each_addition()
    {
        var seven = new KnownAges();
        seven.AddOver(60, 7);
        var stored = StoredAges.None(Hour.AddHours(-30));
        for (var hour = -30; hour < 0; hour++)
            stored = stored.With(seven, Hour.AddHours(hour));
        var known = stored.At(Hour).Jobs;
        for (var i = 0; i < 100; i++)
            stored = stored.With(seven, Hour).With(seven, Hour.AddHours(i % 2 == 0 ? 1 : 8)).With(seven, Hour.AddMinutes(-1));

        Assert.InRange(known, 190, 210);
        Assert.InRange(stored.At(Hour).Jobs, known, known + (3.1 * Math.Max(7, 0.05 * (known + 30))));
        Assert.Equal(Hour.AddHours(8), stored.Hour);
    }

    [Fact]
    public void All_jobs_of_an_hour_have_the_same_weight_whenever_they_come()
    {
        var stored = StoredAges.None(Hour);
        foreach (var seconds in (double[])[10, 100, 1000, 10_000])
        {
            for (var i = 0; i < 50; i++)
            {
                var ages = new KnownAges();
                ages.AddOver(seconds, 5);
                stored = StoredAges.Read(stored.With(ages, Hour.AddMinutes(i)).Write(), out _)!;
            }
        }

        foreach (var seconds in (double[])[10, 100, 1000, 10_000])
            Assert.Equal(7 / 4.0, stored.At(Hour).Over[AgeBuckets.Quarters.Of(seconds)], 1e-3);
    }

    [Fact]
    public void A_class_whose_last_hour_is_from_a_clock_that_was_ahead_is_old()
    {
        var ages = new KnownAges();
        ages.AddOver(60);

        Assert.False(StatisticsRows.IsOld(Of(Hour), Hour));
        Assert.False(StatisticsRows.IsOld(Of(Hour.AddDays(1)), Hour));
        Assert.True(StatisticsRows.IsOld(Of(Hour.AddHours(25)), Hour));
        Assert.True(StatisticsRows.IsOld(Of((Hour - IStatistics.Lifetime).AddHours(-1)), Hour));

        byte[] Of(DateTimeOffset at) => StoredAges.None(Hour).With(ages, at).Write();
    }
}
