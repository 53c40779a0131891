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

/// <summary>Which polls a watch loop starts, and how long it sleeps.</summary>
public sealed class WatchLoopTurnTests : IStatusApi, ICommitObserver, IDisposable
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly Sources Sources = new([Source]);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStore _store;
    private readonly JobRecorder _recorder;
    private readonly EmbeddedWatchRunner _watches;
    private readonly List<string> _asked = [];
    private readonly Dictionary<string, TaskCompletionSource<StatusAnswer>> _answers = [];
    private bool _holds;

    public WatchLoopTurnTests()
    {
        _store = new(_time.GetUtcNow);
        _recorder = new(Sources, _store, this, _time, new Random(7));
        _watches = new(Sources, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task As_many_jobs_are_polled_at_once_as_there_are_slots_and_each_finished_poll_frees_one()
    {
        _holds = true;
        for (var i = 0; i < 4; i++)
            await RegisterAsync($"z0.{i}", TimeSpan.FromSeconds(i));
        _time.Advance(TimeSpan.FromSeconds(10));
        var loop = Run(slots: 2);

        Assert.Equal(["z0.0", "z0.1"], _asked);
        Answer("z0.1");
        await AskedAsync("z0.2");
        Assert.Equal(["z0.0", "z0.1", "z0.2"], _asked);
        Answer("z0.0");
        await AskedAsync("z0.3");
        Answer("z0.2");
        Answer("z0.3");

        Assert.Equal(["z0.0", "z0.1", "z0.2", "z0.3"], _asked);
        await StopAsync(loop);
    }

    [Fact]
    public async Task The_loop_sleeps_until_the_next_job_is_due()
    {
        await RegisterAsync("z0.soon", TimeSpan.FromSeconds(30));
        await RegisterAsync("z0.later", TimeSpan.FromSeconds(45));
        var loop = Run();

        _time.Advance(TimeSpan.FromSeconds(30) - Tick);
        Assert.Empty(_asked);
        _time.Advance(Tick);
        await AskedAsync("z0.soon");
        _time.Advance(TimeSpan.FromSeconds(15));
        await AskedAsync("z0.later");
        await StopAsync(loop);
    }

    [Fact]
    public async Task The_loop_reads_the_due_index_each_minute_whatever_is_due_later()
    {
        await RegisterAsync("z0.far", TimeSpan.FromHours(1));
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);

        // As by another process, of which this one is not notified.
        await RegisterAsync("z0.unheard", TimeSpan.Zero);
        _time.Advance(TimeSpan.FromMinutes(1) - Tick);
        Assert.Empty(_asked);
        _time.Advance(Tick);

        await AskedAsync("z0.unheard");
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_job_that_becomes_due_sooner_wakes_the_loop_and_one_due_later_does_not()
    {
        await RegisterAsync("z0.first", TimeSpan.FromSeconds(40));
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);

        await RegisterAsync("z0.sooner", TimeSpan.FromSeconds(10));
        await _watches.WakeAsync(new(new(Source.Name, "z0.sooner"), _time.GetUtcNow().AddSeconds(10)), Cancelled);
        await _time.UntilTimersAsync(1, Cancelled);
        _time.Advance(TimeSpan.FromSeconds(10));

        await AskedAsync("z0.sooner");
        Assert.Equal(["z0.sooner"], _asked);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_store_that_cannot_answer_is_asked_again_after_the_pause()
    {
        await RegisterAsync("z0.job", TimeSpan.Zero);
        _store.DueFails = new StoreUnavailableException();
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        _store.DueFails = null;

        _time.Advance(new LoopTimes().Pause - Tick);
        Assert.Empty(_asked);
        _time.Advance(Tick);

        await AskedAsync("z0.job");
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_job_whose_poll_fails_in_the_store_waits_a_second_and_delays_no_other()
    {
        await RegisterAsync("z0.bad", TimeSpan.Zero);
        await RegisterAsync("z0.good", TimeSpan.FromMilliseconds(100));
        var tries = 0;
        _store.Finding = key => _ = key.Id == "z0.bad" && ++tries == 1 ? throw new StoreUnavailableException() : 0;
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        Assert.Equal(1, tries);

        _time.Advance(TimeSpan.FromMilliseconds(100));
        await AskedAsync("z0.good");
        _time.Advance(PollBackoff.First - TimeSpan.FromMilliseconds(100) - Tick);
        Assert.Equal(1, tries);
        _time.Advance(Tick);

        await AskedAsync("z0.bad");
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_loop_that_is_woken_just_before_a_job_may_be_polled_again_polls_it_then_and_no_later()
    {
        await RegisterAsync("z0.bad", TimeSpan.Zero);
        var tries = 0;
        _store.Finding = key => _ = ++tries == 1 ? throw new StoreUnavailableException() : 0;
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        _time.Advance(PollBackoff.First - Tick);

        await RegisterAsync("z0.new", TimeSpan.Zero);
        await _watches.WakeAsync(new(new(Source.Name, "z0.new"), _time.GetUtcNow()), Cancelled);
        await AskedAsync("z0.new");
        await _time.UntilTimersAsync(1, Cancelled);
        _time.Advance(Tick);

        await AskedAsync("z0.bad");
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_failing_loop_ends_only_after_the_running_polls()
    {
        _holds = true;
        await RegisterAsync("z0.slow", TimeSpan.Zero);
        await RegisterAsync("z0.bad", TimeSpan.FromMilliseconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        var loop = Run(log: new FullLog());
        Assert.Equal(["z0.slow", "z0.bad"], _asked);

        _answers["z0.bad"].SetException(new InvalidOperationException());
        await Task.Delay(50, Cancelled);
        Assert.False(loop.IsCompleted);

        Answer("z0.slow");
        await Assert.ThrowsAsync<IOException>(() => EndedAsync(loop));
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        lock (_asked)
            _asked.Add(id);
        return _holds ? _answers[id].Task : Task.FromResult(new StatusAnswer(PollAnswer.NotFound));
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private async Task RegisterAsync(string id, TimeSpan firstPollAfter)
    {
        _answers[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _recorder.RegisterAsync(Source, id, Job.NoMetadata, firstPollAfter, Cancelled);
    }

    private void Answer(string id) => _answers[id].SetResult(new(PollAnswer.NotFound));

    private async Task AskedAsync(string id)
    {
        for (var i = 0; i < 2000; i++)
        {
            lock (_asked)
            {
                if (_asked.Contains(id))
                    return;
            }

            await Task.Delay(5, Cancelled);
        }

        Assert.Fail($"{id} was not polled.");
    }

    private Task Run(int slots = 10, ILogger? log = null)
    {
        var (pollSlots, troubles) = (new PollSlots(new(0, slots, slots), _time), Unobserved.Troubles(_time));
        var step = new PollStep(Unobserved.Poller(Sources, _store, this, _recorder, _time), pollSlots, troubles, log ?? NullLogger.Instance, _time);
        return new WatchLoop(Source, _watches, _store, step, pollSlots, new InlineWork(), new(), troubles, log ?? NullLogger.Instance, _time).RunAsync(_stop.Token);
    }

    private async Task StopAsync(Task loop)
    {
        await _stop.CancelAsync();
        await EndedAsync(loop);
    }

    private async Task EndedAsync(Task loop)
    {
        for (var i = 0; i < 2000 && !loop.IsCompleted; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, Cancelled);
        }

        Assert.True(loop.IsCompleted, "The loop did not end.");
        await loop;
    }

    private sealed class InlineWork : IWorkScheduler
    {
        public void Start(Func<Task> work) => _ = work();
    }

    private sealed class FullLog : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("No file descriptor is left.");
    }
}
