using FopWatch.Cloud;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Hosts;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests;

/// <summary>How the starter handles a watch that is running.</summary>
public sealed class WatchStarterTests : IWatchRunner, ICommitObserver, IStatusApi
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new();
    private readonly MemoryStore _store = new();
    private readonly List<DueJob> _woken = [];
    private readonly List<string> _startedIds = [];
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
            sources, _store, this, new(_time), Unobserved.Poller(sources, _store, this, _recorder, _time), new InlineWork(), _troubles, log, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watch_that_sleeps_past_its_jobs_due_time_is_woken()
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
    public async Task A_watch_that_sleeps_until_its_job_is_due_or_waits_for_a_slot_is_not_woken(int? longer, bool isPostponed)
    {
        var due = await RegisterAsync();
        _running = new(longer is { } seconds ? due.AddSeconds(seconds) : null, isPostponed, _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Empty(_woken);
    }

    [Theory]
    [InlineData(14, 0)]
    [InlineData(16, 1)]
    public async Task A_job_due_for_fifteen_minutes_whose_watch_made_no_step_is_polled_without_it(int minutes, int asked)
    {
        var due = await RegisterAsync();
        _running = new(null, IsPostponed: false, due);
        _time.Advance(due.AddMinutes(minutes) - _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(asked, _asked);
    }

    [Fact]
    public async Task A_long_sleeping_watch_is_woken_and_its_job_is_polled_without_it_only_if_it_sleeps_on()
    {
        // Like a restored watch whose wake-up got lost: its due time is in the past from the start. Each wake-up counts as activity.
        var due = await RegisterAsync();
        _time.Advance(due.AddMinutes(30) - _time.GetUtcNow());
        for (var minutes = 0; minutes <= 15; minutes++)
        {
            _running = new(due.AddHours(2), IsPostponed: false, minutes == 0 ? due : _time.GetUtcNow().AddMinutes(-1));
            await _starter.StartDueAsync(Cancelled);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal((16, 0), (_woken.Count, _asked));
        Assert.Empty(_troubles.Current);

        await _starter.StartDueAsync(Cancelled);
        Assert.Equal((17, 1), (_woken.Count, _asked));
        Assert.Equal(TroubleKind.WatchesStuck, Assert.Single(_troubles.Current).Kind);
    }

    [Fact]
    public async Task A_watch_that_was_woken_and_made_a_step_since_is_not_woken_again()
    {
        var due = await RegisterAsync();
        _time.Advance(due.AddMinutes(30) - _time.GetUtcNow());
        for (var step = 1; step <= 20; step++)
        {
            _running = new(due.AddHours(step / 2), IsPostponed: false, _time.GetUtcNow());
            await _starter.StartDueAsync(Cancelled);
            _time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.Equal(0, _asked);
    }

    [Theory]
    [InlineData(15, 0)]
    [InlineData(16, 1)]
    public async Task A_process_new_to_a_watch_polls_its_job_if_the_watch_should_have_woken_by_itself(int minutes, int asked)
    {
        var due = await RegisterAsync();
        _time.Advance(due.AddMinutes(30) - _time.GetUtcNow());
        _running = new(_time.GetUtcNow().AddMinutes(-minutes), IsPostponed: false, _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal((1, asked), (_woken.Count, _asked));
    }

    [Theory]
    [InlineData(60, 0)]
    [InlineData(61, 1)]
    public async Task A_process_new_to_a_watch_polls_its_job_if_the_watch_has_been_idle_for_an_hour(int minutes, int asked)
    {
        var due = await RegisterAsync();
        _time.Advance(due.AddMinutes(minutes) - _time.GetUtcNow());
        _running = new(due.AddHours(20), IsPostponed: false, due);

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal((1, asked), (_woken.Count, _asked));
    }

    [Fact]
    public async Task Among_many_long_due_jobs_recently_due_ones_get_every_second_turn()
    {
        for (var i = 0; i < 600; i++)
            await _recorder.RegisterAsync(Source, $"z0.long-{i:d3}", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 3; i++)
            await _recorder.RegisterAsync(Source, $"z0.lately-{i}", Job.NoMetadata, TimeSpan.FromSeconds(i), Cancelled);
        _started = true;

        await _starter.StartDueAsync(Cancelled);

        // All of them, since no more are due than the rate allows.
        Assert.Equal(
            ["z0.lately-0", "z0.long-000", "z0.lately-1", "z0.long-001", "z0.lately-2", .. Enumerable.Range(2, 598).Select(i => $"z0.long-{i:d3}")],
            _startedIds);
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException), TroubleKind.PollsFail)]
    [InlineData(typeof(StoreUnavailableException), TroubleKind.StoreUnavailable)]
    public async Task A_failing_poll_of_a_job_with_a_stuck_watch_is_reported_and_the_others_are_polled(Type thrown, TroubleKind kind)
    {
        var due = await RegisterAsync();
        await _recorder.RegisterAsync(Source, "z0.bad", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _running = new(null, IsPostponed: false, due);
        _time.Advance(due.AddMinutes(16) - _time.GetUtcNow());
        _store.Finding = key =>
        {
            if (key != Key)
                throw (Exception)Activator.CreateInstance(thrown)!;
        };

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(1, _asked);
        Assert.Equal([kind, TroubleKind.WatchesStuck], _troubles.Current.Select(trouble => trouble.Kind).Order(Comparer<TroubleKind>.Create((a, b) => (a == kind ? 0 : 1) - (b == kind ? 0 : 1))));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task A_long_due_job_is_not_polled_without_its_watch_if_the_watch_starts_now(bool starts, int asked)
    {
        var due = await RegisterAsync();
        (_started, _running) = (starts, new(null, IsPostponed: false, due));
        _time.Advance(TimeSpan.FromMinutes(20));

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(asked, _asked);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public async Task A_watch_whose_last_step_was_fifteen_minutes_ago_may_still_make_one(int ticksMore, int asked)
    {
        await RegisterAsync();
        _time.Advance(TimeSpan.FromHours(1));
        _running = new(null, IsPostponed: false, _time.GetUtcNow() - StuckWatches.LongestStep - TimeSpan.FromTicks(ticksMore));

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(asked, _asked);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public async Task A_watch_that_oversleeps_within_the_clock_tolerance_is_not_woken(int ticksMore, int woken)
    {
        var due = await RegisterAsync();
        _running = new(due + PollPlan.ClockTolerance + TimeSpan.FromTicks(ticksMore), IsPostponed: false, _time.GetUtcNow());

        await _starter.StartDueAsync(Cancelled);

        Assert.Equal(woken, _woken.Count);
    }

    [Fact]
    public async Task Until_the_next_run_no_more_watches_are_started_than_the_rate_of_the_source_allows()
    {
        var starter = await StarterOfSlowAsync(40);
        _started = true;

        await starter.StartDueAsync(Cancelled);

        Assert.Equal(10, _startedIds.Count);
    }

    [Theory]
    [InlineData(119, 20)]
    [InlineData(120, 40)]
    public async Task While_enough_watches_are_working_for_the_rate_of_the_source_no_further_ones_are_looked_at(int secondsIdle, int looks)
    {
        var starter = await StarterOfSlowAsync(40);
        _running = new(null, IsPostponed: false, _time.GetUtcNow().AddSeconds(-secondsIdle));

        await starter.StartDueAsync(Cancelled);

        Assert.Equal(looks, _looks);
    }

    [Fact]
    public async Task Woken_watches_do_not_count_as_working()
    {
        var starter = await StarterOfSlowAsync(40);
        _running = new(_time.GetUtcNow().AddHours(1), IsPostponed: false, _time.GetUtcNow());

        await starter.StartDueAsync(Cancelled);

        Assert.Equal(40, _woken.Count);
    }

    [Fact]
    public async Task Until_the_next_run_no_more_jobs_of_stuck_watches_are_polled_than_the_rate_of_the_source_allows()
    {
        var starter = await StarterOfSlowAsync(40);
        _running = new(null, IsPostponed: false, _time.GetUtcNow());
        _time.Advance(TimeSpan.FromMinutes(20));

        await starter.StartDueAsync(Cancelled);

        Assert.Equal(6, _asked);
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

    ValueTask<bool?> IWatchRunner.StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        _startedIds.Add(job.Key.Id);
        return new(_started);
    }

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
        _asked++;
        return Task.FromResult(new StatusAnswer(PollAnswer.NotFound));
    }

    /// <summary>A starter for a source that may be polled every ten seconds, with the given number of due jobs.</summary>
    private async Task<WatchStarter> StarterOfSlowAsync(int jobs)
    {
        var slow = Source with { Poll = Source.Poll with { PerSecond = 0.1 } };
        var sources = new Sources([slow]);
        var recorder = new JobRecorder(sources, _store, this, _time, new Random(7));
        for (var i = 0; i < jobs; i++)
            await recorder.RegisterAsync(slow, $"z0.{i:d3}", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        var poller = Unobserved.Poller(sources, _store, this, recorder, _time);
        return new(sources, _store, this, new(_time), poller, new InlineWork(), _troubles, NullLogger.Instance, _time);
    }

    /// <summary>Registers a job whose first poll is due before the timer looks again.</summary>
    private async Task<DateTimeOffset> RegisterAsync() =>
        (await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.FromMinutes(1), Cancelled)).Watch.DueAt!.Value;

    /// <summary>Starts work in order of arrival.</summary>
    private sealed class InlineWork : IWorkScheduler
    {
        public void Start(Func<Task> work) => _ = work();
    }
}
