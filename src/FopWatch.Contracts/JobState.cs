using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>The state of a job. The last five states are outcomes: the job is settled.</summary>
/// <remarks>It does not say whether the provider delivered its own notification: see <see cref="NotificationDelivery"/>.</remarks>
[JsonConverter(typeof(CamelCaseEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Nothing has started yet, or nothing is known yet.</summary>
    Waiting,

    /// <summary>At least one command has started, and the provider has not closed the job.</summary>
    Processing,

    /// <summary>The job has ended, and every command that ran succeeded.</summary>
    Succeeded,

    /// <summary>The job has ended; some commands succeeded and some failed.</summary>
    PartiallyFailed,

    /// <summary>The job has ended, and no command succeeded.</summary>
    Failed,

    /// <summary>The provider says that the job was cancelled.</summary>
    Cancelled,

    /// <summary>
    /// FopWatch's own verdict: it could not obtain the outcome in time. A genuine report that arrives later supersedes it,
    /// with a higher <see cref="JobRecord.Version"/>.
    /// </summary>
    Expired,
}

/// <summary>The state of one command of a job. It never changes to an earlier member of this list.</summary>
[JsonConverter(typeof(OpenEnumConverter<ItemState>))]
public enum ItemState
{
    /// <summary>The provider has reported no state, or one that FopWatch does not know; or the value comes from a newer FopWatch.</summary>
    Unknown,

    /// <summary>Queued at the provider.</summary>
    Waiting,

    /// <summary>The provider is processing the command.</summary>
    Processing,

    /// <summary>Never ran, because something that it depends on did not succeed, or because the job ended first.</summary>
    Skipped,

    /// <summary>Ended without a usable output.</summary>
    Failed,

    /// <summary>Ended with its output.</summary>
    Succeeded,
}

/// <summary>What settled a job.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<SettledBy>))]
public enum SettledBy
{
    /// <summary>A trusted notification.</summary>
    Notification,

    /// <summary>An answer of the provider's status API.</summary>
    Poll,

    /// <summary>The watch's deadline passed without an outcome.</summary>
    Deadline,
}

/// <summary>Whether the provider delivered its own notification. This is independent of the outcome of the job.</summary>
[JsonConverter(typeof(OpenEnumConverter<NotificationDelivery>))]
public enum NotificationDelivery
{
    /// <summary>Nothing is known, or no notification was requested; or the value comes from a newer FopWatch.</summary>
    Unknown,

    /// <summary>The provider is still trying, or more notifications of this job are expected.</summary>
    Pending,

    /// <summary>The provider reported that it could not deliver the notification. It may still be trying: Qiniu reports this while it retries.</summary>
    Failed,

    /// <summary>The notification arrived, or the provider reported that it did.</summary>
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
