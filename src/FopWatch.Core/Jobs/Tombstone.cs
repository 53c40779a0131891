using FopWatch.Contracts;

namespace FopWatch.Jobs;

/// <summary>
/// What a store keeps of a settled job that it purged: that the id was settled. Signatures have no time (providers.md, section 1), so a
/// notification that was captured, or that the provider repeats, would otherwise make a new job and publish its outcome as if it were new.
/// </summary>
/// <remarks>
/// <see cref="Upkeep.RetentionPurge"/> decides when jobs are purged. The <c>JobPurge</c> of each store leaves the tombstones and deletes old ones;
/// <see cref="IJobStore.FindForChangeAsync"/> and <see cref="IJobStore.CommitAsync"/> keep the ids out.
/// </remarks>
public static class Tombstone
{
    /// <summary>
    /// How long a tombstone is kept from the purge, at least. Qiniu can be asked about an id for 10 days (providers.md, section 1), so by then a hint at
    /// one that was settled before is answered that there is no such id.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(10);

    /// <summary>
    /// Whether a purged job leaves one. An expired job does not: a report that comes after all is the first that anybody hears of its outcome.
    /// </summary>
    /// <param name="state">The state of the job when it was purged.</param>
    public static bool IsLeftBy(JobState state) => state is not (JobState.Waiting or JobState.Processing or JobState.Expired);

    /// <summary>
    /// Whether an id with a tombstone becomes no job again. An application that registers one wants its outcome; a notification may be a repetition.
    /// </summary>
    /// <param name="origin">What names the id.</param>
    public static bool KeepsOut(JobOrigin origin) => origin != JobOrigin.Registration;
}
