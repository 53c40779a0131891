using FopWatch.Cloud;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using Microsoft.Extensions.Logging;

namespace FopWatch.Simulation.Tests.Publishing;

/// <summary>What is published right after its commit, and what is left to a sweep.</summary>
public sealed class PromptPublisherTests : IEventPublisher, IOutbox, ILogger, IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store;
    private readonly OutboxDispatcher _dispatcher;
    private readonly PromptPublisher _publisher;
    private readonly List<string> _published = [];
    private readonly List<string> _logged = [];
    private Func<CancellationToken, Task> _broker = _ => Task.CompletedTask;
    private long? _depth;

    public PromptPublisherTests()
    {
        _store = new(_time.GetUtcNow);
        _dispatcher = Unobserved.Dispatcher(_store, this, TimeProvider.System);
        _publisher = new(_store, _dispatcher, new ThreadPoolWork(), this, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _dispatcher.Dispose();

    [Fact]
    public async Task Events_committed_while_the_broker_is_slow_are_published_together_and_no_commit_waits()
    {
        var (asked, answer) = Hold();
        Committed("e0");
        await asked;
        for (var i = 1; i < 5; i++)
            Committed($"e{i}");
        Assert.False(_publisher.IdleAsync().IsCompleted);

        answer.SetResult();
        await IdleAsync();

        Assert.Equal(["e0", "e1 e2 e3 e4"], _published);
    }

    [Fact]
    public async Task No_more_than_a_hundred_are_published_together()
    {
        var (asked, answer) = Hold();
        Committed("e");
        await asked;
        for (var i = 0; i < 150; i++)
            Committed($"e{i}");
        answer.SetResult();
        await IdleAsync();

        Assert.Equal([1, 100, 50], _published.Select(together => together.Split(' ').Length));
        Assert.Equal(["e", .. Enumerable.Range(0, 150).Select(i => $"e{i}")], _published.SelectMany(together => together.Split(' ')));
    }

    [Fact]
    public async Task Events_that_exceed_the_memory_limit_are_left_to_the_sweep()
    {
        var (asked, answer) = Hold();
        Committed("first");
        await asked;
        for (var i = 0; i < 6; i++)
            _publisher.Committed(Sample.Event($"e{i}") with { Body = new byte[PromptPublisher.MostBytes / 4] });
        answer.SetResult();
        await IdleAsync();
        Assert.Equal(["first", "e0 e1 e2 e3"], _published);

        // Then there is room again.
        for (var i = 0; i < 4; i++)
        {
            _publisher.Committed(Sample.Event($"f{i}") with { Body = new byte[PromptPublisher.MostBytes] });
            await IdleAsync();
        }

        Assert.Equal(["f0", "f1", "f2", "f3"], _published[2..]);
    }

    [Fact]
    public async Task After_a_failure_prompt_publishing_pauses_for_half_a_minute_and_waiting_events_are_left_to_the_sweep()
    {
        var (asked, answer) = Hold();
        Committed("a");
        await asked;
        Committed("b");
        answer.SetException(new InvalidOperationException("The broker is down."));
        await IdleAsync();
        Assert.Equal(["a"], _published);
        Assert.NotEmpty(_logged);

        _broker = _ => Task.CompletedTask;
        _time.Advance(PromptPublisher.PauseAfterFailure - Tick);
        Committed("c");
        Assert.True(_publisher.IdleAsync().IsCompleted);

        _time.Advance(Tick);
        Committed("d");
        await IdleAsync();
        Assert.Equal(["a", "d"], _published);
    }

    [Fact]
    public async Task A_broker_failure_under_a_clock_that_was_ahead_does_not_prolong_the_pause()
    {
        _time.Ahead = TimeSpan.FromDays(365);
        _broker = _ => throw new InvalidOperationException("The broker is down.");
        Committed("a");
        await IdleAsync();
        _time.Ahead = TimeSpan.Zero;
        _broker = _ => Task.CompletedTask;

        _time.Advance(PromptPublisher.PauseAfterFailure);
        Committed("b");
        await IdleAsync();

        Assert.Equal(["a", "b"], _published);
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_given_up_after_two_seconds()
    {
        _broker = token => Task.Delay(Timeout.Infinite, token);
        Committed("a");
        await _time.UntilTimersAsync(1, Cancelled);

        _time.Advance(PromptPublisher.LongestPublish - Tick);
        Assert.False(_publisher.IdleAsync().IsCompleted);
        _time.Advance(Tick);

        await IdleAsync();
    }

    [Fact]
    public async Task A_sweep_publishes_waiting_events_and_returns_their_number()
    {
        await _publisher.SweepAsync(Cancelled);
        Assert.Empty(_logged);

        await CommitAsync("a");
        await _publisher.SweepAsync(Cancelled);

        Assert.Equal(["a"], _published);
        Assert.Empty(_store.Outbox);
        Assert.Equal(["Information"], _logged);
    }

    [Fact]
    public async Task A_sweep_whose_time_is_over_ends_without_an_error_and_leaves_the_rest()
    {
        await CommitAsync("a");
        var (asked, _) = Hold(token => Task.Delay(Timeout.Infinite, token));

        var sweep = _publisher.SweepAsync(Cancelled);
        await asked;
        _time.Advance(PromptPublisher.LongestSweep - Tick);
        Assert.False(sweep.IsCompleted);
        _time.Advance(Tick);
        await sweep.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        Assert.Single(_store.Outbox);
        Assert.NotEmpty(_logged);
    }

    [Fact]
    public async Task A_cancelled_sweep_says_so()
    {
        await CommitAsync("a");
        using var stop = new CancellationTokenSource();
        var (asked, _) = Hold(token => Task.Delay(Timeout.Infinite, token));
        var sweep = _publisher.SweepAsync(stop.Token);
        await asked;

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sweep.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        Assert.Empty(_logged);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "1 event(s) wait")]
    [InlineData(999, "999 event(s) wait")]
    [InlineData(IOutbox.MostCounted, "1000 or more event(s) wait")]
    public async Task Without_a_broker_nothing_is_published_and_a_sweep_returns_the_counted_number_of_waiting_events(int waiting, string? words)
    {
        _depth = waiting;
        var publisher = new PromptPublisher(this, dispatcher: null, new ThreadPoolWork(), this, _time);

        publisher.Committed(Sample.Event("a"));
        Assert.True(publisher.IdleAsync().IsCompleted);
        await publisher.SweepAsync(Cancelled);

        Assert.Equal(words is null ? [] : [$"Warning {words} in the outbox"], _logged.Select(line => line.Split(',')[0]));
    }

    ValueTask<(long Count, DateTimeOffset? Oldest)> IOutbox.DepthAsync(CancellationToken cancellationToken) => new((_depth!.Value, DateTimeOffset.UnixEpoch));

    ValueTask<IReadOnlyList<OutboxEvent>> IOutbox.PendingAsync(int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask IOutbox.RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask IOutbox.SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<long> IOutbox.CountSetAsideAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    async ValueTask IEventPublisher.PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        _published.Add(string.Join(' ', events.Select(one => one.Key.Id)));
        await _broker(cancellationToken);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _logged.Add(_depth is null ? $"{logLevel}" : $"{logLevel} {formatter(state, exception)}");

    private void Committed(string id) => _publisher.Committed(Sample.Event(id));

    private async Task CommitAsync(string id) => Assert.NotNull(await _store.CommitAsync(Sample.Job(id).Settled().On(null), Cancelled));

    private Task IdleAsync() => _publisher.IdleAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

    /// <summary>Makes the broker signal its first call and not answer it.</summary>
    private (Task Asked, TaskCompletionSource Answer) Hold(Func<CancellationToken, Task>? answering = null)
    {
        var (asked, answer) = (NewSource(), NewSource());
        _broker = token =>
        {
            asked.TrySetResult();
            return answering is null ? answer.Task : answering(token);
        };
        return (asked.Task, answer);

        static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
