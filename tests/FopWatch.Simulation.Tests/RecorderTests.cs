using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>What the recorder does with a job that was given up, step by step, on the store in memory.</summary>
public sealed class RecorderTests
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Some.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");
    private static readonly StatusAnswer NotFound = new(PollAnswer.NotFound);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly Wakes _wakes = new();
    private readonly JobRecorder _recorder;

    public RecorderTests() => _recorder = new(new([Source]), _store, new CommitObserver(_wakes, _wakes, new(_store, _time), _store.References, _time), _time, new(1));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Job Job => _store.Peek(Key)!;

    [Fact]
    public async Task A_genuine_report_that_a_given_up_job_goes_on_has_it_watched_again_and_leaves_it_expired()
    {
        await ExpireAsync();
        var events = _store.Outbox.Count;

        await _recorder.ReportAsync(Source, Key.Id, Progress(ReportChannel.Notification), null, Cancelled);

        Assert.Equal(JobState.Expired, Job.State);
        Assert.Equal(_time.GetUtcNow() + Some.Poll.First, Job.Watch.DueAt);
        Assert.Equal(Job.Watch.DueAt, _store.IndexedAt(Key));
        Assert.Equal(_time.GetUtcNow() + Some.Poll.Deadline, Job.Watch.Deadline);
        Assert.Equal(events, _store.Outbox.Count);

        // The same once more does not put the poll off.
        var due = Job.Watch.DueAt;
        _time.Advance(TimeSpan.FromSeconds(30));
        await _recorder.ReportAsync(Source, Key.Id, Progress(ReportChannel.Notification), null, Cancelled);
        Assert.Equal(due, Job.Watch.DueAt);
    }

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
    public async Task The_answer_to_a_question_that_is_older_than_the_giving_up_does_not_undo_it()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        var asked = Job.Watch;
        await ExpireAsync();

        await _recorder.PolledAsync(Source, Key.Id, asked, Progress(), Cancelled);
        Assert.Null(Job.Watch.DueAt);

        // One who asked afterwards, because somebody wanted it, has news.
        await _recorder.PolledAsync(Source, Key.Id, Job.Watch, NotFound, Cancelled);
        Assert.Null(Job.Watch.DueAt);
        await _recorder.PolledAsync(Source, Key.Id, Job.Watch, Progress(), Cancelled);
        Assert.NotNull(Job.Watch.DueAt);
    }

    [Fact]
    public async Task A_hint_that_comes_while_the_poll_that_gives_the_job_up_is_under_way_has_it_polled_once_more()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, Some.Poll.Deadline, Cancelled);
        _time.Advance(Some.Poll.Deadline);
        var asked = Job.Watch;
        await _recorder.HintAsync(Source, Key.Id, Cancelled);

        await _recorder.PolledAsync(Source, Key.Id, asked, Progress(), Cancelled);

        Assert.Equal(JobState.Expired, Job.State);
        Assert.Equal(_time.GetUtcNow() + PollPlan.HintSpacing, Job.Watch.DueAt);
        await _recorder.PolledAsync(Source, Key.Id, Job.Watch, Progress(), Cancelled);
        Assert.Null(Job.Watch.DueAt);
    }

    [Fact]
    public async Task What_only_hints_have_named_and_was_given_up_is_watched_again_only_if_an_unknown_id_would_be()
    {
        await _recorder.HintAsync(Source, Key.Id, Cancelled);
        await GiveUpAsync();
        var given = Job;

        Assert.Null(await _recorder.HintAsync(Source, Key.Id, _ => new(false), Cancelled));
        Assert.Equal(given, Job);

        var asked = 0;
        Assert.NotNull(await _recorder.HintAsync(Source, Key.Id, _ => new(++asked > 0), Cancelled));
        Assert.Equal((1, _time.GetUtcNow()), (asked, Job.Watch.DueAt));

        // What is watched is known.
        Assert.NotNull(await _recorder.HintAsync(Source, Key.Id, _ => new(false), Cancelled));
    }

    [Fact]
    public async Task Whoever_waits_for_an_outcome_is_answered_in_time_though_the_clock_is_set_back()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        _time.Ahead = TimeSpan.FromDays(365);
        var waiting = new Settlements(_store, _time).WaitAsync(Key, TimeSpan.FromSeconds(10), Cancelled);
        _time.Ahead = TimeSpan.Zero;

        for (var waited = 0; waited < 10 && !waiting.IsCompleted; waited += 2)
        {
            await _time.UntilTimersAsync(1, Cancelled);
            _time.Advance(TimeSpan.FromSeconds(2));
            await Task.WhenAny(waiting, _time.UntilTimersAsync(1, Cancelled));
        }

        Assert.Equal(JobState.Waiting, (await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancelled))!.State);
    }

    [Fact]
    public async Task A_stopped_watch_stays_stopped_though_the_job_expired()
    {
        await ExpireAsync();
        await _recorder.StopAsync(Key, Cancelled);

        await _recorder.HintAsync(Source, Key.Id, Cancelled);
        await _recorder.ReportAsync(Source, Key.Id, Progress(ReportChannel.Notification), null, Cancelled);
        await _recorder.PolledAsync(Source, Key.Id, Job.Watch, Progress(), Cancelled);
        Assert.Equal((null, true), (Job.Watch.DueAt, Job.Watch.Stopped));

        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        Assert.Equal((_time.GetUtcNow() + Some.Poll.First, false), (Job.Watch.DueAt, Job.Watch.Stopped));
    }

    [Fact]
    public async Task What_named_a_job_as_a_workflow_is_remembered_whether_it_was_a_hint_a_report_or_an_answer()
    {
        await _recorder.HintAsync(Source, Key.Id, isWorkflow: false, _ => new(true), Cancelled);
        Assert.False(Job.Watch.IsWorkflow);
        await _recorder.HintAsync(Source, Key.Id, isWorkflow: true, _ => new(true), Cancelled);
        Assert.True(Job.Watch.IsWorkflow);

        // Neither being given up and claimed nor what says nothing of it takes it back.
        await GiveUpAsync();
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        await _recorder.PolledAsync(Source, Key.Id, Job.Watch, Progress(), Cancelled);
        Assert.True(Job.Watch.IsWorkflow);
        Assert.True(JobJson.Deserialize(JobJson.Serialize(Job)).Watch.IsWorkflow);

        foreach (var (id, name) in ((string, Func<string, Task>)[])[("z0.reported", ReportedAsync), ("z0.polled", PolledAsync)])
        {
            await _recorder.RegisterAsync(Source, id, Jobs.Job.NoMetadata, null, Cancelled);
            await name(id);
            Assert.True(_store.Peek(new(Source.Name, id))!.Watch.IsWorkflow);
        }

        Task ReportedAsync(string id) =>
            _recorder.ReportAsync(Source, id, Progress(ReportChannel.Notification) with { Id = id, IsWorkflow = true }, null, Cancelled);

        Task PolledAsync(string id) => _recorder.PolledAsync(
            Source,
            id,
            _store.Peek(new(Source.Name, id))!.Watch,
            new(PollAnswer.Report, Progress(ReportChannel.Poll) with { Id = id, IsWorkflow = true }),
            Cancelled);
    }

    private static StatusAnswer Progress() => new(PollAnswer.Report, Progress(ReportChannel.Poll));

    private static JobReport Progress(ReportChannel channel) =>
        new() { Id = Key.Id, Channel = channel, Facts = JobFacts.None with { Progress = JobProgress.Processing } };

    private async Task ExpireAsync()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Jobs.Job.NoMetadata, null, Cancelled);
        await GiveUpAsync();
        Assert.Equal(JobState.Expired, Job.State);
    }

    private async Task GiveUpAsync()
    {
        for (var i = 0; i < PollPlan.UnknownAnswers; i++)
        {
            _time.Advance(PollPlan.UnknownGrace);
            await _recorder.PolledAsync(Source, Key.Id, Job.Watch, NotFound, Cancelled);
        }

        Assert.True(Job.IsAbandoned);
        _time.Advance(TimeSpan.FromHours(1));
    }

    private sealed class Wakes : IWatchRunner, ICommittedEvents
    {
        public List<string> Heard { get; } = [];

        public void Clear() => Heard.Clear();

        public ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken)
        {
            Heard.Add("start");
            return new(true);
        }

        public ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken) => Hear("wake");

        public ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => Hear("end");

        public ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => default;

        public ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken) => default;

        private ValueTask Hear(string what)
        {
            Heard.Add(what);
            return default;
        }
    }
}
