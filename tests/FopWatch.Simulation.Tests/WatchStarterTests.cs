using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Hosts;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>What the starter does to a watch that runs.</summary>
public sealed class WatchStarterTests : IWatchRunner, ICommitObserver, IStatusApi
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new();
    private readonly MemoryStore _store = new();
    private readonly List<DueJob> _woken = [];
    private readonly JobRecorder _recorder;
    private readonly WatchStarter _starter;
    private readonly Troubles _troubles;
    private bool? _started = false;
    private int _looks;
    private RunningWatch? _running;
    private int _asked;

    public WatchStarterTests()
    {
        var sources = new Sources([Source]);
        var log = new HistoryLog(new(Scenarios.Scenario(HostKind.Cloud, Scenarios.Job()), keepTrace: false));
        _troubles = new(log, _time);
        _recorder = new(sources, _store, this, _time, new Random(7));
        _starter = new(
            sources, _store, this, new(_time), Unobserved.Poller(sources, _store, this, _recorder, _time), new ThreadPoolWork(), _troubles, log, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watch_that_sleeps_for_longer_than_its_job_is_woken()
    {
        var due = await RegisterAsync();
        _running = new(due.AddHours(1), IsPostponed: false, _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(new DueJob(Key, due), Assert.Single(_woken));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3600, true)]
    [InlineData(null, false)]
    public async Task A_watch_that_sleeps_until_its_job_is_due_or_waits_for_a_slot_is_left_alone(int? longer, bool isPostponed)
    {
        var due = await RegisterAsync();
        _running = new(longer is { } seconds ? due.AddSeconds(seconds) : null, isPostponed, _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Empty(_woken);
    }

    [Theory]
    [InlineData(14, 0)]
    [InlineData(16, 1)]
    public async Task A_job_that_has_been_due_for_a_quarter_of_an_hour_while_its_watch_made_no_step_is_polled_without_it(int minutes, int asked)
    {
        var due = await RegisterAsync();
        _running = new(null, IsPostponed: false, due);
        _time.Advance(due.AddMinutes(minutes) - _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(asked, _asked);
    }

    [Fact]
    public async Task A_runner_that_does_not_answer_is_not_asked_again_for_the_same_job()
    {
        var due = await RegisterAsync();
        (_started, _running) = (null, new(due.AddHours(1), IsPostponed: false, _time.GetUtcNow()));

        await _starter.StartDueAsync(Cancelled);

        Assert.Empty(_woken);
        Assert.Equal(0, _looks);
    }

    [Fact]
    public async Task A_store_that_cannot_answer_is_reported()
    {
        await RegisterAsync();
        _store.DueFails = new StoreUnavailableException();

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(TroubleKind.StoreUnavailable, Assert.Single(_troubles.Current).Kind);
    }

    ValueTask<bool?> IWatchRunner.StartAsync(DueJob job, CancellationToken cancellationToken) => new(_started);

    ValueTask IWatchRunner.WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        _woken.Add(job);
        return default;
    }

    ValueTask IWatchRunner.EndAsync(JobKey key, CancellationToken cancellationToken) => default;

    ValueTask<RunningWatch?> IWatchRunner.StateAsync(JobKey key, CancellationToken cancellationToken)
    {
        _looks++;
        return new(_running);
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return Task.FromResult(new StatusAnswer(PollAnswer.NotFound));
    }

    /// <summary>Registers a job whose first poll is due before the timer looks again.</summary>
    private async Task<DateTimeOffset> RegisterAsync() =>
        (await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.FromMinutes(1), Cancelled)).Watch.DueAt!.Value;
}
