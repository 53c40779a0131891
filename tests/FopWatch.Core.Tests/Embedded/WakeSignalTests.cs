using FopWatch.Embedded;

namespace FopWatch.Core.Tests.Embedded;

public sealed class WakeSignalTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly WakeSignal _signal;

    public WakeSignalTests() => _signal = new(_time);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sleeper_sleeps_for_the_longest_time_and_no_longer()
    {
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled);

        // A woken sleeper completes its task later, on another thread; its timer shows immediately whether it fired.
        _time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        Assert.Equal(1, _time.PendingTimers);
        _time.Advance(TimeSpan.FromTicks(1));
        await EndsAsync(sleeping);
    }

    [Fact]
    public async Task Calls_while_nobody_sleeps_count_as_one_which_ends_the_next_sleep()
    {
        _signal.Wake();
        _signal.Wake();

        Assert.True(_signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled).IsCompletedSuccessfully);
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled);
        Assert.False(sleeping.IsCompleted);
        _signal.Wake();
        await EndsAsync(sleeping);

        // The call that ended the sleep is not kept for the next one.
        Assert.False(_signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled).IsCompleted);
    }

    [Fact]
    public void A_sleep_of_no_time_ends_immediately() => Assert.True(_signal.SleepAsync(TimeSpan.Zero, Cancelled).IsCompletedSuccessfully);

    [Theory]
    [InlineData(-1, true)]
    [InlineData(0, false)]
    [InlineData(1, false)]
    public async Task Only_work_due_before_the_sleep_ends_wakes_the_sleeper(int ticks, bool wakes)
    {
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled);
        var end = _time.GetUtcNow().AddMinutes(1);
        _time.Advance(TimeSpan.FromMinutes(1));
        await EndsAsync(sleeping);

        _signal.WakeBy(end.AddTicks(ticks));

        // A call that woke nobody ends the next sleep immediately.
        Assert.Equal(wakes, _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Work_due_sooner_than_the_end_of_the_sleep_ends_it()
    {
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled);

        _signal.WakeBy(_time.GetUtcNow().AddSeconds(59));

        await EndsAsync(sleeping);
    }

    [Fact]
    public async Task Work_that_becomes_due_while_the_sleeper_looks_for_work_wakes_it()
    {
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled);
        _time.Advance(TimeSpan.FromMinutes(1));
        await EndsAsync(sleeping);

        _signal.Listen();
        _signal.WakeBy(_time.GetUtcNow().AddDays(1));

        Assert.True(_signal.SleepAsync(TimeSpan.FromDays(2), Cancelled).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_cancelled_sleep_throws_and_the_signal_can_be_used_again()
    {
        using var cancel = new CancellationTokenSource();
        var sleeping = _signal.SleepAsync(TimeSpan.FromMinutes(1), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleeping);
        _signal.Wake();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _signal.SleepAsync(TimeSpan.FromMinutes(1), cancel.Token));

        Assert.True(_signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled).IsCompletedSuccessfully);
        Assert.False(_signal.SleepAsync(TimeSpan.FromMinutes(1), Cancelled).IsCompleted);
    }

    private static Task EndsAsync(Task task) => task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
}
