using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Simulator;
using FopWatch.Upkeep;
using FopWatch.Watching;
using StatusAnswer = FopWatch.Providers.StatusAnswer;

namespace FopWatch.PortContracts.Stored;

/// <summary>The core over a store, with providers that give recorded answers.</summary>
public sealed class HistoryProcess : ICommitObserver, IStatusApi, IEventPublisher, IDisposable
{
    private const string Token = "history-token";

    private readonly FopWatchSettings _settings;
    private readonly IEventPublisher _publisher;
    private readonly NotificationIntake _intake;
    private readonly Poller _poller;

    /// <param name="store">The store.</param>
    /// <param name="publisher">The publisher of events.</param>
    /// <param name="time">The clock.</param>
    /// <param name="furtherKey">An access key of the Qiniu source in addition to "ak"; its secret is also "sk".</param>
    public HistoryProcess(IStore store, IEventPublisher publisher, SetTime time, string? furtherKey = null)
    {
        (Store, Time, _publisher) = (store, time, publisher);
        _settings = SettingsOf(furtherKey);
        Recorder = new(_settings.Sources, store.Jobs, this, time, new(1));
        _intake = Unobserved.Intake(_settings, Recorder, store.Quarantine, store.Due, time);
        _poller = Unobserved.Poller(_settings.Sources, store.Jobs, this, Recorder, time);
        Dispatcher = Unobserved.Dispatcher(store.Outbox, this, time);
        Sweeper = Unobserved.Sweeper(_settings.Sources, store.Jobs, store.Due, store.Outbox, store.Quarantine, Recorder, time);
    }

    public IStore Store { get; }

    public SetTime Time { get; }

    public Sources Sources => _settings.Sources;

    public JobRecorder Recorder { get; }

    public OutboxDispatcher Dispatcher { get; }

    public Sweeper Sweeper { get; }

    /// <summary>The status API's answers by id.</summary>
    public Dictionary<string, StatusAnswer> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>The events that the broker accepted.</summary>
    public List<OutboxEvent> Published { get; } = [];

    /// <summary>The id of the job whose events the broker refuses; null if it accepts all.</summary>
    public string? Refused { get; set; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async Task RegisterAsync(string source, string id, Dictionary<string, string>? metadata = null) =>
        await Recorder.RegisterAsync(Sources.Find(source)!, id, metadata ?? [], null, Cancelled);

    /// <summary>Sends a notification.</summary>
    /// <param name="source">The source.</param>
    /// <param name="body">The body before the provider encodes it.</param>
    /// <param name="accessKey">The access key that signs it; null for none.</param>
    /// <param name="secret">The secret that signs it.</param>
    /// <param name="correlation">The end of the path.</param>
    public async Task<NotificationResult> NotifyAsync(
        string source, byte[] body, string? accessKey = "ak", string secret = "sk", string? correlation = null)
    {
        var admitted = _intake.Admit(source, Token) ?? throw new InvalidOperationException("The token is wrong.");
        var url = new Uri($"https://hooks.example.com/api/notify/{source}/{Token}{(correlation is null ? "" : "/" + correlation)}");
        var isQiniu = admitted.Provider.Kind == ProviderKind.Qiniu;
        var contentType = isQiniu ? "application/json" : "text/plain; charset=UTF-8";
        var request = new SignedRequest
        {
            Url = url,
            ContentType = contentType,
            Body = body,
            Authorization = accessKey is null ? null
                : isQiniu ? Signer.Qiniu(accessKey, secret, url, contentType, body)
                : Signer.Wangsu(accessKey, secret, url.AbsoluteUri, body),
            SignedHeaders = [],
            CallHeaders = [KeyValuePair.Create("Host", "hooks.example.com")],
        };
        return await _intake.ReceiveAsync(admitted, request, correlation, Cancelled);
    }

    /// <summary>Polls a job. The status API gives the answer, or the one in <see cref="Answers"/>.</summary>
    public async Task<Polled> PollAsync(string source, string id, StatusAnswer? answer = null)
    {
        if (answer is not null)
            Answers[id] = answer;
        var polled = await _poller.PollDueAsync(new(source, id), slots: null, CommitCause.Watch, Cancelled);
        Assert.False(polled.LacksSource);
        return polled is { Answer: null, Job.WatchStatus: WatchStatus.Watching } ? await _poller.PollNowAsync(new(source, id), Cancelled) : polled;
    }

    /// <summary>An answer with a report.</summary>
    public StatusAnswer Report(string source, byte[] body)
    {
        var decoded = Sources.Find(source)!.Provider.Decode(ReportChannel.Poll, body);
        return new(PollAnswer.Report, decoded.Report ?? throw new InvalidOperationException(decoded.Problem), "200");
    }

    public Task<RetriedNotification?> RetryAsync(string key) => _intake.RetryAsync(key, Cancelled);

    public Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) =>
        Task.FromResult(Answers.GetValueOrDefault(id) ?? new(PollAnswer.NotFound, Detail: "612"));

    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var refused = events.Where(one => one.Key.Id == Refused).ToList();
        List<OutboxEvent> taken = [.. events.Except(refused)];
        await _publisher.PublishAsync(taken, cancellationToken);
        Published.AddRange(taken);
        if (refused.Count > 0)
            throw new UnpublishableEventsException("The broker refuses these events.", [refused[0]], null, refused[1..]);
    }

    public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    public void Dispose() => Dispatcher.Dispose();

    private static FopWatchSettings SettingsOf(string? furtherKey)
    {
        var settings = new Dictionary<string, string?> { ["PublicUrl"] = "https://hooks.example.com" };
        foreach (var (name, provider) in (ReadOnlySpan<(string, string)>)[
            ("media", "Qiniu"), ("open", "Qiniu"), ("files", "WangsuFmgr"), ("video", "WangsuFops")])
        {
            settings[$"Sources:{name}:Provider"] = provider;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;
            if (provider != "Qiniu")
                settings[$"Sources:{name}:StatusEndpoint"] = "https://status.example.com";
            if (name != "open")
                settings[$"Sources:{name}:Keys:ak"] = "sk";
        }

        settings["Sources:open:Trust"] = "Token";
        settings["Sources:video:Poll:Deadline"] = "02:00:00";
        if (furtherKey is not null)
            settings[$"Sources:media:Keys:{furtherKey}"] = "sk";
        return FopWatchSettings.Read(settings);
    }
}
