using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Clocks;

public class SteadyTimeTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualTimeProvider _system = new(Start);
    private readonly SteadyTime _time;

    public SteadyTimeTests() => _time = new(_system);

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    [InlineData(0.001)]
    public void A_small_difference_is_adopted_immediately(double seconds)
    {
        _system.Ahead = TimeSpan.FromSeconds(seconds);

        Assert.Equal(Start.AddSeconds(seconds), _time.GetUtcNow());
        Assert.Null(_time.SystemAhead);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(24 * 60)]
    [InlineData(-24 * 365)]
    public void A_jump_is_adopted_once_it_has_lasted(double hours)
    {
        var jump = TimeSpan.FromHours(hours);
        _system.Ahead = jump;
        Assert.Equal((Start, jump), (_time.GetUtcNow(), _time.SystemAhead));

        _system.Advance(SteadyTime.AdoptedAfter - TimeSpan.FromTicks(1));
        Assert.Equal(Start + SteadyTime.AdoptedAfter - TimeSpan.FromTicks(1), _time.GetUtcNow());
        _system.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(Start + SteadyTime.AdoptedAfter + jump, _time.GetUtcNow());
        Assert.Null(_time.SystemAhead);
    }

    [Fact]
    public void A_jump_that_is_undone_leaves_no_trace()
    {
        _system.Ahead = TimeSpan.FromDays(60);
        _time.GetUtcNow();
        _system.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(Start.AddMinutes(9), _time.GetUtcNow());
        _system.Ahead = TimeSpan.Zero;

        Assert.Equal((Start.AddMinutes(9), null), (_time.GetUtcNow(), _time.SystemAhead));
        _system.Ahead = TimeSpan.FromDays(60);
        _system.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(Start.AddMinutes(18), _time.GetUtcNow());
    }

    [Fact]
    public void A_clock_that_keeps_jumping_is_not_adopted()
    {
        for (var i = 1; i <= 10; i++)
        {
            _system.Ahead = TimeSpan.FromHours(i);
            _time.GetUtcNow();
            _system.Advance(TimeSpan.FromMinutes(9));
        }

        Assert.Equal(Start.AddMinutes(90), _time.GetUtcNow());
    }

    [Fact]
    public void A_drifting_clock_is_followed()
    {
        for (var i = 1; i <= 100; i++)
        {
            _system.Ahead = TimeSpan.FromSeconds(3 * i);
            _system.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
        }
    }

    [Fact]
    public async Task Timers_and_timestamps_follow_elapsed_time()
    {
        var (began, delay) = (_time.GetTimestamp(), Task.Delay(TimeSpan.FromMinutes(1), _time, TestContext.Current.CancellationToken));
        _system.Ahead = TimeSpan.FromDays(-1);
        Assert.False(delay.IsCompleted);

        _system.Advance(TimeSpan.FromMinutes(1));

        await delay;
        Assert.Equal(TimeSpan.FromMinutes(1), _time.GetElapsedTime(began));
    }

    [Theory]
    [InlineData(14, true)]
    [InlineData(24, true)]
    [InlineData(25, false)]
    [InlineData(24 * 30, false)]
    [InlineData(-1, false)]
    [InlineData(0.001, false)]
    public void It_starts_at_the_last_written_time_if_the_system_clock_is_less_than_a_day_behind(double hours, bool starts)
    {
        var written = Start.AddHours(hours);

        Assert.Equal(starts, _time.StartFrom(written));

        Assert.Equal(starts ? written : Start, _time.GetUtcNow());
        _system.Advance(SteadyTime.AdoptedAfter);
        Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
    }

    [Fact]
    public void A_machine_that_starts_in_1970_continues_from_the_last_written_time_until_its_clock_is_set()
    {
        var system = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        var time = new SteadyTime(system);
        Assert.True(time.StartFrom(Start));
        Assert.Equal(Start, time.GetUtcNow());

        system.Advance(TimeSpan.FromMinutes(1));
        system.Ahead = Start.AddMinutes(5) - system.GetUtcNow();
        Assert.Equal(Start.AddMinutes(1), time.GetUtcNow());
        system.Advance(SteadyTime.AdoptedAfter);

        Assert.Equal(Start.AddMinutes(5) + SteadyTime.AdoptedAfter, time.GetUtcNow());
    }

    [Fact]
    public void Two_agreeing_answers_of_a_service_override_the_system_clock()
    {
        _system.Ahead = TimeSpan.FromDays(30);
        var time = new SteadyTime(_system);
        Assert.Equal(Start.AddDays(30), time.GetUtcNow());

        time.Observe(Start);
        Assert.Equal(Start.AddDays(30), time.GetUtcNow());
        _system.Advance(TimeSpan.FromSeconds(1));
        time.Observe(Start.AddSeconds(1));

        Assert.Equal((Start.AddSeconds(1), TimeSpan.FromDays(30)), (time.GetUtcNow(), time.SystemAhead));
        for (var i = 0; i < 100; i++)
        {
            _system.Advance(TimeSpan.FromMinutes(1));
            time.Observe(_system.GetUtcNow().AddDays(-30));
        }

        Assert.Equal(Start.AddSeconds(1).AddMinutes(100), time.GetUtcNow());
    }

    [Fact]
    public void A_silent_service_or_one_with_inconsistent_answers_changes_nothing()
    {
        _time.Observe(Start.AddDays(1));
        _time.Observe(Start.AddDays(2));
        _time.Observe(Start);
        _time.Observe(Start.AddDays(1));
        Assert.Equal(Start, _time.GetUtcNow());

        _time.Observe(Start);
        _system.Ahead = TimeSpan.FromHours(1);
        _time.GetUtcNow();
        _system.Advance(SteadyTime.AdoptedAfter);

        Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
    }

    [Fact]
    public void A_jump_is_not_adopted_within_ten_minutes_of_an_answer_that_contradicts_it()
    {
        _system.Ahead = TimeSpan.FromHours(1);
        _time.GetUtcNow();
        _system.Advance(TimeSpan.FromMinutes(5));
        _time.Observe(Start.AddMinutes(5));

        _system.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.Equal(Start.AddMinutes(15).AddTicks(-1), _time.GetUtcNow());
        _system.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(_system.GetUtcNow(), _time.GetUtcNow());
    }

    [Fact]
    public void The_whole_seconds_of_a_services_answers_do_not_move_the_clock()
    {
        _system.Advance(TimeSpan.FromMilliseconds(900));
        _time.Observe(Start);
        _time.Observe(Start);

        Assert.Equal(Start.AddMilliseconds(900), _time.GetUtcNow());
    }

    [Fact]
    public void A_clock_jump_is_a_trouble_until_it_is_undone_or_adopted()
    {
        var troubles = new Troubles(new NoLog(), _system);
        troubles.CheckClock(_time);
        Assert.Empty(troubles.Current);

        _system.Ahead = TimeSpan.FromHours(-1);
        troubles.CheckClock(_time);

        var trouble = Assert.Single(troubles.Current);
        Assert.Equal((TroubleKind.ClockJumped, "it is 01:00:00 behind"), (trouble.Kind, trouble.Detail));
        _system.Ahead = TimeSpan.FromHours(1);
        troubles.CheckClock(_time);
        Assert.Equal("it is 01:00:00 ahead", Assert.Single(troubles.Current).Detail);
        _system.Advance(SteadyTime.AdoptedAfter);
        troubles.CheckClock(_time);
        _system.Advance(Troubles.Quiet);
        troubles.Check();
        Assert.Empty(troubles.Current);
    }

    private sealed class NoLog : IOperatorLog
    {
        public void Settled(Job job, JobReferences references)
        {
        }

        public void Warn(Trouble trouble)
        {
        }

        public void Over(Trouble trouble, TimeSpan lasted)
        {
        }
    }
}
