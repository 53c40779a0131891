using FopWatch.Clocks;

namespace FopWatch.Core.Tests.Clocks;

public class PurgeMarkTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Regular_purges_continue()
    {
        var mark = new PurgeMark(Start, null);
        foreach (var before in (DateTimeOffset[])[Start, Start.AddMinutes(1), Start.AddHours(1), Start.AddHours(4), Start.AddHours(3)])
        {
            mark = mark.Before(before);
            Assert.Equal(new(before, null), mark);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_first_purge_or_one_that_reaches_much_further_waits_for_a_second_look(bool isFirst)
    {
        var before = Start.AddDays(60);
        var mark = isFirst ? PurgeMark.None : new(Start, null);

        foreach (var minutes in (int[])[0, 1, 44])
        {
            mark = mark.Before(before.AddMinutes(minutes));
            Assert.Equal((isFirst ? null : Start, before), (mark.PurgedBefore, mark.DoubtedBefore));
        }

        Assert.Equal(new(before.AddMinutes(45), null), mark.Before(before.AddMinutes(45)));
    }

    [Fact]
    public void A_clock_ahead_for_a_minute_purges_nothing_and_delays_nothing()
    {
        var mark = new PurgeMark(Start, null).Before(Start.AddDays(60));
        Assert.Equal(Start.AddDays(60), mark.DoubtedBefore);

        Assert.Equal(new(Start.AddMinutes(2), null), mark.Before(Start.AddMinutes(2)));
    }

    [Fact]
    public void Two_looks_far_apart_purge_what_the_first_would_have_purged_and_doubt_the_rest()
    {
        // The first purge of a new data folder, followed by a start with the clock 60 days ahead.
        var mark = PurgeMark.None.Before(Start).Before(Start.AddDays(60));
        Assert.Equal(new(Start, Start.AddDays(60)), mark);

        // The clock is set right, or is still ahead.
        Assert.Equal(new(Start.AddHours(1), null), mark.Before(Start.AddHours(1)));
        Assert.Equal(new(Start.AddDays(60).AddHours(1), null), mark.Before(Start.AddDays(60).AddHours(1)));
    }

    [Fact]
    public void Setting_the_clock_back_starts_another_wait()
    {
        var mark = new PurgeMark(Start, null).Before(Start.AddDays(60));

        Assert.Equal(new(Start, Start.AddDays(10)), mark = mark.Before(Start.AddDays(10)));
        Assert.Equal(new(Start.AddDays(10).AddHours(1), null), mark.Before(Start.AddDays(10).AddHours(1)));
    }

    [Fact]
    public void A_host_that_runs_for_forty_minutes_a_day_purges_a_day_later()
    {
        var mark = PurgeMark.None;
        for (var day = 0; day < 365; day++)
        {
            for (var minute = 0; minute < 40; minute++)
                mark = mark.Before(Start.AddDays(day).AddMinutes(minute));
            Assert.Equal(day == 0 ? null : Start.AddDays(day - 1), mark.PurgedBefore);
        }
    }

    [Fact]
    public void A_clock_that_was_behind_is_doubted_when_set_right()
    {
        var mark = new PurgeMark(Start, null).Before(Start.AddDays(-30));
        Assert.Equal(new(Start.AddDays(-30), null), mark);

        Assert.Equal(new(Start.AddDays(-30), Start), mark = mark.Before(Start));
        Assert.Equal(new(Start.AddHours(1), null), mark.Before(Start.AddHours(1)));
    }

    [Fact]
    public async Task A_mark_is_written_before_anything_may_be_purged_and_only_if_it_moved()
    {
        var marks = new Marks();
        Assert.Equal(new(null, IsFirst: true), await marks.AllowAsync(Start, TestContext.Current.CancellationToken));
        Assert.Equal(new(null, IsFirst: true), await marks.AllowAsync(Start, TestContext.Current.CancellationToken));
        Assert.Equal(1, marks.Written);

        Assert.Equal(new(Start.AddHours(1), IsFirst: true), await marks.AllowAsync(Start.AddHours(1), TestContext.Current.CancellationToken));
        Assert.Equal((new(Start.AddHours(1), null), 2), (marks.Mark, marks.Written));
        Assert.Equal(new(Start.AddHours(2), IsFirst: false), await marks.AllowAsync(Start.AddHours(2), TestContext.Current.CancellationToken));

        // A jump purges nothing. What the first look would have purged is purged at the second, although that doubts the rest.
        Assert.Equal(new(null, IsFirst: false), await marks.AllowAsync(Start.AddDays(10), TestContext.Current.CancellationToken));
        Assert.Equal(new(Start.AddDays(10), IsFirst: false), await marks.AllowAsync(Start.AddDays(60), TestContext.Current.CancellationToken));
        Assert.Equal(new(Start.AddDays(10), Start.AddDays(60)), marks.Mark);
    }

    private sealed class Marks : IPurgeMarks
    {
        public PurgeMark Mark { get; private set; } = PurgeMark.None;

        public int Written { get; private set; }

        public ValueTask<PurgeMark> ReadAsync(CancellationToken cancellationToken) => new(Mark);

        public ValueTask WriteAsync(PurgeMark mark, CancellationToken cancellationToken)
        {
            (Mark, Written) = (mark, Written + 1);
            return default;
        }
    }
}
