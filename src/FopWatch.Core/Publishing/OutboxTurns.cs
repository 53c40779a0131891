using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Which events of an outbox may be published now. To be asked about all that wait, the oldest first.</summary>
/// <param name="now">The time.</param>
public sealed class OutboxTurns(DateTimeOffset now)
{
    /// <summary>
    /// How often an event is refused until it no longer holds back the later ones of its job. By the waits of <see cref="SetAside"/> that is 63 minutes
    /// after the first refusal, if each retry is made as soon as it is due. An outcome must not wait for ever for an event that is refused for ever;
    /// subscribers keep the highest version of a job.
    /// </summary>
    public const int HoldsBack = 7;

    private HashSet<JobKey>? _heldBack;

    /// <summary>Whether an event may be published now: it is not waiting to be tried again, and does not overtake one of its job that is.</summary>
    /// <param name="key">Its job.</param>
    /// <param name="refusals">How often it was refused.</param>
    /// <param name="retryAt">When it is tried again; null if it was not refused.</param>
    public bool Admits(JobKey key, int refusals, DateTimeOffset? retryAt)
    {
        // A wait longer than any is from a clock that was ahead.
        if (!(retryAt > now) || retryAt > now + (2 * SetAside.Longest))
            return _heldBack?.Contains(key) != true;
        if (refusals < HoldsBack)
            (_heldBack ??= []).Add(key);
        return false;
    }
}
