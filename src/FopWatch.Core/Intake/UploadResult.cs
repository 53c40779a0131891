namespace FopWatch.Intake;

/// <summary>The result of an upload callback. All results are answered alike.</summary>
public enum UploadResult
{
    /// <summary>It was trusted, and its job was registered.</summary>
    Registered,

    /// <summary>It was not trusted enough, so it only made the next poll of its job due now.</summary>
    Hinted,

    /// <summary>It names no job, because the upload asked for no processing.</summary>
    NothingAsked,

    /// <summary>It could not be understood or verified, or does not belong to the source. It is stored unchanged.</summary>
    Quarantined,

    /// <summary>It repeats a settled job that the retention has deleted. It is counted but not stored.</summary>
    Purged,

    /// <summary>Its effect could not be made durable. It was answered 5xx.</summary>
    Failed,
}
