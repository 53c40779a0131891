using System.Collections.Concurrent;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Simulation.Tests;

/// <summary>How long the loops wait before they retry after a failure of the store.</summary>
public sealed class StoreFailureTests : IStatusApi, IDueIndex, IOutbox, IEventPublisher, IStoreUpkeep, ICommitObserver, IWorkScheduler, ILogger, IOperatorLog, IDisposable
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new(() => Scenario.Start);
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<double> _tried = [];
    private readonly List<double> _asked = [];
    private readonly List<string> _logged = [];
    private readonly List<OutboxEvent> _published = [];
    private readonly ConcurrentBag<Task> _started = [];
    private readonly Sources _sources = new([Source]);
    private readonly Troubles _troubles;
    private readonly JobRecorder _recorder;
    private volatile bool _isDown;
    private string? _damage;
    private DateTimeOffset? _kept;

    public StoreFailureTests()
    {
        _troubles = new(this, _time);
        _recorder = new(_sources, _store, this, _time, new Random(7));
    }

    private double Seconds => (_time.GetUtcNow() - Scenario.Start).TotalSeconds;

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task A_watch_loop_reads_the_due_index_again_a_second_after_a_failure()
    {
        _isDown = true;
        var loop = RunWatchLoop(out _);

        await TriedAsync(1);
        await TriedAsync(2, TimeSpan.FromSeconds(1));
        await TriedAsync(3, TimeSpan.FromSeconds(1));
        Assert.Equal([0, 1, 2], _tried);
        Assert.Equal(["watch loop", "watch loop", "watch loop"], _logged);
        Assert.Equal(TroubleKind.StoreUnavailable, Assert.Single(_troubles.Current).Kind);

        _isDown = false;
        await TriedAsync(4, TimeSpan.FromSeconds(1));
        await TriedAsync(5, TimeSpan.FromMinutes(1));
        Assert.Equal(63, _tried[^1]);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_poll_whose_result_the_store_refuses_is_repeated_after_waits_that_double_up_to_a_minute()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, _stop.Token);
        _store.Refuses = new StoreUnavailableException();
        var loop = RunWatchLoop(out _);

        var polls = 0;
        foreach (var wait in (int[])[0, 1, 2, 4, 8, 16, 32])
        {
            await AskedAsync(++polls, TimeSpan.FromSeconds(wait));

            // A read of the index starts each poll, and its end wakes the loop for another.
            await Task.WhenAll(_started).WaitAsync(Patience, _stop.Token);
            await TriedAsync(2 * polls);
            Assert.Equal(Enumerable.Repeat("poll", polls), _logged);
        }

        _store.Refuses = null;
        await AskedAsync(polls + 1, TimeSpan.FromMinutes(1));
        Assert.Equal([0, 1, 3, 7, 15, 31, 63, 123], _asked);
        await Eventually.HoldsAsync(() => _store.Peek(Key)!.IsSettled);
        Assert.Equal(JobState.Succeeded, _store.Peek(Key)!.State);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_job_registered_while_the_watch_loop_sleeps_is_polled_when_it_is_due()
    {
        var loop = RunWatchLoop(out var watches);
        await TriedAsync(1);
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.FromSeconds(20), _stop.Token);
        Assert.True(await watches.StartAsync(new(Key, _store.IndexedAt(Key)!.Value), _stop.Token));
        Assert.False(await watches.StartAsync(new(new("unknown", "z0.job"), _store.IndexedAt(Key)!.Value), _stop.Token));

        await TriedAsync(2, TimeSpan.Zero);
        await AskedAsync(1, TimeSpan.FromSeconds(20));

        Assert.Equal([20], _asked);
        await StopAsync(loop);
    }

    [Fact]
    public async Task An_outbox_loop_publishes_a_second_after_the_store_failed_whatever_is_committed_meanwhile()
    {
        await CommitEventAsync();
        _isDown = true;
        using var dispatcher = Unobserved.Dispatcher(this, this, _time, _troubles);
        var outbox = new OutboxLoop(dispatcher, new(), _troubles, this, _time);
        var loop = outbox.RunAsync(_stop.Token);

        await TriedAsync(1);
        outbox.Wake();
        await TriedAsync(2, TimeSpan.FromSeconds(1));
        _isDown = false;

        // It reads until the outbox is empty, and once more for the announced commit.
        await TriedAsync(5, TimeSpan.FromSeconds(1));
        Assert.Equal([0, 1, 2, 2, 2], _tried);
        Assert.Equal(["publish events", "publish events"], _logged);
        Assert.Equal(TroubleKind.StoreUnavailable, Assert.Single(_troubles.Current).Kind);
        Assert.Single(_published);
        Assert.Empty(_store.Outbox);

        // It looks again after a minute, or at the next commit.
        await TriedAsync(6, TimeSpan.FromMinutes(1));
        outbox.Wake();
        await TriedAsync(7, TimeSpan.Zero);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_sweep_that_the_store_refuses_is_repeated_after_a_minute_and_is_a_trouble_until_one_succeeds()
    {
        _isDown = true;
        var sweeper = Unobserved.Sweeper(_sources, _store, _store, _store, _store, _recorder, _time);
        var purge = new RetentionPurge(new MemoryUpkeep(), new() { Sources = _sources, Retention = TimeSpan.FromDays(1) }, this, _time);
        var loop = new SweepLoop(sweeper, this, purge, new(), _troubles, this, _time).RunAsync(_stop.Token);

        await TriedAsync(1);
        Assert.Equal(["sweep"], _logged);
        Assert.Equal(TroubleKind.StoreUnavailable, Assert.Single(_troubles.Current).Kind);
        await TriedAsync(2, TimeSpan.FromMinutes(1));

        _isDown = false;
        await TriedAsync(3, TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(() => _kept == _time.GetUtcNow());
        await Eventually.HoldsAsync(() => _troubles.Current.Count == 0);

        _damage = "a page is damaged";
        await TriedAsync(4, TimeSpan.FromMinutes(1));
        await Eventually.HoldsAsync(() => _troubles.Current is [{ Detail: { } detail }] && detail.ToString() == "a page is damaged");
        Assert.Equal([0, 60, 120, 180], _tried);
        await StopAsync(loop);
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        lock (_tried)
            _asked.Add(Seconds);
        var facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded };
        return Task.FromResult(new StatusAnswer(PollAnswer.Report, new() { Id = id, Channel = ReportChannel.Poll, Facts = facts }));
    }

    ValueTask<IReadOnlyList<DueJob>> IDueIndex.DueAsync(string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken)
    {
        Try();
        return _store.DueAsync(source, after, by, limit, cancellationToken);
    }

    ValueTask<DateTimeOffset?> IDueIndex.NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) =>
        _store.NextDueAsync(source, after, cancellationToken);

    ValueTask<IReadOnlyList<OutboxEvent>> IOutbox.PendingAsync(int limit, CancellationToken cancellationToken)
    {
        Try();
        return _store.PendingAsync(limit, cancellationToken);
    }

    ValueTask IOutbox.RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) => _store.RemoveAsync(published, cancellationToken);

    ValueTask IOutbox.SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => _store.SetAsideAsync(refused, cancellationToken);

    ValueTask<(long Count, DateTimeOffset? Oldest)> IOutbox.DepthAsync(CancellationToken cancellationToken) => ((IOutbox)_store).DepthAsync(cancellationToken);

    ValueTask<long> IOutbox.CountSetAsideAsync(CancellationToken cancellationToken) => _store.CountSetAsideAsync(cancellationToken);

    ValueTask IEventPublisher.PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        _published.AddRange(events);
        return default;
    }

    string? IStoreUpkeep.Damage => _damage;

    ValueTask IStoreUpkeep.InspectAsync(CancellationToken cancellationToken)
    {
        Try();
        return default;
    }

    ValueTask IStoreUpkeep.KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        _kept = now;
        return default;
    }

    ValueTask<(int Deleted, bool IsComplete)> IStoreUpkeep.PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken) =>
        new((0, true));

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    void IWorkScheduler.Start(Func<Task> work) => _started.Add(Task.Run(work));

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var values = (IReadOnlyList<KeyValuePair<string, object?>>)(object)state!;
        Log(eventId.Name == nameof(RunLog.StoreUnavailable) ? (string)values.Single(value => value.Key == "What").Value! : eventId.Name!);
    }

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble)
    {
    }

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    private Task RunWatchLoop(out EmbeddedWatchRunner watches)
    {
        var slots = new PollSlots(PollSlotOptions.Embedded, _time);
        var poller = Unobserved.Poller(_sources, _store, this, _recorder, _time, _troubles);
        watches = new(_sources, _time);
        return new WatchLoop(
            Source, watches, this, new(poller, slots, _troubles, this, _time), slots, this, new(), _troubles, this, _time).RunAsync(_stop.Token);
    }

    private async Task CommitEventAsync()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, null, _stop.Token);
        await _recorder.ReportAsync(
            Source,
            Key.Id,
            new() { Id = Key.Id, Channel = ReportChannel.Notification, Facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Failed } },
            null,
            _stop.Token);
        Assert.Single(_store.Outbox);
    }

    private void Log(string what)
    {
        lock (_tried)
            _logged.Add(what);
    }

    private void Try()
    {
        lock (_tried)
            _tried.Add(Seconds);
        if (_isDown)
            throw new StoreUnavailableException();
    }

    /// <summary>Advances the time, and waits until the loop has made the given number of attempts: not sooner, and then it sleeps again.</summary>
    private Task TriedAsync(int times, TimeSpan after = default) => PassedAsync(_tried, times, after);

    private Task AskedAsync(int times, TimeSpan after) => PassedAsync(_asked, times, after);

    private async Task PassedAsync(List<double> what, int times, TimeSpan after)
    {
        if (after > TimeSpan.Zero)
        {
            var before = Count();
            _time.Advance(after - TimeSpan.FromMilliseconds(1));
            await Task.Delay(5, _stop.Token);
            Assert.Equal(before, Count());
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await Eventually.HoldsAsync(() => Count() >= times);
        await _time.UntilTimersAsync(1, _stop.Token).WaitAsync(Patience, _stop.Token);

        int Count()
        {
            lock (_tried)
                return what.Count;
        }
    }

    private async Task StopAsync(Task loop)
    {
        await _stop.CancelAsync();
        await loop.WaitAsync(Patience, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.False(loop.IsFaulted);
    }
}
