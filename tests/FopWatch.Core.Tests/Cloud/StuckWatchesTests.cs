using FopWatch.Cloud;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Cloud;

public class StuckWatchesTests
{
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _time = new();
    private readonly StuckWatches _stuck;

    public StuckWatchesTests() => _stuck = new(_time);

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void A_watch_is_stuck_once_its_job_has_been_due_for_longer_than_any_step_takes()
    {
        Assert.False(_stuck.IsStuck(Due(StuckWatches.LongestStep)));
        Assert.False(_stuck.IsKnown(Key));

        Assert.True(_stuck.IsStuck(Due(StuckWatches.LongestStep + Tick)));
        Assert.True(_stuck.IsKnown(Key));
        Assert.False(_stuck.IsKnown(new(Key.Source, "z0.other")));
    }

    [Fact]
    public void The_job_of_a_stuck_watch_is_polled_at_each_due_time_and_not_before()
    {
        Find();

        Assert.True(_stuck.IsStuck(Due(TimeSpan.Zero)));
        Assert.False(_stuck.IsStuck(Due(-Tick)));
        Assert.True(_stuck.IsKnown(Key));
    }

    [Fact]
    public void A_stuck_watch_is_looked_at_again_after_a_while()
    {
        Find();

        _time.Advance(StuckWatches.Remembered - Tick);
        Assert.True(_stuck.IsKnown(Key));

        _time.Advance(Tick);
        Assert.False(_stuck.IsKnown(Key));
    }

    [Fact]
    public void A_watch_still_idle_at_the_next_look_is_stuck_immediately()
    {
        Find();
        _time.Advance(StuckWatches.Remembered);
        _stuck.Forget();

        Assert.True(_stuck.IsStuck(Due(TimeSpan.Zero)));
        Assert.True(_stuck.IsKnown(Key));
    }

    [Fact]
    public void A_watch_not_found_stuck_again_is_forgotten()
    {
        Find();

        _time.Advance((2 * StuckWatches.Remembered) - Tick);
        _stuck.Forget();
        Assert.True(_stuck.IsStuck(Due(TimeSpan.Zero)));

        _time.Advance(2 * StuckWatches.Remembered);
        _stuck.Forget();
        Assert.False(_stuck.IsStuck(Due(TimeSpan.Zero)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_watch_found_stuck_by_a_clock_that_was_ahead_is_known_only_within_the_tolerance(int ticksMore, bool isKnown)
    {
        _time.Ahead = PollPlan.ClockTolerance + TimeSpan.FromTicks(ticksMore);
        Find();
        _time.Ahead = TimeSpan.Zero;

        Assert.Equal(isKnown, _stuck.IsKnown(Key));
        _stuck.Forget();
        Assert.Equal(isKnown, _stuck.IsStuck(Due(TimeSpan.Zero)));
    }

    [Fact]
    public void A_woken_watch_that_keeps_its_wake_time_for_longer_than_any_step_takes_sleeps_on()
    {
        var until = Now.AddHours(5);
        Assert.False(SleepsOn(until));

        // Being woken counts as activity, so the time until which it sleeps matters.
        _time.Advance(StuckWatches.LongestStep);
        Assert.False(SleepsOn(until));
        _time.Advance(Tick);
        Assert.True(SleepsOn(until));

        Assert.False(SleepsOn(until + Tick));
        Assert.False(SleepsOn(until));
    }

    [Fact]
    public void A_watch_that_should_have_woken_by_itself_sleeps_on()
    {
        Assert.False(SleepsOn(Now - StuckWatches.LongestStep));
        Assert.True(SleepsOn(Now - StuckWatches.LongestStep - Tick));
    }

    [Theory]
    [InlineData(0, 1, false)]
    [InlineData(1, 0, false)]
    [InlineData(1, 1, true)]
    public void A_watch_idle_for_very_long_while_its_job_was_due_sleeps_on(int ticksIdle, int ticksDue, bool expected) => Assert.Equal(
        expected,
        _stuck.SleepsOn(Due(StuckWatches.VeryLong + (ticksDue * Tick)), Now.AddHours(5), Now - StuckWatches.VeryLong - (ticksIdle * Tick)));

    [Fact]
    public void A_wake_up_is_forgotten_once_the_watch_is_not_woken_again()
    {
        var until = Now.AddDays(5);
        SleepsOn(until);
        _time.Advance(StuckWatches.LongestStep + StuckWatches.Remembered - Tick);
        _stuck.Forget();
        Assert.True(SleepsOn(until));

        _time.Advance(StuckWatches.LongestStep + StuckWatches.Remembered);
        _stuck.Forget();
        Assert.False(SleepsOn(until));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_watch_woken_by_a_clock_that_was_ahead_counts_as_woken_only_within_the_tolerance(int ticksMore, bool expected)
    {
        var until = Now.AddDays(5);
        SleepsOn(until);
        _time.Advance(StuckWatches.LongestStep + Tick);
        _time.Ahead = PollPlan.ClockTolerance + TimeSpan.FromTicks(ticksMore);
        SleepsOn(until);
        _time.Ahead = TimeSpan.Zero;

        Assert.Equal(expected, SleepsOn(until));
    }

    private bool SleepsOn(DateTimeOffset until) => _stuck.SleepsOn(Due(TimeSpan.FromHours(3)), until, Now);

    private void Find() => Assert.True(_stuck.IsStuck(Due(TimeSpan.FromHours(1))));

    private DueJob Due(TimeSpan ago) => new(Key, Now - ago);
}
