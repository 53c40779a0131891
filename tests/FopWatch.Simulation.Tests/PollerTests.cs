using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>What an answer of the status API means for a job, and for the troubles of its source.</summary>
public sealed class PollerTests : IStatusApi, ICommitObserver
{
    private static readonly Source WithKeys = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(WithKeys.Name, "z0.job");

    private static readonly TroubleKind[] OfAnswers =
    [
        TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles, TroubleKind.StatusApiRefuses, TroubleKind.UnknownIds, TroubleKind.OutOfScope,
    ];

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly Troubles _troubles;
    private StatusAnswer _answer = new(PollAnswer.NotFound);

    public PollerTests() => _troubles = Unobserved.Troubles(_time);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, false, true, PollAnswer.NotFound)]
    [InlineData(true, true, false, PollAnswer.NotFound)]
    [InlineData(true, true, true, PollAnswer.Refused)]
    [InlineData(false, false, true, PollAnswer.Refused)]
    [InlineData(false, true, false, PollAnswer.Refused)]
    public async Task An_answer_that_requires_keys_counts_as_unknown_for_an_id_that_may_be_made_up(
        bool isHint, bool isWorkflow, bool hasKeys, PollAnswer expected)
    {
        var source = hasKeys ? WithKeys : WithKeys with { Keys = KeyRing.Empty };
        var recorder = RecorderOf(source);
        if (!isHint)
            await recorder.RegisterAsync(source, Key.Id, Job.NoMetadata, null, Cancelled);
        await recorder.RecordAsync(Key, new DecisionInput.Hint(isWorkflow), Cancelled);
        _answer = new(PollAnswer.Refused, NeedsKeys: true);

        await PollAsync(source, recorder);

        Assert.Equal(expected, _store.Peek(Key)!.Watch.LastAnswer);
    }

    [Theory]
    [InlineData(PollAnswer.Unavailable, 5)]
    [InlineData(PollAnswer.Throttled, 4)]
    [InlineData(PollAnswer.Refused, 3)]
    [InlineData(PollAnswer.NotFound, 2)]
    [InlineData(PollAnswer.Report, 0)]
    public async Task An_answer_ends_exactly_the_troubles_that_it_disproves(PollAnswer answer, int left)
    {
        foreach (var kind in (TroubleKind[])[.. OfAnswers, TroubleKind.PollsFail])
            _troubles.Occurred(WithKeys.Name, kind);
        var recorder = RecorderOf(WithKeys);
        await recorder.RegisterAsync(WithKeys, Key.Id, Job.NoMetadata, null, Cancelled);
        _time.Advance(Troubles.Quiet);
        _answer = answer == PollAnswer.Report ? Report(null) : new(answer);

        await PollAsync(WithKeys, recorder);

        Assert.Equal(OfAnswers[^left..], _troubles.Current.Select(trouble => trouble.Kind).Order(Comparer<TroubleKind>.Create((a, b) => Array.IndexOf(OfAnswers, a) - Array.IndexOf(OfAnswers, b))));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_report_about_another_bucket_is_a_trouble_unless_anyone_may_have_named_the_job(bool isHint, bool isTrouble)
    {
        var source = WithKeys with { Scope = new SourceScope(["mine"], []) };
        foreach (var kind in OfAnswers[..3])
            _troubles.Occurred(source.Name, kind);
        var recorder = RecorderOf(source);
        if (isHint)
            await recorder.HintAsync(source, Key.Id, Cancelled);
        else
            await recorder.RegisterAsync(source, Key.Id, Job.NoMetadata, null, Cancelled);
        _time.Advance(Troubles.Quiet);
        _answer = Report("another");

        await PollAsync(source, recorder);

        Assert.Equal(PollAnswer.OutOfScope, _store.Peek(Key)!.Watch.LastAnswer);
        Assert.Equal(isTrouble ? [TroubleKind.OutOfScope] : [], _troubles.Current.Select(trouble => trouble.Kind));
    }

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    public async Task An_unknown_id_is_a_trouble_from_a_minute_after_its_registration(int seconds, bool isTrouble)
    {
        var recorder = RecorderOf(WithKeys);
        await recorder.RegisterAsync(WithKeys, Key.Id, Job.NoMetadata, null, Cancelled);
        _time.Advance(TimeSpan.FromSeconds(seconds));

        await PollAsync(WithKeys, recorder);

        Assert.Equal(isTrouble ? [TroubleKind.UnknownIds] : [], _troubles.Current.Select(trouble => trouble.Kind));
    }

    [Fact]
    public async Task A_finished_job_in_the_due_index_is_removed_from_it_without_a_query()
    {
        var recorder = RecorderOf(WithKeys);
        await recorder.RegisterAsync(WithKeys, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _store.Damage(Key, "its document is damaged");
        await PollerOf(WithKeys, recorder).PollDueAsync(Key, null, CommitCause.Watch, Cancelled);
        _store.Damage(Key, null);
        await recorder.StopAsync(Key, Cancelled);
        await _store.SetAsideAsync(new UnreadableJob(Key, (await _store.FindAsync(Key, Cancelled))!.ETag, "damaged"), _time.GetUtcNow(), Cancelled);

        var outcome = await PollerOf(WithKeys, recorder).PollDueAsync(Key, null, CommitCause.Watch, Cancelled);

        Assert.Equal((WatchStatus.Stopped, null), (outcome.Job?.WatchStatus, outcome.Answer));
        Assert.Null(_store.IndexedAt(Key));
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) => Task.FromResult(_answer);

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private static StatusAnswer Report(string? bucket) => new(PollAnswer.Report, new()
    {
        Id = Key.Id,
        Channel = ReportChannel.Poll,
        Facts = JobFacts.None with { Progress = JobProgress.Processing, Bucket = bucket },
    });

    private JobRecorder RecorderOf(Source source) => new(new([source]), _store, this, _time, new(1));

    private Poller PollerOf(Source source, JobRecorder recorder) => Unobserved.Poller(new([source]), _store, this, recorder, _time, _troubles);

    private Task<Polled> PollAsync(Source source, JobRecorder recorder) => PollerOf(source, recorder).PollNowAsync(Key, Cancelled);
}
