namespace FopWatch.Intake;

/// <summary>What became of an upload callback. All of these are answered alike.</summary>
public enum UploadResult
{
    /// <summary>It was trusted, and its job is registered.</summary>
    Registered,

    /// <summary>It was not trusted enough, and made the next poll of its job due now.</summary>
    Hinted,

    /// <summary>It names no job, because the upload asked for no processing.</summary>
    NothingAsked,

    /// <summary>It could not be understood or verified, or is not about the source, and is kept whole.</summary>
    Quarantined,

    /// <summary>It names a job that settled and that the retention has deleted: a repetition. It is counted and kept nowhere.</summary>
    Purged,

    /// <summary>Its effect could not be made durable. It was answered 5xx.</summary>
    Failed,
}
