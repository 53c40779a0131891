using FopWatch.Jobs;

namespace FopWatch.Intake;

/// <summary>What became of a notification. All of these are answered alike: nobody outside learns which it was.</summary>
public enum NotificationResult
{
    /// <summary>It was trusted and merged into its job.</summary>
    Recorded,

    /// <summary>It was not trusted enough, and made the next poll of its job due now.</summary>
    Hinted,

    /// <summary>It could not be understood or verified, or is not about the source, and is kept whole.</summary>
    Quarantined,

    /// <summary>
    /// It names a job that settled and that the retention has deleted (<see cref="Tombstone"/>): a repetition. It is counted and kept nowhere.
    /// </summary>
    Purged,
}
