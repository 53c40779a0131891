using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests;

/// <summary>How long callers wait for an outcome.</summary>
public sealed class OutcomeWaitersTests : ICommitObserver, IDisposable
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(2);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly JobRecorder _recorder;
    private readonly OutcomeWaiters _waiters;
    private int _reads;

    public OutcomeWaitersTests()
    {
        _recorder = new(new([Source]), _store, this, _time, new(1));
        _waiters = new(_store, _time, _stop.Token);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task An_unknown_or_settled_job_is_answered_immediately()
    {
        Assert.Null(await EndedAsync(Wait()));

        await RegisterAsync();
        await SettleAsync();
        Assert.Equal(JobState.Failed, (await EndedAsync(Wait()))!.State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_caller_who_does_not_want_to_wait_is_answered_immediately(int seconds)
    {
        await RegisterAsync();

        Assert.Equal(JobState.Waiting, (await EndedAsync(Wait(TimeSpan.FromSeconds(seconds))))!.State);
    }

    [Fact]
    public async Task A_waiting_caller_is_answered_as_soon_as_this_process_settles_the_job()
    {
        await RegisterAsync();
        var (one, other) = (Wait(), Wait());
        await _time.UntilTimersAsync(2, Cancelled);
        Assert.False(one.IsCompleted || other.IsCompleted);

        _waiters.Announce(await SettleAsync());

        Assert.Equal(JobState.Failed, (await EndedAsync(one))!.State);
        Assert.Equal(JobState.Failed, (await EndedAsync(other))!.State);
    }

    [Fact]
    public async Task A_caller_whose_time_is_over_takes_nothing_from_another_who_waits()
    {
        await RegisterAsync();
        var (brief, patient) = (Wait(TimeSpan.FromSeconds(1)), Wait());
        await _time.UntilTimersAsync(2, Cancelled);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(JobState.Waiting, (await EndedAsync(brief))!.State);

        _waiters.Announce(await SettleAsync());
        Assert.Equal(JobState.Failed, (await EndedAsync(patient))!.State);
    }

    [Fact]
    public async Task An_announcement_of_an_open_job_is_checked_once_and_the_next_one_is_still_received()
    {
        await RegisterAsync();
        var (one, other) = (Wait(), Wait());
        await _time.UntilTimersAsync(2, Cancelled);

        _waiters.Announce(_store.Peek(Key)!);
        await ReadAsync(4);
        await _time.UntilTimersAsync(2, Cancelled);
        Assert.Equal(4, _reads);

        _waiters.Announce(await SettleAsync());
        Assert.Equal(JobState.Failed, (await EndedAsync(one))!.State);
        Assert.Equal(JobState.Failed, (await EndedAsync(other))!.State);
    }

    [Fact]
    public async Task An_outcome_by_another_process_is_noticed_after_two_seconds()
    {
        await RegisterAsync();
        var waiting = Wait();
        await _time.UntilTimersAsync(1, Cancelled);
        await SettleAsync();

        _time.Advance(Recheck - Tick);
        Assert.Equal(1, _reads);
        _time.Advance(Tick);

        Assert.Equal(JobState.Failed, (await EndedAsync(waiting))!.State);
    }

    [Fact]
    public async Task No_caller_waits_longer_than_requested()
    {
        await RegisterAsync();
        var waiting = Wait(TimeSpan.FromSeconds(3));
        await _time.UntilTimersAsync(1, Cancelled);

        _time.Advance(Recheck);
        await ReadAsync(2);
        await _time.UntilTimersAsync(1, Cancelled);
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(JobState.Waiting, (await EndedAsync(waiting))!.State);
        Assert.Equal(3, _reads);
    }

    [Fact]
    public async Task A_stopping_host_answers_waiting_callers_with_the_current_job()
    {
        await RegisterAsync();
        var waiting = Wait();
        await _time.UntilTimersAsync(1, Cancelled);

        await _stop.CancelAsync();

        Assert.Equal(JobState.Waiting, (await EndedAsync(waiting))!.State);
        Assert.Equal(JobState.Waiting, (await EndedAsync(Wait()))!.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disconnected_caller_is_not_answered_whether_the_host_stops_or_not(bool stops)
    {
        await RegisterAsync();
        using var gone = new CancellationTokenSource();
        var waiting = _waiters.WaitAsync(Key, TimeSpan.FromHours(1), gone.Token);
        await _time.UntilTimersAsync(1, Cancelled);

        await gone.CancelAsync();
        if (stops)
            await _stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EndedAsync(waiting));
    }

    [Fact]
    public async Task A_waiting_caller_is_answered_in_time_although_the_clock_is_set_back()
    {
        await RegisterAsync();
        _time.Ahead = TimeSpan.FromDays(365);
        var waiting = Wait(TimeSpan.FromSeconds(10));
        _time.Ahead = TimeSpan.Zero;

        for (var waited = 0; waited < 10 && !waiting.IsCompleted; waited += 2)
        {
            await _time.UntilTimersAsync(1, Cancelled);
            _time.Advance(TimeSpan.FromSeconds(2));
            await Task.WhenAny(waiting, _time.UntilTimersAsync(1, Cancelled));
        }

        Assert.Equal(JobState.Waiting, (await EndedAsync(waiting))!.State);
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private static Task<Job?> EndedAsync(Task<Job?> waiting) => waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

    private Task<Job?> Wait(TimeSpan? longest = null) => _waiters.WaitAsync(Key, longest ?? TimeSpan.FromHours(1), Cancelled);

    private async Task RegisterAsync()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled);
        _store.Finding = _ => Interlocked.Increment(ref _reads);
    }

    /// <summary>Settles the job in the store, as any process may.</summary>
    private async Task<Job> SettleAsync()
    {
        var before = _reads;
        var facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Failed };
        var settled = await _recorder.ReportAsync(Source, Key.Id, new() { Id = Key.Id, Channel = ReportChannel.Notification, Facts = facts }, null, Cancelled);
        _reads = before;
        return settled!;
    }

    private async Task ReadAsync(int times)
    {
        while (Volatile.Read(ref _reads) < times)
            await Task.Delay(1, Cancelled);
    }
}
