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

namespace FopWatch.Api;

/// <summary>The serializer context of the HTTP API: no reflection.</summary>
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
    /// <summary>What the API answers with; it escapes as little as <see cref="ContractsJson.Wire"/> does.</summary>
    public static ApiJson Wire => Relaxed.Context;

    /// <summary>Apart, because the order in which the initializers of a partial class run is not defined.</summary>
    private static class Relaxed
    {
        public static readonly ApiJson Context = new(new(Default.Options) { Encoder = ContractsJson.Wire.Options.Encoder });
    }
}

/// <summary>One page of jobs, newest first.</summary>
/// <param name="Jobs">The jobs.</param>
/// <param name="Continuation">What the next page is asked for with; null after the last.</param>
/// <param name="Unreadable">The references of jobs that belong into the page and cannot be read from the store; absent if there is none.</param>
public sealed record JobList(
    IReadOnlyList<WatchedJob> Jobs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Continuation,
    IReadOnlyList<string>? Unreadable = null);

/// <summary>How many jobs pass filters.</summary>
/// <param name="Count">How many were counted.</param>
/// <param name="AtLeast">Whether the count ended before all were looked at: there may be more.</param>
public sealed record JobsCounted(int Count, bool AtLeast);

/// <summary>Where a registered job is.</summary>
/// <param name="Source">The source.</param>
/// <param name="Id">The id.</param>
/// <param name="State">How it stands: it may be settled already.</param>
/// <param name="Href">Its path.</param>
public sealed record JobLink(string Source, string Id, JobState State, string Href);

/// <summary>Where registered jobs are, in the order in which they were given.</summary>
/// <param name="Jobs">The jobs.</param>
public sealed record JobLinks(IReadOnlyList<JobLink> Jobs);

/// <summary>A notification that could not be understood or verified, kept whole.</summary>
public sealed record QuarantineEntry
{
    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>The source whose notify URL it came to.</summary>
    public required string Source { get; init; }

    /// <summary>Why it is here, as the current settings see it.</summary>
    public required string Reason { get; init; }

    /// <summary>Why its signature is wrong; null if that is not why it is here.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The correlation in the URL's path.</summary>
    public string? Correlation { get; init; }

    /// <summary>
    /// The headers that are kept: what verifying it again needs, and <c>Host</c> and forwarding headers. The notify token in a value is replaced by
    /// <c>***</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The size of the body in bytes.</summary>
    public required int Size { get; init; }

    /// <summary>The body in Base64, where it is not larger than 64 KiB. Secrets in it are not redacted.</summary>
    public string? Body { get; init; }

    /// <summary>Where the body is, byte for byte.</summary>
    public required string BodyHref { get; init; }
}

/// <summary>One page of quarantined notifications, newest first.</summary>
/// <param name="Notifications">The notifications.</param>
/// <param name="Continuation">What the next page is asked for with; null after the last.</param>
/// <param name="Unreadable">The keys of notifications that belong into the page and cannot be read from the store; absent if there is none.</param>
public sealed record QuarantineList(
    IReadOnlyList<QuarantineEntry> Notifications,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Continuation,
    IReadOnlyList<string>? Unreadable = null);

/// <summary>Whether the host can do its work.</summary>
/// <param name="Status"><c>live</c> or <c>ready</c>.</param>
/// <param name="Troubles">What goes wrong now, as this process saw it, for callers that may read jobs; absent if nothing does. It makes no host unready.</param>
/// <param name="TimersRanAt">
/// When each of the cloud host's timers of a minute had run last, in any instance; null if one has not run yet, and at the embedded host.
/// </param>
public sealed record Health(string Status, IReadOnlyList<Trouble>? Troubles = null, DateTimeOffset? TimersRanAt = null);
