using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>A job as the HTTP API answers it and as an event carries it. A member that is absent is unknown.</summary>
/// <remarks>The serializer sets an absent member to null all the same, so what has another default takes it for null.</remarks>
public record JobRecord
{
    /// <summary>The name of the source: one configured account at one provider.</summary>
    public required string Source { get; init; }

    /// <summary>The provider's <c>persistentId</c>: opaque, case-sensitive, at most 128 of <c>[A-Za-z0-9._-]</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The kind of provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>How the job stands.</summary>
    public required JobState State { get; init; }

    /// <summary>Whether <see cref="State"/> is an outcome.</summary>
    public required bool Settled { get; init; }

    /// <summary>What settled the job; absent while it is open.</summary>
    public SettledBy? SettledBy { get; init; }

    /// <summary>
    /// True while the job is open and known to be overdue: it is older than 1.5 times the 95th percentile of its class. Settled, expired and stopped jobs are not overdue.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Overdue { get; init; }

    /// <summary>The bucket of the input.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key of the input.</summary>
    public string? Key { get; init; }

    /// <summary>The provider's queue that the job ran in.</summary>
    public string? Pipeline { get; init; }

    /// <summary>What the provider's support asks for (Qiniu <c>reqid</c>).</summary>
    public string? RequestId { get; init; }

    /// <summary>What started the job, for example <c>workflow:&lt;id&gt;</c> or <c>trigger:&lt;id&gt;</c>.</summary>
    public string? TaskFrom { get; init; }

    /// <summary>When the provider accepted the job.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Whether the provider managed to deliver its own notification.</summary>
    public NotificationDelivery Notification { get; init; }

    /// <summary>How many commands are in which state; right even where <see cref="Items"/> had to be cut.</summary>
    public required JobCounts Counts { get; init; }

    /// <summary>The commands, in the order of the report that concluded the job; before there is one, ordered by command.</summary>
    public IReadOnlyList<JobItem> Items { get; init => field = value ?? []; } = [];

    /// <summary>
    /// True where something is not here because it would not have fitted: items, if there are fewer than <see cref="Counts"/> says, or what the
    /// <see cref="JobItem.Truncated"/> of items names. Of an event that a broker does not take whole, the HTTP API has more.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Truncated { get; init; }

    /// <summary>What the application gave when it registered the job, up to 4 KB.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>When FopWatch first heard of the job.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When this record last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When the job settled; absent while it is open.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>How often the status API has been asked about the job.</summary>
    public int Polls { get; init; }

    /// <summary>Grows by at least 1 with every change. Of two records of a job, the one with the higher version is right.</summary>
    public required long Version { get; init; }
}

/// <summary>How many commands of a job are in which state.</summary>
/// <param name="Total">All commands that are known of.</param>
/// <param name="Succeeded">Those that succeeded.</param>
/// <param name="Failed">Those that failed.</param>
/// <param name="Running">Those that are waiting, processing or in a state that is not known.</param>
/// <remarks>What is missing to the total was skipped.</remarks>
public sealed record JobCounts(
    [property: JsonRequired] int Total,
    [property: JsonRequired] int Succeeded,
    [property: JsonRequired] int Failed,
    [property: JsonRequired] int Running);

/// <summary>One command of a job.</summary>
public sealed record JobItem
{
    /// <summary>The command, with secrets in it replaced by <c>***</c>.</summary>
    public required string Command { get; init; }

    /// <summary>How it stands.</summary>
    public required ItemState State { get; init; }

    /// <summary>True where the target existed and old output came back: nothing was processed (Qiniu <c>returnOld</c>).</summary>
    public bool? ReusedOldOutput { get; init; }

    /// <summary>The provider's error text.</summary>
    public string? Error { get; init; }

    /// <summary>The 0-based segment of a command chained with <c>|</c> that failed (Qiniu <c>errorIndex</c>).</summary>
    public int? ErrorIndex { get; init; }

    /// <summary>The file that it worked on, where the provider names it for this command: what a Wangsu delete command deleted.</summary>
    public JobInput? Input { get; init; }

    /// <summary>The files that it made.</summary>
    public IReadOnlyList<JobOutput> Outputs { get; init => field = value ?? []; } = [];

    /// <summary>
    /// What it answered instead of a file (Qiniu <c>result</c>), for example the answer of <c>avinfo</c> or the verdict of an audit: any JSON.
    /// One that is too long is shortened: first at the ends of its longest arrays; if that does not suffice, short members and those near the root stay,
    /// and long ones are shortened or left out. Objects and arrays that are nested deeper than 56 levels are null, since many readers take 64
    /// levels, events included. <see cref="Truncated"/> names what is gone.
    /// </summary>
    public JsonElement? Result { get; init; }

    /// <summary>What is not here of the item because it would not have fitted; absent where all is here.</summary>
    public IReadOnlyList<JobTruncation>? Truncated { get; init; }
}

/// <summary>One part of an item that was shortened.</summary>
public sealed record JobTruncation
{
    /// <summary>Where: a JSON pointer (RFC 6901) within the item, such as <c>/result/scenes/pulp/cuts</c>, <c>/outputs</c> or <c>/error</c>.</summary>
    public required string At { get; init; }

    /// <summary>How many elements are gone from the end of the array there; absent if that is not known, or it is no array.</summary>
    public int? Elements { get; init; }

    /// <summary>How many bytes of UTF-8 are left of the string there; absent if it is no string.</summary>
    public int? TextBytes { get; init; }

    /// <summary>True if nothing of it is left: a member that was left out, or a value that was replaced by null; absent otherwise.</summary>
    public bool? Dropped { get; init; }

    /// <summary>True if more is shortened below than is named; absent otherwise.</summary>
    public bool? More { get; init; }
}

/// <summary>The file that a command worked on.</summary>
public sealed record JobInput
{
    /// <summary>Its bucket, where it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Bucket { get; init; }

    /// <summary>Its key; of a command that works on all files under a prefix, the prefix; null for a whole bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Key { get; init; }
}

/// <summary>One file that a command made.</summary>
public sealed record JobOutput
{
    /// <summary>Its bucket, where it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Bucket { get; init; }

    /// <summary>Its key.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Key { get; init; }

    /// <summary>The provider's hash of its content.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Hash { get; init; }

    /// <summary>
    /// Where the file can be had: a URL that the provider gave, or else one under the domain that the source's settings give the bucket.
    /// It holds what the provider answered: treat it as data.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Url { get; init; }

    /// <summary>Its size in bytes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? Size { get; init; }
}
