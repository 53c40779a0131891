using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Notifications and registrations of a settled and purged job, on the store in memory.</summary>
public sealed class TombstoneTests : ICommitObserver
{
    private const string Done = """{"id":"z0.job","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll, TrustRule.Token);
    private static readonly JobKey Key = new(Source.Name, "z0.job");
    private static readonly JobReport Report = Source.Provider.Decode(ReportChannel.Notification, System.Text.Encoding.UTF8.GetBytes(Done)).Report!;

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private int _heard;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_notification_creates_no_job_and_publishes_nothing_trusted_or_not()
    {
        await SettleAndPurgeAsync();
        var heard = _heard;
        foreach (var source in (Source[])[Source, Source with { Trust = TrustRule.Signature }])
        {
            var recorder = RecorderOf(_time, source);
            var intake = Unobserved.Intake(new() { Sources = new([source]) }, recorder, _store, _store, _time);
            var request = new SignedRequest { Url = new("https://hooks.example.com/api/notify/x/y"), Body = System.Text.Encoding.UTF8.GetBytes(Done) };
            for (var i = 0; i < 3; i++)
                Assert.Equal(NotificationResult.Purged, await intake.ReceiveAsync(source, request, "lesson-42", Cancelled));
        }

        Assert.Null(_store.Peek(Key));
        Assert.Empty(_store.Outbox);
        Assert.Empty(_store.Quarantine);
        Assert.Equal(heard, _heard);
    }

    [Fact]
    public async Task A_repeated_hint_needs_no_admission()
    {
        await SettleAndPurgeAsync();

        var hinted = await RecorderOf(_time).RecordAsync(
            Key, new DecisionInput.Hint(IsWorkflow: false), Cancelled, admits: _ => throw new InvalidOperationException("asked"));

        Assert.Equal(new(null, WasPurged: true), hinted);
    }

    [Fact]
    public async Task A_registration_creates_a_new_job_which_the_next_report_settles()
    {
        await SettleAndPurgeAsync();

        Assert.Equal(JobState.Waiting, (await RecorderOf(_time).RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled)).State);
        Assert.Equal(JobState.Succeeded, (await RecorderOf(_time).ReportAsync(Source, Key.Id, Report, null, Cancelled))?.State);

        Assert.Single(_store.Outbox);
    }

    [Fact]
    public async Task A_late_report_of_an_expired_and_purged_job_is_recorded()
    {
        await RecorderOf(_time).RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled);
        for (var polls = 0; polls < 10 && _store.Peek(Key)!.WatchStatus != WatchStatus.GivenUp; polls++)
        {
            _time.Advance(GivingUp.UnknownGrace);
            await RecorderOf(_time).PolledAsync((await _store.FindAsync(Key, Cancelled))!, new(PollAnswer.NotFound), CommitCause.Watch, Cancelled);
        }

        Assert.Equal(JobState.Expired, _store.Peek(Key)!.State);
        await PurgeAsync();

        await RecorderOf(_time).ReportAsync(Source, Key.Id, Report, null, Cancelled);

        Assert.Equal(JobState.Succeeded, _store.Peek(Key)!.State);
        Assert.Single(_store.Outbox);
    }

    [Fact]
    public async Task A_notification_overtaken_by_a_purge_creates_no_job()
    {
        await RecorderOf(_time).ReportAsync(Source, Key.Id, Report, null, Cancelled);
        await _store.RemoveAsync([.. _store.Outbox], Cancelled);

        // The clock is read between the read and the commit of the job.
        var recorder = RecorderOf(new ClockWith(() => _store.Purge(_time.GetUtcNow().AddDays(1), _time.GetUtcNow())));

        Assert.Null(await recorder.ReportAsync(Source, Key.Id, Report, "lesson-42", Cancelled));
        Assert.Null(_store.Peek(Key));
        Assert.Empty(_store.Outbox);
    }

    [Fact]
    public async Task After_its_lifetime_a_tombstone_has_no_effect()
    {
        await SettleAndPurgeAsync();
        _time.Advance(Tombstone.Lifetime + TimeSpan.FromMinutes(1));
        _store.Purge(_time.GetUtcNow(), _time.GetUtcNow());

        Assert.NotNull(await RecorderOf(_time).ReportAsync(Source, Key.Id, Report, null, Cancelled));
    }

    public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken)
    {
        _heard++;
        return default;
    }

    private JobRecorder RecorderOf(TimeProvider time, Source? source = null) => new(new([source ?? Source]), _store, this, time, new(1));

    private async Task SettleAndPurgeAsync()
    {
        await RecorderOf(_time).ReportAsync(Source, Key.Id, Report, null, Cancelled);
        await PurgeAsync();
    }

    private async Task PurgeAsync()
    {
        await _store.RemoveAsync([.. _store.Outbox], Cancelled);
        _time.Advance(TimeSpan.FromDays(31));
        Assert.Equal(1, _store.Purge(_time.GetUtcNow().AddDays(-30), _time.GetUtcNow()));
        Assert.Null(_store.Peek(Key));
    }

    private sealed class ClockWith(Action then) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            then();
            return Scenario.Start;
        }
    }
}
