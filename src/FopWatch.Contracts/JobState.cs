using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>How a job stands. The last five are settled: they are an outcome.</summary>
/// <remarks>Whether the provider managed to deliver its own notification is no state; see <see cref="NotificationDelivery"/>.</remarks>
[JsonConverter(typeof(CamelCaseEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Nothing has started yet, or nothing is known yet.</summary>
    Waiting,

    /// <summary>At least one command has started, and the provider has not closed the job.</summary>
    Processing,

    /// <summary>The job is over and every command that ran succeeded.</summary>
    Succeeded,

    /// <summary>The job is over; some commands succeeded and some failed.</summary>
    PartiallyFailed,

    /// <summary>The job is over and no command succeeded.</summary>
    Failed,

    /// <summary>The provider says that the job was cancelled.</summary>
    Cancelled,

    /// <summary>
    /// FopWatch's own verdict: the outcome could not be obtained in time. A genuine report that comes later supersedes it,
    /// with a higher <see cref="JobRecord.Version"/>.
    /// </summary>
    Expired,
}

/// <summary>How one command of a job stands. A state never moves to an earlier member of this list.</summary>
[JsonConverter(typeof(OpenEnumConverter<ItemState>))]
public enum ItemState
{
    /// <summary>The provider has said nothing, or a code that FopWatch does not know; or a newer FopWatch says what this version does not know.</summary>
    Unknown,

    /// <summary>Queued at the provider.</summary>
    Waiting,

    /// <summary>Being worked on.</summary>
    Processing,

    /// <summary>Never run, because something that it depends on did not succeed or the job was over before its turn.</summary>
    Skipped,

    /// <summary>Over, without a usable output.</summary>
    Failed,

    /// <summary>Over, with its output.</summary>
    Succeeded,
}

/// <summary>What settled a job.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<SettledBy>))]
public enum SettledBy
{
    /// <summary>A notification that was trusted.</summary>
    Notification,

    /// <summary>An answer of the provider's status API.</summary>
    Poll,

    /// <summary>The watch's deadline passed without an outcome.</summary>
    Deadline,
}

/// <summary>Whether the provider managed to deliver its own notification; a fact beside the outcome, never part of it.</summary>
[JsonConverter(typeof(OpenEnumConverter<NotificationDelivery>))]
public enum NotificationDelivery
{
    /// <summary>Nothing is known, or none was asked for; or a newer FopWatch says what this version does not know.</summary>
    Unknown,

    /// <summary>The provider is still trying, or more notifications of this job are to come.</summary>
    Pending,

    /// <summary>The provider says that it could not deliver it. It may still be trying (Qiniu says so while it retries).</summary>
    Failed,

    /// <summary>It arrived, or the provider says so.</summary>
    Delivered,
}

/// <summary>The kind of provider that a source belongs to.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<ProviderKind>))]
public enum ProviderKind
{
    /// <summary>Qiniu persistent processing and workflows.</summary>
    Qiniu,

    /// <summary>Wangsu/CDNetworks file management: copy, move, delete, fetch, compress, decompress.</summary>
    WangsuFmgr,

    /// <summary>Wangsu/CDNetworks persistent processing: transcoding, screenshots.</summary>
    WangsuFops,
}
