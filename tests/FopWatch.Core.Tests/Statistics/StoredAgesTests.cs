using FopWatch.Statistics;

namespace FopWatch.Core.Tests.Statistics;

public sealed class StoredAgesTests
{
    private static readonly DateTimeOffset Hour = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ages_are_read_as_they_were_written_in_less_than_a_kibibyte()
    {
        var ages = new KnownAges();
        for (var bucket = 0; bucket < AgeBuckets.Quarters.Count; bucket++)
            ages.AddOver(AgeBuckets.Quarters.From(bucket) + 0.5, 0.05);
        var bytes = StoredAges.None(Hour).With(ages, Hour).Write();

        Assert.InRange(bytes.Length, 900, StoredAges.MaxBytes);
        var read = StoredAges.Read(bytes, out _)!.At(Hour);
        for (var bucket = 0; bucket < AgeBuckets.Quarters.Count; bucket++)
        {
            Assert.Equal(ages.Over[bucket], read.Over[bucket], 1e-6 * ages.Over[bucket]);
            Assert.Equal(ages.Reached[bucket], read.Reached[bucket], 1e-6 * ages.Reached[bucket]);
            Assert.Equal(ages.Seconds[bucket], read.Seconds[bucket], 1e-6 * ages.Seconds[bucket]);
        }

        Assert.Equal(25, StoredAges.None(Hour).Write().Length);
    }

    [Fact]
    public void What_is_no_such_thing_is_not_read()
    {
        var ages = new KnownAges();
        ages.AddOver(60);
        var bytes = StoredAges.None(Hour).With(ages, Hour).Write();
        for (var length = 0; length < bytes.Length; length++)
        {
            // Whole but for the run of numbers: nothing is known then.
            if (length != 25)
                Assert.Null(StoredAges.Read(bytes.AsSpan(0, length), out _));
        }

        byte[] newer = [2, .. bytes[1..]];
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

        // Of 100 jobs a day with a half-life of 7 days.
        var expected = Enumerable.Range(0, 4000).Sum(i => Math.Pow(0.5, i / 700.0));
        Assert.Equal(expected, stored.At(at).Jobs, 0.01 * expected);
    }

    [Theory]
    [InlineData(1000, 1, 1000)]
    [InlineData(10, 100, 1000)]
    [InlineData(1, 1000, 1000)]
    public void An_hour_adds_no_more_than_its_share_in_however_many_steps(int steps, int jobs, double known)
    {
        var (before, each) = (new KnownAges(), new KnownAges());
        before.AddOver(60, 7);
        each.AddOver(10_000, jobs);
        var stored = StoredAges.None(Hour);
        for (var hour = 0; stored.At(Hour).Jobs < known && hour < 500; hour++)
            stored = stored.With(before, Hour.AddHours(hour % 2 == 0 ? -1 : -2));
        known = stored.At(Hour).Jobs;
        for (var step = 0; step < steps; step++)
            stored = stored.With(each, Hour);

        Assert.Equal(Math.Max(7, 0.05 * known), stored.At(Hour).Over[AgeBuckets.Quarters.Of(10_000)], 0.02 * known);
    }
}
