using FopWatch.Jobs;

namespace FopWatch.Intake;

/// <summary>The result of a notification. All results are answered alike, so callers cannot tell them apart.</summary>
public enum NotificationResult
{
    /// <summary>It was trusted and merged into its job.</summary>
    Recorded,

    /// <summary>It was not trusted enough, so it only made the next poll of its job due now.</summary>
    Hinted,

    /// <summary>It could not be understood or verified, or does not belong to the source. It is stored unchanged.</summary>
    Quarantined,

    /// <summary>
    /// It repeats the outcome of a settled job that the retention has deleted (<see cref="Tombstone"/>). It is counted but not stored.
    /// </summary>
    Purged,
}
