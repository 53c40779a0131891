using FopWatch.Contracts;

namespace FopWatch.Jobs;

/// <summary>
/// The record that the id of a purged job was settled. Signatures have no time (providers.md, section 1), so without it a captured or repeated
/// notification would create a new job and publish its outcome as if it were new.
/// </summary>
/// <remarks>
/// <see cref="Upkeep.RetentionPurge"/> decides when jobs are purged. The <c>JobPurge</c> of each store writes tombstones and deletes old ones.
/// <see cref="IJobStore.FindForChangeAsync"/> and <see cref="IJobStore.CommitAsync"/> keep the ids out.
/// </remarks>
public static class Tombstone
{
    /// <summary>
    /// How long a tombstone is kept after the purge, at least. Qiniu answers about an id for 10 days (providers.md, section 1). After that, the poll that a
    /// hint causes is answered that there is no such id.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(10);

    /// <summary>
    /// Whether a purged job leaves a tombstone. An expired job does not: a later report is the first news of its outcome.
    /// </summary>
    /// <param name="state">The state of the job when it was purged.</param>
    public static bool IsLeftBy(JobState state) => state is not (JobState.Waiting or JobState.Processing or JobState.Expired);

    /// <summary>
    /// Whether a tombstone prevents a new job for its id. An application that registers the id wants its outcome; a notification may be a repetition.
    /// </summary>
    /// <param name="origin">The origin of the new job.</param>
    public static bool KeepsOut(JobOrigin origin) => origin != JobOrigin.Registration;
}
