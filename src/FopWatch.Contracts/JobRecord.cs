using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>A job, as in the answers of the HTTP API and in events. An absent member is unknown.</summary>
/// <remarks>The serializer sets a member that is absent to null, so members with another default replace null by it.</remarks>
public record JobRecord
{
    /// <summary>The name of the source: one configured account at one provider.</summary>
    public required string Source { get; init; }

    /// <summary>The provider's <c>persistentId</c>: opaque, case-sensitive, at most 128 of <c>[A-Za-z0-9._-]</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The kind of provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>The state of the job.</summary>
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

    /// <summary>The provider's queue that ran the job.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The id to give to the provider's support (Qiniu <c>reqid</c>).</summary>
    public string? RequestId { get; init; }

    /// <summary>What started the job, for example <c>workflow:&lt;id&gt;</c> or <c>trigger:&lt;id&gt;</c>.</summary>
    public string? TaskFrom { get; init; }

    /// <summary>When the provider accepted the job.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Whether the provider managed to deliver its own notification.</summary>
    public NotificationDelivery Notification { get; init; }

    /// <summary>The number of commands in each state. Correct even if <see cref="Items"/> is truncated.</summary>
    public required JobCounts Counts { get; init; }

    /// <summary>The commands, in the order of the report that settled the job. Before that report they are sorted by command.</summary>
    public IReadOnlyList<JobItem> Items { get; init => field = value ?? []; } = [];

    /// <summary>
    /// True if something was left out because of its size: whole items, if there are fewer than in <see cref="Counts"/>, or the parts that
    /// <see cref="JobItem.Truncated"/> of the items names. If an event was too large for the broker, the HTTP API has more of the job.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Truncated { get; init; }

    /// <summary>The metadata with which the application registered the job, up to 4 KB.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>When FopWatch first learned of the job. It is later, and <see cref="Version"/> begins at 1, if a deleted job is registered again.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When this record last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When the job settled; absent while it is open.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>How often FopWatch has asked the status API about the job.</summary>
    public int Polls { get; init; }

    /// <summary>Grows by at least 1 with every change. Of two records of a job with the same <see cref="RegisteredAt"/>, the one with the higher version is the later one.</summary>
    public required long Version { get; init; }
}

/// <summary>The number of commands of a job in each state.</summary>
/// <param name="Total">All known commands.</param>
/// <param name="Succeeded">Commands that succeeded.</param>
/// <param name="Failed">Commands that failed.</param>
/// <param name="Running">Commands that are waiting, processing or in an unknown state.</param>
/// <remarks>The rest of the total was skipped.</remarks>
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

    /// <summary>The state of the command.</summary>
    public required ItemState State { get; init; }

    /// <summary>True if the target already existed, so the provider returned the old output and processed nothing (Qiniu <c>returnOld</c>).</summary>
    public bool? ReusedOldOutput { get; init; }

    /// <summary>The provider's error text.</summary>
    public string? Error { get; init; }

    /// <summary>The 0-based segment of a command chained with <c>|</c> that failed (Qiniu <c>errorIndex</c>).</summary>
    public int? ErrorIndex { get; init; }

    /// <summary>The file that the command worked on, if the provider names it for this command: the file that a Wangsu delete command deleted.</summary>
    public JobInput? Input { get; init; }

    /// <summary>The files that the command made.</summary>
    public IReadOnlyList<JobOutput> Outputs { get; init => field = value ?? []; } = [];

    /// <summary>
    /// The result of a command that makes no file (Qiniu <c>result</c>), for example the answer of <c>avinfo</c> or the verdict of an audit: any JSON.
    /// A result that is too long is shortened, first at the ends of its longest arrays. If that is not enough, long members are shortened or left
    /// out; short members and those near the root are kept. Objects and arrays that are nested deeper than 56 levels are null, because many
    /// readers accept only 64 levels, including those of the event. <see cref="Truncated"/> names the missing parts.
    /// </summary>
    public JsonElement? Result { get; init; }

    /// <summary>The parts of the item that were left out because of their size. Absent if the item is complete.</summary>
    public IReadOnlyList<JobTruncation>? Truncated { get; init; }
}

/// <summary>One part of an item that was shortened.</summary>
public sealed record JobTruncation
{
    /// <summary>A JSON pointer (RFC 6901) to the part within the item, such as <c>/result/scenes/pulp/cuts</c>, <c>/outputs</c> or <c>/error</c>.</summary>
    public required string At { get; init; }

    /// <summary>The number of elements that were removed from the end of the array. Absent if it is unknown, or if the part is not an array.</summary>
    public int? Elements { get; init; }

    /// <summary>The number of bytes of UTF-8 that are left of the string. Absent if the part is not a string.</summary>
    public int? TextBytes { get; init; }

    /// <summary>True if nothing is left of the part: the member was left out, or null replaced its value. Absent otherwise.</summary>
    public bool? Dropped { get; init; }

    /// <summary>True if further parts below this one were shortened and are not named. Absent otherwise.</summary>
    public bool? More { get; init; }
}

/// <summary>The file that a command worked on.</summary>
public sealed record JobInput
{
    /// <summary>The bucket of the file, if it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Bucket { get; init; }

    /// <summary>The key of the file; the prefix, if the command works on all files under a prefix; null for a whole bucket.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Key { get; init; }
}

/// <summary>One file that a command made.</summary>
public sealed record JobOutput
{
    /// <summary>The bucket of the file, if it is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Bucket { get; init; }

    /// <summary>The key of the file.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Key { get; init; }

    /// <summary>The provider's hash of the content.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Hash { get; init; }

    /// <summary>
    /// The URL of the file: the one that the provider gave, or else one under the domain that the source's settings have for the bucket.
    /// It contains data from the provider: do not trust it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Url { get; init; }

    /// <summary>The size of the file in bytes.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? Size { get; init; }
}
