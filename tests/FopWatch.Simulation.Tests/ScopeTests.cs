using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Jobs whose reports are about buckets that the source does not list, on the store in memory.</summary>
public sealed class ScopeTests : ICommitObserver, IStatusApi
{
    private static readonly Source Open = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly Source Limited = Open with { Scope = new(["ours"], []) };
    private static readonly JobKey Key = new(Open.Name, "z0.job");

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private int _asked;
    private string _answer = """{"id":"z0.job","code":0,"inputBucket":"lessons","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Job Job => _store.Peek(Key)!;

    [Fact]
    public async Task A_registered_job_is_polled_by_the_plan_until_the_deadline_and_settles_once_the_list_is_corrected()
    {
        await RecorderOf(Limited).RegisterAsync(Limited, Key.Id, Job.NoMetadata, null, Cancelled);
        for (var polls = 0; polls < 5; polls++)
            await PollDueAsync(Limited);
        Assert.Equal((JobState.Waiting, 5, PollAnswer.OutOfScope), (Job.State, Job.Watch.Polls, Job.Watch.LastAnswer));
        Assert.InRange(Job.Watch.DueAt!.Value - _time.GetUtcNow(), TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(11));
        Assert.Empty(_store.Outbox);

        // As after a restart.
        await PollDueAsync(Limited with { Scope = new(["ours", "lessons"], []) });

        Assert.Equal((JobState.Succeeded, "lessons"), (Job.State, Job.Facts.Bucket));
        Assert.Single(_store.Outbox);
    }

    [Fact]
    public async Task A_registered_job_expires_at_its_deadline_and_a_registration_after_the_correction_settles_it()
    {
        await RecorderOf(Limited).RegisterAsync(Limited, Key.Id, Job.NoMetadata, null, Cancelled);
        while (!Job.IsSettled)
            await PollDueAsync(Limited);
        Assert.Equal((JobState.Expired, SettledBy.Deadline, null), (Job.State, Job.SettledBy, Job.Watch.DueAt));
        Assert.InRange(_asked, 15, 30);

        await RecorderOf(Open).RegisterAsync(Open, Key.Id, Job.NoMetadata, null, Cancelled);
        await PollDueAsync(Open);

        Assert.Equal((JobState.Succeeded, SettledBy.Poll), (Job.State, Job.SettledBy));
    }

    [Fact]
    public async Task A_job_named_only_by_a_hint_is_given_up_after_one_poll_and_publishes_nothing()
    {
        await RecorderOf(Limited).HintAsync(Limited, Key.Id, Cancelled);

        await PollDueAsync(Limited);

        Assert.Equal((JobState.Expired, WatchStatus.GivenUp, JobOrigin.Hint), (Job.State, Job.WatchStatus, Job.Origin));
        Assert.Equal(JobFacts.None, Job.Facts);
        Assert.Empty(_store.Outbox);

        // A registration proves that the job is the application's own.
        await RecorderOf(Open).RegisterAsync(Open, Key.Id, Job.NoMetadata, null, Cancelled);
        await PollDueAsync(Open);
        Assert.Equal(JobState.Succeeded, Job.State);
    }

    [Fact]
    public async Task A_failed_command_that_names_a_listed_bucket_publishes_nothing_until_the_job_is_registered()
    {
        var files = Scenario.NewSource(ProviderKind.WangsuFmgr, Scenarios.Poll) with { Name = Open.Name, Scope = new(["lessons"], []) };
        _answer = """{"id":"z0.job","code":3,"items":[{"cmd":"fetch/aHR0cDovL3g=/bucket/bGVzc29ucw==/key/eA==","code":2,"error":"what the attacker likes"}]}""";
        await RecorderOf(files).HintAsync(files, Key.Id, Cancelled);

        await PollDueAsync(files);

        Assert.Equal((JobState.Expired, JobFacts.None), (Job.State, Job.Facts));
        Assert.Empty(_store.Outbox);

        await RecorderOf(files).RegisterAsync(files, Key.Id, Job.NoMetadata, null, Cancelled);
        await PollDueAsync(files);
        Assert.Equal(JobState.Failed, Job.State);
        Assert.Single(_store.Outbox);
    }

    public Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        _asked++;
        return Task.FromResult(new StatusAnswer(PollAnswer.Report, source.Provider.Decode(ReportChannel.Poll, System.Text.Encoding.UTF8.GetBytes(_answer)).Report));
    }

    public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private JobRecorder RecorderOf(Source source) => new(new([source]), _store, this, _time, new(1));

    private async Task PollDueAsync(Source source)
    {
        if (Job.Watch.DueAt is { } due && due > _time.GetUtcNow())
            _time.Advance(due - _time.GetUtcNow());
        await Unobserved.Poller(new([source]), _store, this, RecorderOf(source), _time).PollDueAsync(Key, slots: null, CommitCause.Watch, Cancelled);
    }
}
