using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>What the recorder does besides deciding: admission, conflicts, and notifying waiting callers.</summary>
public sealed class RecorderTests
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");
    private static readonly StatusAnswer NotFound = new(PollAnswer.NotFound);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly Wakes _wakes = new();
    private readonly JobRecorder _recorder;

    public RecorderTests() => _recorder = new(new([Source]), _store, Unobserved.Observer(_wakes, _wakes, new(_store, _time), _store.References, _time), _time, new(1));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Job Job => _store.Peek(Key)!;

    [Fact]
    public async Task A_hint_makes_a_poll_of_a_given_up_job_due_and_wakes_its_watch()
    {
        await ExpireAsync();
        _wakes.Clear();

        await _recorder.HintAsync(Source, Key.Id, Cancelled);

        Assert.Equal((JobState.Expired, _time.GetUtcNow()), (Job.State, Job.Watch.DueAt));
        Assert.Equal(["wake"], _wakes.Heard);
    }

    [Fact]
    public async Task A_given_up_job_named_only_by_hints_is_watched_again_only_if_an_unknown_id_would_be_admitted()
    {
        await _recorder.HintAsync(Source, Key.Id, Cancelled);
        await GiveUpAsync();
        var given = Job;

        Assert.Null(await _recorder.HintAsync(Source, Key.Id, _ => new(false), Cancelled));
        Assert.Equal(given, Job);

        var asked = 0;
        Assert.NotNull(await _recorder.HintAsync(Source, Key.Id, _ => new(++asked > 0), Cancelled));
        Assert.Equal((1, _time.GetUtcNow()), (asked, Job.Watch.DueAt));

        // A watched job counts as known.
        Assert.NotNull(await _recorder.HintAsync(Source, Key.Id, _ => new(false), Cancelled));
    }

    [Fact]
    public async Task An_answer_is_decided_on_the_current_job()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        var asked = (await _store.FindAsync(Key, Cancelled))!;
        await _recorder.StopAsync(Key, Cancelled);

        var polled = await _recorder.PolledAsync(asked, NotFound, CommitCause.Outside, Cancelled);

        Assert.Equal(polled, Job);
        Assert.Equal((WatchStatus.Stopped, 1), (Job.WatchStatus, Job.Watch.Polls));
    }

    [Fact]
    public async Task A_watch_is_not_notified_of_its_own_changes()
    {
        foreach (var (cause, heard) in ((CommitCause, string[])[])[(CommitCause.Watch, []), (CommitCause.Outside, ["end"])])
        {
            var id = $"z0.{cause}";
            await _recorder.RegisterAsync(Source, id, Jobs.Job.NoMetadata, TimeSpan.Zero, Cancelled);
            var asked = (await _store.FindAsync(new(Source.Name, id), Cancelled))!;
            _wakes.Clear();

            var facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Failed };
            StatusAnswer answer = new(PollAnswer.Report, new() { Id = id, Channel = ReportChannel.Poll, Facts = facts });
            var polled = await _recorder.PolledAsync(asked, answer, cause, Cancelled);

            Assert.Equal(JobState.Failed, polled!.State);
            Assert.Equal(heard, _wakes.Heard);
        }
    }

    [Fact]
    public async Task The_first_conflicts_are_retried_immediately_and_further_ones_after_a_pause()
    {
        _store.Conflicts = 3;
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        Assert.Equal(0, _store.Conflicts);

        _store.Conflicts = 4;
        var stopping = _recorder.StopAsync(Key, Cancelled);
        await _time.UntilTimersAsync(1, Cancelled);
        Assert.False(stopping.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.Equal(WatchStatus.Stopped, (await stopping.WaitAsync(TimeSpan.FromSeconds(20), Cancelled))!.WatchStatus);
    }

    [Theory]
    [InlineData(49, true)]
    [InlineData(50, false)]
    public async Task A_job_that_others_change_fifty_times_in_a_row_is_given_up_for_now(int conflicts, bool isRecorded)
    {
        _store.Conflicts = conflicts;
        var registering = _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        while (!registering.IsCompleted)
        {
            await Task.WhenAny(registering, _time.UntilTimersAsync(1, Cancelled));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        if (isRecorded)
            Assert.Equal(await registering, Job);
        else
            await Assert.ThrowsAsync<StoreUnavailableException>(() => registering);
        Assert.Equal(isRecorded, _store.Peek(Key) is not null);
    }

    private async Task ExpireAsync()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        await GiveUpAsync();
        Assert.Equal(JobState.Expired, Job.State);
    }

    private async Task GiveUpAsync()
    {
        for (var i = 0; i < GivingUp.UnknownAnswers; i++)
        {
            _time.Advance(GivingUp.UnknownGrace);
            await _recorder.PolledAsync((await _store.FindAsync(Key, Cancelled))!, NotFound, CommitCause.Watch, Cancelled);
        }

        Assert.Equal(WatchStatus.GivenUp, Job.WatchStatus);
        _time.Advance(TimeSpan.FromHours(1));
    }

    private sealed class Wakes : IWatchRunner, ICommittedEvents
    {
        public List<string> Heard { get; } = [];

        public void Clear() => Heard.Clear();

        public ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken)
        {
            Heard.Add("start");
            return new(true);
        }

        public ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken) => Hear("wake");

        public ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => Hear("end");

        public ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => default;

        public void Committed(OutboxEvent committed)
        {
        }

        private ValueTask Hear(string what)
        {
            Heard.Add(what);
            return default;
        }
    }
}
