namespace FopWatch.Watching;

/// <summary>The reason for the due time of a poll.</summary>
/// <remarks><see cref="Watch"/> and <see cref="PollPlan"/> set it together with the due time.</remarks>
public enum PollReason
{
    /// <summary>It is the first poll of a new or resumed watch: after <c>Poll:First</c>, the first wait of a learned plan, or the time that the registration gave.</summary>
    First,

    /// <summary>The job was still running at the last poll, and the plan polls again.</summary>
    Plan,

    /// <summary>A notification caused it: an untrusted one, or one that says that the processing is over but not how.</summary>
    Hint,

    /// <summary>Somebody requested it.</summary>
    Requested,

    /// <summary>The status API did not know the id at the last poll.</summary>
    UnknownId,

    /// <summary>The status API could not be reached at the last poll, or failed.</summary>
    Failed,

    /// <summary>The status API asked for a pause.</summary>
    Throttled,

    /// <summary>The status API refused the last request, or its answer could not be understood.</summary>
    Refused,

    /// <summary>The last answer was about a bucket or pipeline that does not belong to the source.</summary>
    OutOfScope,

    /// <summary>A late poll would have given the job up, and a second poll decides.</summary>
    SecondLook,

    /// <summary>It is the poll at the deadline.</summary>
    Deadline,

    /// <summary>The sweep found that the job was in no index.</summary>
    Restored,
}
