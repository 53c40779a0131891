using FopWatch.Core.Tests.Providers;
using FopWatch.PollLimits;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.PollLimits;

public class PollPacerTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly PollPacer _pacer;

    public PollPacerTests() => _pacer = new(_clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10, 10, 1.0)]
    [InlineData(2.5, 3, 1.2)]
    [InlineData(1, 1, 1.0)]
    [InlineData(0.25, 1, 4.0)]
    public async Task Polls_keep_to_the_limit_however_many_are_due(double perSecond, int burst, double window)
    {
        var source = Source("media", perSecond);
        var start = _clock.GetUtcNow();
        var times = new List<double>();
        var polls = Enumerable.Range(0, 3 * burst).Select(async _ =>
        {
            await _pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token);
            lock (times)
                times.Add((_clock.GetUtcNow() - start).TotalSeconds);
        }).ToList();

        while (polls.Exists(poll => !poll.IsCompleted))
        {
            await Task.WhenAny(Task.WhenAll(polls), _clock.UntilTimersAsync(1, Token));
            _clock.Advance(TimeSpan.FromSeconds(0.1));

            // The caller that is let through reads the clock on another thread before it continues.
            await Task.Delay(20, Token);
        }

        times.Sort();
        Assert.Equal(3 * burst, times.Count);
        Assert.All(times.Take(burst), time => Assert.Equal(0, time));
        Assert.All(times.Zip(times.Skip(burst)), pair => Assert.True(pair.Second - pair.First >= window - 1e-9, $"{pair}"));
        Assert.InRange(times[^1], 2 * window, (2 * window) + 0.3);
    }

    [Fact]
    public async Task Settings_that_are_replaced_end_the_waits_of_changed_and_removed_sources_and_of_no_other()
    {
        var all = (Changed: Source("changed", 0.01), Removed: Source("removed", 0.01), Stays: Source("stays", 0.01));
        var sources = new Sources([all.Changed, all.Removed, all.Stays]);
        var pacer = new PollPacer(_clock, sources: sources);
        List<Task<TimeSpan?>> waiting = [];
        foreach (var source in (Source[])[all.Changed, all.Removed, all.Stays])
        {
            Assert.Null(await pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token));
            waiting.Add(pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token).AsTask());
        }

        var other = Source("changed", 1);
        sources.Replace([other, Source("stays", 0.01)]);

        await Assert.ThrowsAsync<SourceReplacedException>(() => waiting[0]);
        await Assert.ThrowsAsync<SourceReplacedException>(() => waiting[1]);
        Assert.False(waiting[2].IsCompleted);

        // The polls before count, by the new rate.
        var next = pacer.TryWaitAsync(other, TimeSpan.MaxValue, Token).AsTask();
        Assert.False(next.IsCompleted);
        await _clock.UntilTimersAsync(2, Token);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await next);
        _clock.Advance(TimeSpan.FromSeconds(99));
        Assert.Null(await waiting[2]);
    }

    [Fact]
    public async Task A_pause_is_that_of_its_status_api()
    {
        var source = Source("media", 10);
        _pacer.Throttled(source, TimeSpan.FromHours(1));

        Assert.NotNull(await _pacer.TryWaitAsync(source, TimeSpan.Zero, Token));
        Assert.Null(await _pacer.TryWaitAsync(source with { StatusEndpoint = new("https://other.example.com") }, TimeSpan.Zero, Token));
        Assert.NotNull(await _pacer.TryWaitAsync(source with { Keys = new([new("ak", "sk")]) }, TimeSpan.Zero, Token));
    }

    [Fact]
    public async Task Sources_do_not_wait_for_each_other()
    {
        await _pacer.TryWaitAsync(Source("a", 1), TimeSpan.MaxValue, Token);
        Assert.True(_pacer.TryWaitAsync(Source("b", 1), TimeSpan.MaxValue, Token).AsTask().IsCompletedSuccessfully);
        Assert.False(_pacer.TryWaitAsync(Source("a", 1), TimeSpan.MaxValue, Token).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_caller_who_gives_up_waiting_takes_nothing_from_those_behind()
    {
        var source = Source("a", 1);
        await _pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token);
        using var cancel = new CancellationTokenSource();
        var given = Enumerable.Range(0, 50).Select(_ => _pacer.TryWaitAsync(source, TimeSpan.MaxValue, cancel.Token).AsTask()).ToList();
        var last = _pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token).AsTask();

        await cancel.CancelAsync();
        foreach (var one in given)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        await _clock.UntilTimersAsync(1, Token);
        _clock.Advance(TimeSpan.FromSeconds(1));

        await last.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task A_pause_also_delays_callers_already_waiting_and_is_never_shortened()
    {
        var source = Source("a", 1);
        await _pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token);
        var waiting = _pacer.TryWaitAsync(source, TimeSpan.MaxValue, Token).AsTask();
        _pacer.Throttled(source, TimeSpan.FromSeconds(20));
        _pacer.Throttled(source, TimeSpan.FromSeconds(10));

        _clock.Advance(TimeSpan.FromSeconds(1));
        await _clock.UntilTimersAsync(1, Token);
        _clock.Advance(TimeSpan.FromSeconds(18.9));
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(0.1));

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Fact]
    public async Task Pauses_grow_while_the_source_keeps_throttling_and_start_over_after_an_answer()
    {
        var source = Source("a", 100);
        foreach (var seconds in (int[])[5, 10, 20, 40, 60, 60])
            await ThrottledForAsync(seconds);

        _pacer.Answered(source);
        await ThrottledForAsync(5);

        async Task ThrottledForAsync(int seconds)
        {
            _pacer.Throttled(source, null);
            // Concurrent polls do not make it longer.
            _pacer.Throttled(source, null);
            _pacer.Answered(source);
            Assert.Equal(TimeSpan.FromSeconds(seconds), await _pacer.TryWaitAsync(source, TimeSpan.Zero, Token));
            _clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Null(await _pacer.TryWaitAsync(source, TimeSpan.Zero, Token));
        }
    }

    [Fact]
    public async Task A_pause_is_as_long_as_the_source_asked_for()
    {
        var source = Source("a", 100);
        _pacer.Throttled(source, TimeSpan.FromSeconds(300));
        Assert.Equal(TimeSpan.FromSeconds(300), await _pacer.TryWaitAsync(source, TimeSpan.FromSeconds(299), Token));

        _pacer.Throttled(source, TimeSpan.FromSeconds(400));
        Assert.Equal(TimeSpan.FromSeconds(400), await _pacer.TryWaitAsync(source, TimeSpan.FromSeconds(299), Token));
    }

    [Fact]
    public async Task An_endless_pause_is_not_an_error()
    {
        var source = Source("a", 1);
        _pacer.Throttled(source, TimeSpan.MaxValue);
        using var cancel = new CancellationTokenSource();
        var waiting = _pacer.TryWaitAsync(source, TimeSpan.MaxValue, cancel.Token).AsTask();

        await _clock.UntilTimersAsync(1, Token);
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    internal static Source Source(string name, double perSecond) => new()
    {
        Name = name,
        Provider = Bodies.Qiniu,
        StatusEndpoint = new("http://127.0.0.1"),
        Tokens = NotifyTokens.Unmatchable,
        Poll = Bodies.Qiniu.DefaultPoll with { PerSecond = perSecond },
    };
}
