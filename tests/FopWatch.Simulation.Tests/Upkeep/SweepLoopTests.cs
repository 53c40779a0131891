using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests.Upkeep;

/// <summary>What each turn of the sweep does, and what does not end it.</summary>
public sealed class SweepLoopTests : IStoreUpkeep, IPurgeMarks, IOperatorLog, ICommitObserver, IDisposable
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(30);
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStore _store;
    private readonly Troubles _troubles;
    private readonly List<string> _calls = [];
    private readonly List<Trouble> _warned = [];
    private StoreUnavailableException? _failure;
    private PurgeMark _mark = PurgeMark.None;

    public SweepLoopTests()
    {
        _store = new(_time.GetUtcNow);
        _troubles = new(this, _time);
    }

    public string? Damage { get; private set; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task Each_turn_inspects_the_store_records_the_time_and_purges_and_the_next_follows_after_the_interval()
    {
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        Assert.Equal(["inspect", "keep 0"], _calls);

        // The first purge of a store waits for a second look.
        _calls.Clear();
        _time.Advance(SecondLook.After);
        await PurgedAsync();

        _calls.Clear();
        _time.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(1));
        Assert.Empty(_calls);
        _time.Advance(TimeSpan.FromTicks(1));
        await PurgedAsync();
        Assert.Equal(["inspect", $"keep {(SecondLook.After + TimeSpan.FromMinutes(1)).TotalSeconds}", "purge"], _calls);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_store_that_cannot_answer_is_reported_and_swept_again()
    {
        _failure = new();
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        Assert.Equal((null, TroubleKind.StoreUnavailable), Assert.Single(_troubles.Current.Select(trouble => (trouble.Source, trouble.Kind))));

        _failure = null;
        await TurnAsync();
        await TurnAsync();
        Assert.Empty(_troubles.Current);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_damaged_store_is_reported_until_it_is_repaired()
    {
        Damage = "an index is damaged";
        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal((TroubleKind.StoreUnavailable, "an index is damaged"), (trouble.Kind, trouble.Detail));

        await TurnAsync();
        Assert.Single(_troubles.Current);

        Damage = null;
        await TurnAsync();
        await TurnAsync();
        Assert.Empty(_troubles.Current);
        await StopAsync(loop);
    }

    [Fact]
    public async Task A_turn_reports_a_troubles_count_since_its_last_warning()
    {
        _troubles.Occurred("media", TroubleKind.PollsFail);
        _troubles.Occurred("media", TroubleKind.PollsFail);
        Assert.Equal([1], _warned.Select(trouble => trouble.Count));
        _time.Advance(Troubles.WarnEvery);

        var loop = Run();
        await _time.UntilTimersAsync(1, Cancelled);

        Assert.Equal([1, 2], _warned.Select(trouble => trouble.Count));
        await StopAsync(loop);
    }

    private async Task TurnAsync()
    {
        var turns = _calls.Count(call => call == "inspect");
        _time.Advance(TimeSpan.FromMinutes(1));
        while (_calls.Count(call => call == "inspect") == turns)
            await Task.Delay(1, Cancelled);
        await _time.UntilTimersAsync(1, Cancelled);
    }

    private async Task PurgedAsync()
    {
        while (!_calls.Contains("purge"))
            await Task.Delay(1, Cancelled);
        await _time.UntilTimersAsync(1, Cancelled);
    }

    private Task Run()
    {
        var sources = new Sources([Source]);
        var recorder = new JobRecorder(sources, _store, this, _time, new(1));
        var sweeper = Unobserved.Sweeper(sources, _store, _store, _store, _store, recorder, _time);
        var purge = new RetentionPurge(this, new() { Sources = sources, Retention = Retention }, NullLogger.Instance, _time);
        return new SweepLoop(sweeper, this, purge, new LoopTimes(), _troubles, NullLogger.Instance, _time).RunAsync(_stop.Token);
    }

    private async Task StopAsync(Task loop)
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
    }

    ValueTask IStoreUpkeep.InspectAsync(CancellationToken cancellationToken)
    {
        _calls.Add("inspect");
        return _failure is null ? default : throw _failure;
    }

    ValueTask IStoreUpkeep.KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        _calls.Add($"keep {(now - Scenario.Start).TotalSeconds}");
        return default;
    }

    ValueTask<(int Deleted, bool IsComplete)> IStoreUpkeep.PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Assert.Equal((_time.GetUtcNow() - Retention, _time.GetUtcNow()), (settledBefore, now));
        _calls.Add("purge");
        return new((0, true));
    }

    ValueTask<PurgeMark> IPurgeMarks.ReadAsync(CancellationToken cancellationToken) => new(_mark);

    ValueTask IPurgeMarks.WriteAsync(PurgeMark mark, CancellationToken cancellationToken)
    {
        _mark = mark;
        return default;
    }

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble) => _warned.Add(trouble);

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
}
