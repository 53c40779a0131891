using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Polls and sweeps that meet unreadable jobs.</summary>
public sealed class UnreadableJobTests : ICommitObserver, IStatusApi, IOperatorLog
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.bad");

    private readonly ManualTimeProvider _time = new();
    private readonly List<Trouble> _warned = [];
    private readonly MemoryStore _store = new();
    private readonly Troubles _troubles;
    private readonly JobRecorder _recorder;
    private readonly Poller _poller;
    private int _asked;

    public UnreadableJobTests()
    {
        _troubles = new(this, _time);
        var sources = new Sources([Source]);
        _recorder = new(sources, _store, this, _time, new Random(7));
        _poller = Unobserved.Poller(sources, _store, this, _recorder, _time, _troubles);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_due_poll_sets_the_job_aside_reports_it_and_sends_no_query()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _store.Damage(Key, "its document is not JSON");

        Assert.Equal(new Polled(null, null), await _poller.PollDueAsync(Key, slots: null, CommitCause.Watch, Cancelled));

        Assert.Equal(_time.GetUtcNow() + SetAside.First, _store.IndexedAt(Key));
        Assert.Equal(0, _asked);
        var trouble = Assert.Single(_warned);
        Assert.Equal((Source.Name, TroubleKind.UnreadableJobs, "its document is not JSON"), (trouble.Source, trouble.Kind, trouble.Detail));

        _store.Damage(Key, null);
        await _poller.PollDueAsync(Key, slots: null, CommitCause.Watch, Cancelled);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_poll_on_request_reports_that_the_job_is_unreadable()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _store.Damage(Key, "its document is not JSON");

        var thrown = await Assert.ThrowsAsync<UnreadableJobException>(() => _poller.PollNowAsync(Key, Cancelled));

        Assert.Equal(Key, thrown.Job?.Key);
    }

    [Fact]
    public async Task A_sweep_returns_an_unwatched_unreadable_job_to_the_index_and_continues()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        await _recorder.RegisterAsync(Source, "z0.good", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _store.LoseDueRow(Key);
        _store.LoseDueRow(new(Source.Name, "z0.good"));
        _store.Damage(Key, "its document is not JSON");

        var sweep = await Unobserved.Sweeper(new([Source]), _store, _store, _store, _store, _recorder, _time).SweepAsync(Cancelled);

        Assert.Equal((2, 0), (sweep.Restored, sweep.Unaccounted));
        Assert.NotNull(_store.IndexedAt(Key));
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        _asked++;
        return Task.FromResult(new StatusAnswer(PollAnswer.Unavailable));
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble) => _warned.Add(trouble);

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }
}
