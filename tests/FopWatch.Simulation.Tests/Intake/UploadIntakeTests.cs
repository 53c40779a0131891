using System.Text;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Simulator;

namespace FopWatch.Simulation.Tests.Intake;

/// <summary>The effects of upload callbacks, on the store in memory.</summary>
public sealed class UploadIntakeTests : ICommitObserver
{
    private const string Callback = "persistentId=z0.job&key=a.mp4&x:lesson=42";
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly Uri Url = new("https://hooks.example.com/api/uploads/qiniu/" + Scenario.Token);
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll with { PerSecond = 1.5 });
    private static readonly Source Trusting = Source with { Trust = TrustRule.Token };
    private static readonly JobKey Key = new(Source.Name, "z0.job");
    private static readonly JobReport Done = Source.Provider.Decode(
        ReportChannel.Notification, """{"id":"z0.job","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}"""u8.ToArray()).Report!;

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new(() => Scenario.Start);
    private readonly Troubles _troubles;

    public UploadIntakeTests() => _troubles = Unobserved.Troubles(_time);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_signed_callback_registers_its_job_like_an_application()
    {
        Assert.Equal(UploadResult.Registered, await ReceiveAsync(Source, Signed(Callback)));

        var job = _store.Peek(Key)!;
        Assert.Equal((JobOrigin.Registration, JobState.Waiting, "42"), (job.Origin, job.State, job.Metadata["lesson"]));
        Assert.Equal(Scenario.Start + Source.Poll.First, job.Watch.NextPollAt);
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task A_callback_of_a_settled_and_purged_job_creates_no_job()
    {
        for (var i = 0; i < Presumptions.UsualAfter + 1; i++)
            await ReceiveAsync(Source, Signed($"persistentId=z0.other-{i}"));
        await ReceiveAsync(Source, Signed(Callback));
        await RecorderOf(Source).ReportAsync(Source, Key.Id, Done, null, Cancelled);
        await _store.RemoveAsync([.. _store.Outbox], Cancelled);
        _time.Advance(TimeSpan.FromDays(31));
        _store.Purge(_time.GetUtcNow().AddDays(-30), _time.GetUtcNow());
        Assert.Null(_store.Peek(Key));

        foreach (var (source, request) in new[] { (Source, Signed(Callback)), (Trusting, Unsigned(Callback)), (Source, Unsigned(Callback)) })
            Assert.Equal(UploadResult.Purged, await ReceiveAsync(source, request));

        Assert.Null(_store.Peek(Key));
        Assert.Empty(_store.Outbox);
        Assert.Empty(_store.Quarantine);
    }

    [Theory]
    [InlineData(TrustRule.Token)]
    [InlineData(TrustRule.Signature)]
    public async Task Unsigned_callbacks_of_unknown_ids_are_rejected_while_polls_are_late_and_signed_ones_are_not(TrustRule trust)
    {
        var source = Source with { Trust = trust };
        var intake = IntakeOf(source);
        for (var i = 0; i < 90; i++)
            await RecorderOf(source).RegisterAsync(source, $"z0.due-{i}", Job.NoMetadata, TimeSpan.Zero, Cancelled);

        await Assert.ThrowsAsync<IntakeFullException>(() => ReceiveAsync(source, Unsigned(Callback), intake));
        Assert.Null(_store.Peek(Key));
        Assert.Empty(_store.Quarantine);

        // A known id costs no additional poll.
        await ReceiveAsync(source, Unsigned("persistentId=z0.due-0"), intake);
        Assert.Equal(UploadResult.Registered, await ReceiveAsync(source, Signed(Callback), intake));
    }

    [Fact]
    public async Task A_flood_of_unsigned_callbacks_with_token_trust_registers_no_more_ids_than_can_be_polled()
    {
        var intake = IntakeOf(Trusting);
        var taken = 0;
        for (var i = 0; i < 500; i++)
        {
            try
            {
                await ReceiveAsync(Trusting, Unsigned($"persistentId=z0.flood-{i}"), intake);
                taken++;
            }
            catch (IntakeFullException)
            {
                // As many as may wait have been registered.
            }

            _time.Advance(TimeSpan.FromMilliseconds(200));
        }

        Assert.InRange(taken, 60, 90);
    }

    [Fact]
    public async Task A_callback_claims_a_job_that_only_a_hint_has_named()
    {
        Assert.Equal(UploadResult.Hinted, await ReceiveAsync(Source, Unsigned(Callback)));
        Assert.Equal((JobOrigin.Hint, 0), (_store.Peek(Key)!.Origin, _store.Peek(Key)!.Metadata.Count));

        Assert.Equal(UploadResult.Registered, await ReceiveAsync(Source, Signed(Callback)));
        Assert.Equal((JobOrigin.Registration, "42"), (_store.Peek(Key)!.Origin, _store.Peek(Key)!.Metadata["lesson"]));
    }

    [Fact]
    public async Task A_retry_registers_the_job_of_a_callback_that_the_current_keys_or_field_accept()
    {
        Assert.Equal(UploadResult.Quarantined, await ReceiveAsync(Source, Signed(Callback, "another-secret")));
        Assert.Equal(UploadResult.Quarantined, await ReceiveAsync(Source, Signed("job=z0.b")));
        Assert.Equal([TroubleKind.WrongSignature, TroubleKind.UnreadableUploads], _troubles.Current.Select(trouble => trouble.Kind));
        var (wrong, unnamed) = (_store.Quarantine.Single(kept => kept.Reason.Contains("signature", StringComparison.Ordinal)),
            _store.Quarantine.Single(kept => kept.Reason.Contains("'persistentId'", StringComparison.Ordinal)));

        Assert.Equal(NotificationResult.Quarantined, (await IntakeOf(Source).RetryAsync(wrong.Key, Cancelled))!.Result);
        Assert.Equal((NotificationResult.Quarantined, $"An upload callback: {unnamed.Reason}"), await IntakeOf(Source).RetryAsync(unnamed.Key, Cancelled) is { } still ? (still.Result, still.Reason) : default);
        Assert.Equal(2, _store.Quarantine.Count());

        var corrected = Source with { Keys = new([new(Scenario.QiniuKey.AccessKey, "another-secret")]) };
        Assert.Equal(new(wrong.Key, NotificationResult.Recorded, null, null), await IntakeOf(corrected).RetryAsync(wrong.Key, Cancelled));
        Assert.Equal(new(unnamed.Key, NotificationResult.Recorded, null, null), await IntakeOf(Source with { UploadIdField = "job" }).RetryAsync(unnamed.Key, Cancelled));
        Assert.Empty(_store.Quarantine);
        Assert.Equal("42", _store.Peek(Key)!.Metadata["lesson"]);
        Assert.NotNull(_store.Peek(new(Source.Name, "z0.b")));
    }

    [Fact]
    public async Task The_troubles_of_callbacks_are_their_own_and_end_with_a_good_callback()
    {
        await ReceiveAsync(Source, Signed("job=z0.b"));
        await ReceiveAsync(Source, Signed(Callback, "another-secret"));
        _time.Advance(Troubles.Quiet);
        Assert.Equal([TroubleKind.UnreadableUploads, TroubleKind.WrongSignature], _troubles.Current.Select(trouble => trouble.Kind));
        Assert.StartsWith("the body has no field 'persistentId'", _troubles.Current[0].Detail, StringComparison.Ordinal);

        await ReceiveAsync(Source, Unsigned(Callback));
        Assert.Equal([TroubleKind.WrongSignature], _troubles.Current.Select(trouble => trouble.Kind));

        await ReceiveAsync(Source, Signed(Callback));
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task A_retry_at_a_source_whose_provider_has_changed_says_so()
    {
        await ReceiveAsync(Source, Signed(Callback, "another-secret"));
        var kept = Assert.Single(_store.Quarantine);
        var changed = Scenario.NewSource(ProviderKind.WangsuFops, Scenarios.Poll) with { Name = Source.Name, Keys = KeyRing.Empty };

        var retried = await IntakeOf(changed).RetryAsync(kept.Key, Cancelled);

        Assert.Equal(NotificationResult.Quarantined, retried!.Result);
        Assert.Contains("no upload callbacks", retried.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_callback_about_an_unreadable_job_is_kept_until_the_job_can_be_read()
    {
        await ReceiveAsync(Source, Signed("persistentId=z0.job"));
        _store.Damage(Key, "its document is not JSON");

        Assert.Equal(UploadResult.Quarantined, await ReceiveAsync(Source, Signed(Callback)));
        var kept = Assert.Single(_store.Quarantine);
        Assert.Contains(_troubles.Current, trouble => trouble.Kind == TroubleKind.UnreadableJobs);

        _store.Damage(Key, null);
        Assert.Equal(NotificationResult.Recorded, (await IntakeOf(Source).RetryAsync(kept.Key, Cancelled))!.Result);
        Assert.Equal("42", _store.Peek(Key)!.Metadata["lesson"]);
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private JobRecorder RecorderOf(Source source) => new(new([source]), _store, this, _time, new(1));

    private NotificationIntake IntakeOf(Source source) => new(
        new([source]),
        RecorderOf(source),
        _store,
        new(_store, _store, _time),
        new() { Sources = new([source]), PublicUrl = new("https://hooks.example.com") },
        _troubles,
        Unobserved.Metrics,
        _time);

    private Task<UploadResult> ReceiveAsync(Source source, SignedRequest request, NotificationIntake? intake = null) =>
        (intake ?? IntakeOf(source)).Uploads.ReceiveAsync(UploadIntake.Assess(source, source.Provider.UploadCallbacks!, request), Cancelled);

    private static SignedRequest Unsigned(string body) => new() { Url = Url, ContentType = Form, Body = Encoding.UTF8.GetBytes(body) };

    private static SignedRequest Signed(string body, string? secret = null) => Unsigned(body) with
    {
        Authorization = Signer.QBox(Scenario.QiniuKey.AccessKey, secret ?? Scenario.QiniuKey.SecretKey, Url, Form, Encoding.UTF8.GetBytes(body)),
    };
}
