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
    public void A_watch_that_is_still_idle_when_it_is_looked_at_again_is_stuck_at_once()
    {
        Find();
        _time.Advance(StuckWatches.Remembered);
        _stuck.Forget();

        Assert.True(_stuck.IsStuck(Due(TimeSpan.Zero)));
        Assert.True(_stuck.IsKnown(Key));
    }

    [Fact]
    public void A_watch_that_was_not_found_stuck_again_is_forgotten()
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
    public void A_watch_that_was_found_stuck_by_a_clock_that_was_ahead_is_known_only_within_the_tolerance(int ticksMore, bool isKnown)
    {
        _time.Ahead = PollPlan.ClockTolerance + TimeSpan.FromTicks(ticksMore);
        Find();
        _time.Ahead = TimeSpan.Zero;

        Assert.Equal(isKnown, _stuck.IsKnown(Key));
        _stuck.Forget();
        Assert.Equal(isKnown, _stuck.IsStuck(Due(TimeSpan.Zero)));
    }

    [Fact]
    public void A_watch_sleeps_on_if_it_was_woken_before_and_that_is_forgotten_in_time()
    {
        Assert.False(_stuck.SleepsOn(Key));
        Assert.False(_stuck.SleepsOn(new(Key.Source, "z0.other")));

        _time.Advance(StuckWatches.LongestStep + StuckWatches.Remembered - Tick);
        _stuck.Forget();
        Assert.True(_stuck.SleepsOn(Key));

        _time.Advance(StuckWatches.LongestStep + StuckWatches.Remembered);
        _stuck.Forget();
        Assert.False(_stuck.SleepsOn(Key));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void A_watch_that_was_woken_by_a_clock_that_was_ahead_counts_as_woken_only_within_the_tolerance(int ticksMore, bool sleepsOn)
    {
        _time.Ahead = PollPlan.ClockTolerance + TimeSpan.FromTicks(ticksMore);
        Assert.False(_stuck.SleepsOn(Key));
        _time.Ahead = TimeSpan.Zero;

        _stuck.Forget();
        Assert.Equal(sleepsOn, _stuck.SleepsOn(Key));
    }

    private void Find() => Assert.True(_stuck.IsStuck(Due(TimeSpan.FromHours(1))));

    private DueJob Due(TimeSpan ago) => new(Key, Now - ago);
}
