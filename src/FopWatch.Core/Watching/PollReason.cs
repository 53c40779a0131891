namespace FopWatch.Watching;

/// <summary>Why a poll is due when it is.</summary>
/// <remarks><see cref="Watch"/> and <see cref="PollPlan"/> decide it with the due time, and it is stored with it.</remarks>
public enum PollReason
{
    /// <summary>It is the first of a watch that began, or began anew: after <c>Poll:First</c>, the first wait of a learned plan, or what the registration asked for.</summary>
    First,

    /// <summary>The job was still running at the last poll, and the plan looks again.</summary>
    Plan,

    /// <summary>A notification asked for it: an untrusted one, or one that says that the processing is over and not how.</summary>
    Hint,

    /// <summary>Somebody asked for it.</summary>
    Requested,

    /// <summary>The status API did not know the id at the last poll.</summary>
    UnknownId,

    /// <summary>The status API could not be reached at the last poll, or failed.</summary>
    Failed,

    /// <summary>The status API asked for a pause.</summary>
    Throttled,

    /// <summary>The status API refused the last question, or its answer could not be understood.</summary>
    Refused,

    /// <summary>The last answer was about a bucket or pipeline that is not the source's.</summary>
    OutOfScope,

    /// <summary>A late poll would have given the job up, and a second one decides.</summary>
    SecondLook,

    /// <summary>It is the poll at the deadline.</summary>
    Deadline,

    /// <summary>The sweep found that the job was in no index.</summary>
    Restored,
}
