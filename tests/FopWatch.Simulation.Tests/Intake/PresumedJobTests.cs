using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Intake;

/// <summary>Notifications recorded without a read, based on what the store presumes about their jobs.</summary>
public sealed class PresumedJobTests : ICommitObserver, IJobStore
{
    private readonly MemoryStore _store = new();
    private readonly List<string> _calls = [];
    private bool _presumesWrongly;

    JobReferences IJobStore.References => _store.References;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(TrustRule.Token, new[] { "presume" }, NotificationResult.Recorded)]
    [InlineData(TrustRule.Signature, new[] { "find" }, NotificationResult.Hinted)]
    public async Task A_trusted_notification_is_recorded_without_a_read(TrustRule trust, string[] calls, NotificationResult result)
    {
        var source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll) with { Trust = trust };
        var recorder = new JobRecorder(new([source]), this, this, TimeProvider.System, new(1));
        var intake = Unobserved.Intake(new() { Sources = new([source]) }, recorder, _store, _store, TimeProvider.System);
        var body = """{"id":"z0.job","code":2,"items":[{"cmd":"avthumb/mp4","code":2}]}"""u8.ToArray();

        Assert.Equal(result, await intake.ReceiveAsync(source, new() { Url = new("https://hooks.example.com/"), Body = body }, null, Cancelled));
        Assert.Equal(calls, _calls);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_store_that_presumes_wrongly_repeatedly_is_reported_as_faulty()
    {
        var source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
        var recorder = new JobRecorder(new([source]), this, this, TimeProvider.System, new(1));
        _presumesWrongly = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => recorder.RecordAsync(new(source.Name, "z0.job"), new DecisionInput.Registration(Job.NoMetadata, null), Cancelled));
        Assert.Equal(50, _calls.Count);
        Assert.Equal(["presume", "find"], _calls.Distinct());
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    ValueTask<FoundJob> IJobStore.FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken)
    {
        _calls.Add(mayPresume ? "presume" : "find");
        return mayPresume || _presumesWrongly ? new(new FoundJob(null, IsPresumed: true)) : _store.FindForChangeAsync(key, origin, mayPresume, cancellationToken);
    }

    ValueTask<StoredJob?> IJobStore.FindAsync(JobKey key, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<string?> IJobStore.CommitAsync(JobCommit commit, CancellationToken cancellationToken) =>
        _presumesWrongly ? default : _store.CommitAsync(commit, cancellationToken);

    ValueTask<Job?> IJobStore.FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    ValueTask IJobStore.SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<Page<Job>> IJobStore.ListAsync(JobQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<IReadOnlyList<BooksPart>> IJobStore.PartsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<BooksCount> IJobStore.CountAsync(string part, int unwatched, CancellationToken cancellationToken) => throw new NotSupportedException();
}
