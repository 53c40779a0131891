using System.ComponentModel.DataAnnotations;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>The kind of a timeline entry.</summary>
public enum TimelineEvent
{
    /// <summary>FopWatch learned of the job, something more trustworthy named it, or a registration added metadata.</summary>
    Registered,

    /// <summary>A notification about the job was stored.</summary>
    Notified,

    /// <summary>The status API was asked about the job, or the poll was postponed without asking.</summary>
    Polled,

    /// <summary>The job got the provider's outcome.</summary>
    Settled,

    /// <summary>The job takes longer than other jobs of its kind.</summary>
    Overdue,

    /// <summary>The job was given up.</summary>
    Expired,

    /// <summary>Somebody stopped the watch.</summary>
    Stopped,

    /// <summary>A stopped or given-up watch started again.</summary>
    Resumed,

    /// <summary>Somebody published the outcome again.</summary>
    Republished,
}

/// <summary>The cause of a timeline entry.</summary>
public enum TimelineCause
{
    /// <summary>A registration.</summary>
    Registration,

    /// <summary>A trusted notification.</summary>
    Notification,

    /// <summary>An untrusted notification.</summary>
    Hint,

    /// <summary>An answer of the status API.</summary>
    Poll,

    /// <summary>The token of the notify URL, which alone made a notification trusted at a source with <c>Trust: Token</c>.</summary>
    Token,

    /// <summary>Somebody who asked for a poll.</summary>
    Request,

    /// <summary>The provider's callback after an upload.</summary>
    UploadCallback,
}

/// <summary>The result of a notification.</summary>
public enum NotifiedResult
{
    /// <summary>Its report was merged into the job.</summary>
    Recorded,

    /// <summary>It was not trusted, and only made the next poll due.</summary>
    Hint,

    /// <summary>It arrived after a poll had settled the job.</summary>
    Late,
}

/// <summary>An entry of the timeline: something that happened to a job once or several times in a row.</summary>
public sealed record TimelineEntry
{
    /// <summary>When it happened, by the clock of the host that recorded it, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What happened.</summary>
    public required TimelineEvent What { get; init; }

    /// <summary>How many times it happened in a row; absent for once.</summary>
    [Range(2, int.MaxValue)]
    public int? Count { get; init; }

    /// <summary>When it last happened; absent if it happened once.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>
    /// The cause of <c>registered</c>, <c>resumed</c> and <c>settled</c>. Of <c>notified</c> only <c>token</c>, if no strong signature made the
    /// notification trusted.
    /// </summary>
    public TimelineCause? By { get; init; }

    /// <summary>Of <c>notified</c>: how far the signature is trusted. <c>invalid</c> does not occur: such notifications go to quarantine.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Of <c>notified</c>: the result.</summary>
    public NotifiedResult? Result { get; init; }

    /// <summary>Of <c>polled</c>: the answer as text, as in <c>lastPoll</c>.</summary>
    [MaxLength(StatusAnswer.MaxWords)]
    public string? Answer { get; init; }

    /// <summary>
    /// Of <c>polled</c>: the reason for the time of the poll, as in <c>nextPollReason</c>; absent if an earlier version decided it. Of <c>expired</c>: why
    /// the job was given up: <c>deadline</c> (it had no outcome by then), <c>unknownId</c> (the status API does not know the id), or <c>outOfScope</c> (only
    /// untrusted notifications had named it, and the status API answered about another bucket or pipeline).
    /// </summary>
    public PollReason? Reason { get; init; }

    /// <summary>Of <c>settled</c>: the outcome. Of <c>polled</c>: the state that the answer reports; absent if it is not a report.</summary>
    public JobState? State { get; init; }
}
