using System.ComponentModel.DataAnnotations;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>What happened to a job.</summary>
public enum TimelineEvent
{
    /// <summary>FopWatch heard of it for the first time, something more trustworthy named it, or its registration added metadata.</summary>
    Registered,

    /// <summary>A notification about it was stored.</summary>
    Notified,

    /// <summary>The status API was asked about it, or was spared the question.</summary>
    Polled,

    /// <summary>It got the provider's outcome.</summary>
    Settled,

    /// <summary>It was found to take longer than other jobs of its kind.</summary>
    Overdue,

    /// <summary>It was given up.</summary>
    Expired,

    /// <summary>Somebody stopped its watch.</summary>
    Stopped,

    /// <summary>Its watch, which was stopped or had given it up, began anew.</summary>
    Resumed,

    /// <summary>Somebody had its outcome published again.</summary>
    Republished,
}

/// <summary>What brought an entry of a timeline about.</summary>
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

    /// <summary>The token of the notify URL: it alone made a notification trusted, at a source with <c>Trust: Token</c>.</summary>
    Token,

    /// <summary>Somebody who asked for a poll.</summary>
    Request,

    /// <summary>The provider's callback after an upload.</summary>
    UploadCallback,
}

/// <summary>What became of a notification.</summary>
public enum NotifiedResult
{
    /// <summary>What it reports was merged into the job.</summary>
    Recorded,

    /// <summary>It is not trusted, and only made the next poll due.</summary>
    Hint,

    /// <summary>A poll had settled the job before.</summary>
    Late,
}

/// <summary>Something that happened to a job, once or several times in a row.</summary>
public sealed record TimelineEntry
{
    /// <summary>When it happened, by the clock of the host that recorded it, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What happened.</summary>
    public required TimelineEvent What { get; init; }

    /// <summary>How many times it happened in a row; absent for once.</summary>
    [Range(2, int.MaxValue)]
    public int? Count { get; init; }

    /// <summary>When it happened last; absent where it happened once.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>
    /// What brought it about: of <c>registered</c>, <c>resumed</c> and <c>settled</c>; of <c>notified</c> only <c>token</c>, where no strong
    /// signature made the notification trusted.
    /// </summary>
    public TimelineCause? By { get; init; }

    /// <summary>Of <c>notified</c>: what the signature is worth. <c>invalid</c> does not occur: such notifications go to quarantine.</summary>
    public Trust? Trust { get; init; }

    /// <summary>Of <c>notified</c>: what became of it.</summary>
    public NotifiedResult? Result { get; init; }

    /// <summary>Of <c>polled</c>: the answer in words, as <c>lastPoll</c> has it.</summary>
    [MaxLength(StatusAnswer.MaxWords)]
    public string? Answer { get; init; }

    /// <summary>
    /// Of <c>polled</c>: why the poll was made when it was, as <c>nextPollReason</c> has it; absent if an earlier version decided it. Of <c>expired</c>: why
    /// the job was given up: <c>deadline</c> (it had no outcome by then), <c>unknownId</c> (the status API does not know the id), or <c>outOfScope</c> (only
    /// untrusted notifications had named it, and the status API answered about another bucket or pipeline).
    /// </summary>
    public PollReason? Reason { get; init; }

    /// <summary>Of <c>settled</c>: the outcome. Of <c>polled</c>: how the answer says that the job stands, where it is a report.</summary>
    public JobState? State { get; init; }
}
