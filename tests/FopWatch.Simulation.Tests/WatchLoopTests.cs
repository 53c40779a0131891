using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests;

/// <summary>How a watch loop ends, and how long it waits after a poll that throws.</summary>
public sealed class WatchLoopTests : IStatusApi, ICommitObserver
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly MemoryStore _store = new();
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StatusAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopped_loop_ends_after_the_running_poll()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var loop = (await LoopAsync(NullLogger.Instance)).RunAsync(stop.Token);
        await _asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        await stop.CancelAsync();
        await Task.Delay(50, Cancelled);
        Assert.False(loop.IsCompleted);

        _answer.SetResult(new(PollAnswer.NotFound));
        await loop.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
    }

    [Fact]
    public async Task An_exception_that_escapes_a_polls_error_handling_is_thrown_by_its_loop()
    {
        _answer.SetException(new InvalidOperationException());
        var loop = await LoopAsync(new FullLog());

        await Assert.ThrowsAsync<IOException>(() => loop.RunAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
    }

    [Fact]
    public async Task A_poll_that_throws_and_cannot_be_postponed_in_the_store_is_repeated_after_a_second()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var log = new PollFaults();
        var loop = (await LoopAsync(log, hasPoller: false)).RunAsync(stop.Token);

        await log.Second.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        await stop.CancelAsync();
        await loop.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        _asked.TrySetResult();
        return _answer.Task;
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private async Task<WatchLoop> LoopAsync(ILogger log, bool hasPoller = true)
    {
        var (sources, time) = (new Sources([Source]), TimeProvider.System);
        var recorder = new JobRecorder(sources, _store, this, time, new Random(7));
        await recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        var (slots, troubles) = (new PollSlots(PollSlotOptions.Embedded, time), Unobserved.Troubles(time));
        var step = new PollStep(hasPoller ? Unobserved.Poller(sources, _store, this, recorder, time) : null!, slots, troubles, log, time);
        return new(Source, new(sources, time), _store, step, slots, new ThreadPoolWork(), new(), troubles, log, time);
    }

    private sealed class FullLog : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("No file descriptor is left.");
    }

    /// <summary>Waits for the second failed poll.</summary>
    private sealed class PollFaults : ILogger
    {
        private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;

        public Task Second => _second.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == nameof(RunLog.PollFaulted) && Interlocked.Increment(ref _count) == 2)
                _second.SetResult();
        }
    }
}
