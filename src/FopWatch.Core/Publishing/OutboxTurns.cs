using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Decides which events of an outbox may be published now. Call it for all waiting events, oldest first.</summary>
/// <param name="now">The time.</param>
public sealed class OutboxTurns(DateTimeOffset now)
{
    /// <summary>
    /// The number of refusals after which an event no longer holds back later events of its job. With the waits of <see cref="SetAside"/> that is 63 minutes
    /// after the first refusal, if each retry is made as soon as it is due. An outcome must not wait forever for an event that is always refused. Of the
    /// events of a job, subscribers keep the one with the latest registration and, of these, the highest version.
    /// </summary>
    public const int HoldsBack = 7;

    private HashSet<JobKey>? _heldBack;

    /// <summary>Whether an event may be published now: it does not wait for a retry, and overtakes no event of its job that does.</summary>
    /// <param name="key">The job.</param>
    /// <param name="refusals">How often it was refused.</param>
    /// <param name="retryAt">When it is retried; null if it was not refused.</param>
    public bool Admits(JobKey key, int refusals, DateTimeOffset? retryAt)
    {
        // A longer wait than possible was written by a clock that was ahead.
        if (!(retryAt > now) || retryAt > now + (2 * SetAside.Longest))
            return _heldBack?.Contains(key) != true;
        if (refusals < HoldsBack)
            (_heldBack ??= []).Add(key);
        return false;
    }
}
