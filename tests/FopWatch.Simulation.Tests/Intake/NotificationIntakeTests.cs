using System.Text;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Simulator;
using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Simulation.Tests.Intake;

/// <summary>The effects of notifications, on the store in memory.</summary>
public sealed class NotificationIntakeTests : ICommitObserver
{
    private const string Done = """{"id":"z0.job","code":0,"inputBucket":"b","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";
    private const string Workflow = """{"version":"v3","id":"z0.job","code":0,"ops":[]}""";

    private static readonly Uri Url = new("https://hooks.example.com/api/notify/qiniu/" + Scenario.Token);
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly Source Trusting = Source with { Trust = TrustRule.Token };
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new(() => Scenario.Start);
    private readonly Troubles _troubles;

    public NotificationIntakeTests() => _troubles = Unobserved.Troubles(_time);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IEnumerable<TroubleKind> Current => _troubles.Current.Select(trouble => trouble.Kind);

    [Fact]
    public void A_URL_is_accepted_only_with_a_configured_source_and_its_token()
    {
        var intake = IntakeOf(Source);

        Assert.Same(Source, intake.Admit(Source.Name, Scenario.Token));
        Assert.Empty(Current);
        Assert.Null(intake.Admit(Source.Name, "wrong-token-0"));
        Assert.Null(intake.Admit(Source.Name, null));
        Assert.Equal((Source.Name, TroubleKind.WrongToken, 2L), Assert.Single(_troubles.Current) is var wrong ? (wrong.Source, wrong.Kind, wrong.Count) : default);
        Assert.Null(intake.Admit("unknown", Scenario.Token));
        Assert.Null(intake.Admit(null, Scenario.Token));
        Assert.Equal([TroubleKind.WrongToken, TroubleKind.UnknownNotifyUrl], Current);

        _time.Advance(Troubles.Quiet);
        intake.Admit(Source.Name, Scenario.Token);
        Assert.Equal([TroubleKind.UnknownNotifyUrl], Current);
    }

    [Fact]
    public async Task A_signed_notification_settles_its_job()
    {
        Assert.Equal(NotificationResult.Recorded, await ReceiveAsync(Source, Signed(Done), "lesson-42"));

        var job = _store.Peek(Key)!;
        Assert.Equal((JobState.Succeeded, JobOrigin.Report, SettledBy.Notification), (job.State, job.Origin, job.SettledBy));
        Assert.Equal("lesson-42", job.Metadata[Job.CorrelationKey]);
        Assert.Empty(_store.Quarantine);
        Assert.Empty(Current);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("AZaz09_-", true)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("é", false)]
    [InlineData("a.b", false)]
    public async Task A_correlation_is_kept_if_it_is_short_and_plain(string correlation, bool isKept)
    {
        await ReceiveAsync(Source, Signed(Done), correlation);

        Assert.Equal(isKept ? correlation : null, _store.Peek(Key)!.Metadata.GetValueOrDefault(Job.CorrelationKey));
    }

    [Fact]
    public async Task A_notification_without_a_signature_makes_the_next_poll_due_and_settles_nothing()
    {
        Assert.Equal(NotificationResult.Hinted, await ReceiveAsync(Source, Unsigned(Done), "lesson-42"));

        var job = _store.Peek(Key)!;
        Assert.Equal((JobState.Waiting, JobOrigin.Hint, _time.GetUtcNow()), (job.State, job.Origin, job.Watch.DueAt));
        Assert.Empty(job.Metadata);
        Assert.Empty(_store.Outbox);

        Assert.Equal(NotificationResult.Recorded, await ReceiveAsync(Trusting, Unsigned(Done)));
        Assert.Equal(JobState.Succeeded, _store.Peek(Key)!.State);
    }

    [Fact]
    public async Task A_notification_with_a_wrong_signature_is_kept_whole_and_names_no_job()
    {
        var request = Signed(Done, "another-secret") with
        {
            SignedHeaders = [new("X-Qiniu-A", "a")],
            CallHeaders = [new("Host", "hooks.example.com")],
        };

        foreach (var source in (Source[])[Source, Trusting])
            Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(source, request, "lesson-42"));

        Assert.Empty(_store.Jobs);
        Assert.Equal([TroubleKind.WrongSignature], Current);
        var kept = _store.Quarantine.ToList();
        Assert.Equal(2, kept.Count);
        Assert.NotEqual(kept[0].Key, kept[1].Key);
        Assert.All(kept, one =>
        {
            Assert.StartsWith("20260301T080000000-", one.Key, StringComparison.Ordinal);
            Assert.Equal((Source.Name, "lesson-42", _time.GetUtcNow(), Url), (one.Source, one.Correlation, one.ReceivedAt, one.Url));
            Assert.Equal(Done, Encoding.UTF8.GetString(one.Body.Span));
            Assert.Contains("signature is wrong", one.Reason, StringComparison.Ordinal);
            Assert.Equal(("a", "hooks.example.com"), (one.Header("x-qiniu-a"), one.Header("host")));
            Assert.Equal((request.Authorization, request.ContentType), (one.Header("Authorization"), one.Header("Content-Type")));
        });

        _time.Advance(Troubles.Quiet);
        await ReceiveAsync(Source, Signed(Done));
        Assert.Empty(Current);
    }

    [Fact]
    public async Task An_undecodable_notification_is_kept_and_a_trouble_until_one_can_be_decoded()
    {
        Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(Source, Signed("no JSON")));

        Assert.Contains("not JSON", Assert.Single(_store.Quarantine).Reason, StringComparison.Ordinal);
        Assert.Equal([TroubleKind.UnreadableNotifications], Current);
        _time.Advance(Troubles.Quiet);
        await ReceiveAsync(Source, Signed(Done));
        Assert.Empty(Current);
    }

    [Fact]
    public async Task A_report_about_another_bucket_is_kept_and_not_recorded()
    {
        var scoped = Source with { Scope = new(["mine"], []) };
        foreach (var request in (SignedRequest[])[Signed(Done), Unsigned(Done)])
            Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(scoped, request));

        Assert.Empty(_store.Jobs);
        Assert.Equal([TroubleKind.OutOfScope], Current);
        Assert.All(_store.Quarantine, kept => Assert.Contains("'b'", kept.Reason, StringComparison.Ordinal));
        Assert.Equal(NotificationResult.Recorded, await ReceiveAsync(Source with { Scope = new(["b"], []) }, Signed(Done)));
    }

    [Fact]
    public async Task A_workflow_that_cannot_be_queried_is_also_quarantined_until_it_is_registered()
    {
        var keyless = Source with { Keys = KeyRing.Empty };
        var without = Source with { WorkflowEndpoint = null };

        Assert.Equal(NotificationResult.Hinted, await ReceiveAsync(Source, Unsigned(Workflow)));
        Assert.True(_store.Peek(Key)!.Watch.IsWorkflow);
        Assert.Empty(_store.Quarantine);

        Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(keyless, Unsigned(Workflow)));
        Assert.Contains("Keys", Assert.Single(_store.Quarantine).Reason, StringComparison.Ordinal);
        Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(without, Unsigned(Workflow)));
        Assert.Contains(_store.Quarantine, kept => kept.Reason.Contains("WorkflowEndpoint", StringComparison.Ordinal));

        await RecorderOf(keyless).RegisterAsync(keyless, Key.Id, Job.NoMetadata, null, Cancelled);
        Assert.Equal(NotificationResult.Hinted, await ReceiveAsync(keyless, Unsigned(Workflow)));
        Assert.Equal(2, _store.Quarantine.Count());
    }

    [Fact]
    public async Task A_notification_about_an_unreadable_job_is_kept()
    {
        await RecorderOf(Source).RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled);
        _store.Damage(Key, "its document is not JSON");

        Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(Source, Signed(Done)));

        Assert.Contains("cannot be read", Assert.Single(_store.Quarantine).Reason, StringComparison.Ordinal);
        var trouble = Assert.Single(_troubles.Current, trouble => trouble.Kind == TroubleKind.UnreadableJobs);
        Assert.Equal((Source.Name, "its document is not JSON"), (trouble.Source, trouble.Detail));
    }

    [Fact]
    public async Task A_retry_removes_a_notification_from_quarantine_once_it_is_accepted()
    {
        await ReceiveAsync(Source, Signed(Done, "another-secret"), "lesson-42");
        var kept = Assert.Single(_store.Quarantine);

        Assert.Null(await IntakeOf(Source).RetryAsync("unknown", Cancelled));

        var elsewhere = await IntakeOf(Source with { Name = "other" }).RetryAsync(kept.Key, Cancelled);
        Assert.Equal((kept.Key, NotificationResult.Quarantined, null), (elsewhere!.Key, elsewhere.Result, elsewhere.Signature));
        Assert.Contains("not configured", elsewhere.Reason, StringComparison.Ordinal);

        var still = await IntakeOf(Source).RetryAsync(kept.Key, Cancelled);
        Assert.Equal(NotificationResult.Quarantined, still!.Result);
        Assert.NotEqual(kept.Reason, still.Reason);
        Assert.Equal([SignatureFinding.Unexplained], still.Signature!.Findings);
        Assert.Single(_store.Quarantine);

        var corrected = Source with { Keys = new([new(Scenario.QiniuKey.AccessKey, "another-secret")]) };
        Assert.Equal(new(kept.Key, NotificationResult.Recorded, null, null), await IntakeOf(corrected).RetryAsync(kept.Key, Cancelled));
        Assert.Empty(_store.Quarantine);
        Assert.Equal((JobState.Succeeded, "lesson-42"), (_store.Peek(Key)!.State, _store.Peek(Key)!.Metadata[Job.CorrelationKey]));
    }

    [Fact]
    public async Task A_retry_of_a_still_undecodable_or_foreign_notification_says_so()
    {
        await ReceiveAsync(Source, Signed("no JSON"));
        var kept = Assert.Single(_store.Quarantine);

        var retried = await IntakeOf(Source).RetryAsync(kept.Key, Cancelled);

        Assert.Equal((NotificationResult.Quarantined, kept.Reason, null), (retried!.Result, retried.Reason!.ToString(), retried.Signature));
        Assert.Single(_store.Quarantine);
    }

    [Fact]
    public async Task A_retry_about_an_unreadable_job_leaves_the_notification_in_quarantine()
    {
        await RecorderOf(Source).RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled);
        _store.Damage(Key, "its document is not JSON");
        await ReceiveAsync(Source, Signed(Done));
        var kept = Assert.Single(_store.Quarantine);

        Assert.Equal(NotificationResult.Quarantined, (await IntakeOf(Source).RetryAsync(kept.Key, Cancelled))!.Result);
        Assert.Single(_store.Quarantine);

        _store.Damage(Key, null);
        Assert.Equal(NotificationResult.Recorded, (await IntakeOf(Source).RetryAsync(kept.Key, Cancelled))!.Result);
        Assert.Empty(_store.Quarantine);
    }

    [Theory]
    [InlineData("https://public.example.com", "https://public.example.com/api/notify/qiniu/right-token-0")]
    [InlineData("https://public.example.com/fop", "https://public.example.com/fop/api/notify/qiniu/right-token-0")]
    [InlineData(null, "https://called.example.com/api/notify/qiniu/right-token-0")]
    public async Task A_retry_checks_the_signature_against_the_current_URL(string? publicUrl, string signedUrl)
    {
        var request = Signed(Done, url: new(signedUrl)) with { Url = Url, CallHeaders = [new("Host", "called.example.com")] };
        await ReceiveAsync(Source, request);
        var kept = Assert.Single(_store.Quarantine);

        Assert.Equal(NotificationResult.Quarantined, (await IntakeOf(Source).RetryAsync(kept.Key, Cancelled))!.Result);

        FopWatchSettings settings = new() { Sources = new([Source]), PublicUrl = publicUrl is null ? null : new(publicUrl) };
        var intake = IntakeOf(Source, settings);
        Assert.Equal(SignatureFinding.Right, Assert.Single(intake.Explain(kept, new()).Signature!.Findings));
        Assert.Equal(NotificationResult.Recorded, (await intake.RetryAsync(kept.Key, Cancelled))!.Result);
    }

    [Fact]
    public async Task The_reason_of_a_quarantined_notification_is_explained_by_the_current_settings()
    {
        await ReceiveAsync(Source, Signed(Done, "another-secret"));
        await ReceiveAsync(Source, Signed("no JSON"));
        var (wrong, unreadable) = (_store.Quarantine.Single(kept => kept.Header("Authorization") == Signed(Done, "another-secret").Authorization),
            _store.Quarantine.Single(kept => kept.Reason.Contains("JSON", StringComparison.Ordinal)));

        var explained = IntakeOf(Source).Explain(wrong, new());
        Assert.Equal([SignatureFinding.Unexplained], explained.Signature!.Findings);
        Assert.NotEqual(wrong.Reason, explained.Words.ToString());
        Assert.Equal(new(Sentence.Verbatim(unreadable.Reason), null), IntakeOf(Source).Explain(unreadable, new()));
        Assert.Equal(new(Sentence.Verbatim(wrong.Reason), null), IntakeOf(Source with { Name = "other" }).Explain(wrong, new()));

        // Without a key, nothing is known about the signature any more.
        Assert.Equal(new(Sentence.Verbatim(wrong.Reason), null), IntakeOf(Source with { Keys = KeyRing.Empty }).Explain(wrong, new()));
    }

    [Fact]
    public async Task A_decoded_notification_without_a_job_is_kept_and_stays_kept_when_retried()
    {
        var source = Source with { Provider = new NamesNoJob(Source.Provider) };

        Assert.Equal(NotificationResult.Quarantined, await ReceiveAsync(source, Signed(Done)));
        var kept = Assert.Single(_store.Quarantine);
        Assert.Equal("It names no job.", kept.Reason);
        Assert.Equal([TroubleKind.UnreadableNotifications], Current);

        Assert.Equal(new(kept.Key, NotificationResult.Quarantined, Sentence.Verbatim(kept.Reason), null), await IntakeOf(source).RetryAsync(kept.Key, Cancelled));
        Assert.Single(_store.Quarantine);
    }

    private JobRecorder RecorderOf(Source source) => new(new([source]), _store, this, _time, new(1));

    private NotificationIntake IntakeOf(Source source, FopWatchSettings? settings = null) =>
        new(
            new([source]),
            RecorderOf(source),
            _store,
            new(_store, _store, _time),
            settings ?? new() { Sources = new([source]), PublicUrl = new("https://hooks.example.com") },
            _troubles,
            Unobserved.Metrics,
            _time);

    private Task<NotificationResult> ReceiveAsync(Source source, SignedRequest request, string? correlation = null) =>
        IntakeOf(source).ReceiveAsync(source, request, correlation, Cancelled);

    private static SignedRequest Unsigned(string body) => new() { Url = Url, ContentType = "application/json", Body = Encoding.UTF8.GetBytes(body) };

    private static SignedRequest Signed(string body, string? secret = null, Uri? url = null) => Unsigned(body) with
    {
        Authorization = Signer.Qiniu(
            Scenario.QiniuKey.AccessKey, secret ?? Scenario.QiniuKey.SecretKey, url ?? Url, "application/json", Encoding.UTF8.GetBytes(body)),
    };

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    /// <summary>A provider whose notifications are reports without an id.</summary>
    private sealed class NamesNoJob(IProvider provider) : IProvider
    {
        public ProviderKind Kind => provider.Kind;

        public PollSettings DefaultPoll => provider.DefaultPoll;

        public Uri? DefaultStatusEndpoint => provider.DefaultStatusEndpoint;

        public Decoded Decode(ReportChannel channel, ReadOnlyMemory<byte> body, ReportDetail detail = ReportDetail.Whole) =>
            Decoded.As(provider.Decode(channel, body, detail).Report! with { Id = null });

        public Trust Verify(SignedRequest request, KeyRing keys) => provider.Verify(request, keys);

        public SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget) => provider.Diagnose(request, source, budget);

        public SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key) => provider.Notification(url, json, key);

        public Uri StatusUri(Uri statusEndpoint, string id) => provider.StatusUri(statusEndpoint, id);

        public PollAnswer Classify(int status) => provider.Classify(status);
    }
}
