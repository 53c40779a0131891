using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Overviews;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using FopWatch.Watching;
using FopWatch.Webhooks;
using FopWatch.Wording;

namespace FopWatch.Api;

/// <summary>The source-generated serializer context of the HTTP API.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters =
    [
        typeof(UtcTimeConverter),
        typeof(CamelCaseEnumConverter<DoctorCheck>),
        typeof(CamelCaseEnumConverter<DoctorLevel>),
        typeof(CamelCaseEnumConverter<FindingLevel>),
        typeof(CamelCaseEnumConverter<HostKind>),
        typeof(CamelCaseEnumConverter<KeyRights>),
        typeof(CamelCaseEnumConverter<BulkWord>),
        typeof(CamelCaseEnumConverter<NotificationResult>),
        typeof(CamelCaseEnumConverter<PlanInUse>),
        typeof(CamelCaseEnumConverter<PollAnswer>),
        typeof(CamelCaseEnumConverter<SignatureFinding>),
        typeof(CamelCaseEnumConverter<TroubleKind>),
        typeof(CamelCaseEnumConverter<WatchStatus>),
        typeof(CamelCaseEnumConverter<PollReason>),
        typeof(CamelCaseEnumConverter<TimelineEvent>),
        typeof(CamelCaseEnumConverter<TimelineCause>),
        typeof(CamelCaseEnumConverter<NotifiedResult>),
        typeof(CamelCaseEnumConverter<Trust>),
        typeof(CamelCaseEnumConverter<WebhookPause>),
        typeof(CamelCaseEnumConverter<WebhookState>),
    ])]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(JobsCounted))]
[JsonSerializable(typeof(JobLink))]
[JsonSerializable(typeof(JobLinks))]
[JsonSerializable(typeof(WatchedJob))]
[JsonSerializable(typeof(PolledJob))]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(QuarantineEntry))]
[JsonSerializable(typeof(QuarantineList))]
[JsonSerializable(typeof(RetriedNotification))]
[JsonSerializable(typeof(BulkAnswer))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(CallerProfile))]
[JsonSerializable(typeof(WebhookList))]
[JsonSerializable(typeof(WebhookStatus))]
[JsonSerializable(typeof(DeliveryList))]
[JsonSerializable(typeof(WebhookTest))]
public sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>The context of answers. It escapes as little as <see cref="ContractsJson.Wire"/> does.</summary>
    public static ApiJson Wire => Relaxed.Context;

    /// <summary>The context of answers whose sentences are in a language.</summary>
    public static ApiJson In(Language language) => language == Language.Chinese ? Relaxed.Chinese : Relaxed.Context;

    // A class of its own, because the order of the initializers of a partial class is undefined.
    private static class Relaxed
    {
        public static readonly ApiJson Context = new(new(Default.Options) { Encoder = ContractsJson.Wire.Options.Encoder });

        public static readonly ApiJson Chinese = new(new(Context.Options) { Converters = { new SentenceConverter(Language.Chinese) } });
    }
}

/// <summary>One page of jobs, newest first.</summary>
/// <param name="Jobs">The jobs.</param>
/// <param name="Continuation">The <c>continuation</c> of the request for the next page; null on the last page.</param>
/// <param name="Unreadable">The references of jobs of this page that cannot be read from the store; absent if there are none.</param>
public sealed record JobList(
    IReadOnlyList<WatchedJob> Jobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Continuation,
    IReadOnlyList<string>? Unreadable = null);

/// <summary>The number of jobs that match the filters.</summary>
/// <param name="Count">The number of jobs counted.</param>
/// <param name="AtLeast">Whether the count ended early, so that there may be more.</param>
public sealed record JobsCounted(int Count, bool AtLeast);

/// <summary>A registered job.</summary>
/// <param name="Source">The source.</param>
/// <param name="Id">The id.</param>
/// <param name="State">Its state. It may be settled already.</param>
/// <param name="Href">Its path.</param>
public sealed record JobLink(string Source, string Id, JobState State, string Href);

/// <summary>The registered jobs, in the order of the request.</summary>
/// <param name="Jobs">The jobs.</param>
public sealed record JobLinks(IReadOnlyList<JobLink> Jobs);

/// <summary>A notification that could not be decoded or verified, stored unchanged.</summary>
public sealed record QuarantineEntry
{
    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>The source of its notify URL.</summary>
    public required string Source { get; init; }

    /// <summary>Why it is in quarantine, by the current settings.</summary>
    public required Sentence Reason { get; init; }

    /// <summary>Why its signature is invalid; null if it is in quarantine for another reason.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The correlation in the URL's path.</summary>
    public string? Correlation { get; init; }

    /// <summary>
    /// The stored headers: those that verification needs, <c>Host</c>, and forwarding headers. A notify token in a value is replaced by <c>***</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The size of the body in bytes.</summary>
    public required int Size { get; init; }

    /// <summary>The body in Base64, if it has at most 64 KiB. Secrets in it are not redacted.</summary>
    public string? Body { get; init; }

    /// <summary>The path of the body, byte for byte.</summary>
    public required string BodyHref { get; init; }
}

/// <summary>One page of quarantined notifications, newest first.</summary>
/// <param name="Notifications">The notifications.</param>
/// <param name="Continuation">The <c>continuation</c> of the request for the next page; null on the last page.</param>
/// <param name="Unreadable">The keys of notifications of this page that cannot be read from the store; absent if there are none.</param>
public sealed record QuarantineList(
    IReadOnlyList<QuarantineEntry> Notifications,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Continuation,
    IReadOnlyList<string>? Unreadable = null);

/// <summary>The health of the host.</summary>
/// <param name="Status"><c>live</c> or <c>ready</c>.</param>
/// <param name="Troubles">Current problems that this process has seen, for callers that may read jobs; absent if there are none. They do not make the host unready.</param>
/// <param name="TimersRanAt">
/// Cloud host: the time by which each one-minute timer had last run, in any instance; null until all have run. Embedded host: null.
/// </param>
public sealed record Health(string Status, IReadOnlyList<Trouble>? Troubles = null, DateTimeOffset? TimersRanAt = null);
