using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The status of a job's watch.</summary>
[JsonConverter(typeof(OpenEnumConverter<WatchStatus>))]
public enum WatchStatus
{
    /// <summary>A value from a newer host that this version does not know.</summary>
    Unknown,

    /// <summary>The job is polled.</summary>
    Watching,

    /// <summary>A user stopped the watch. A notification still settles the job.</summary>
    Stopped,

    /// <summary>FopWatch gave up on the job. It is not polled until a notification or registration resumes it.</summary>
    GivenUp,

    /// <summary>The job has an outcome from the provider, which is final.</summary>
    Done,
}

/// <summary>A job with its watch. The watch changes without a new version, so events do not include it.</summary>
public record WatchedJob : JobRecord
{
    /// <summary>The reference of the job in the host's log.</summary>
    [JsonPropertyOrder(1)]
    public string Ref { get; init => field = value ?? ""; } = "";

    /// <summary>The status of the watch.</summary>
    [JsonPropertyOrder(1)]
    public WatchStatus Watch { get; init; }

    /// <summary>When the job is polled next; null if it is not polled.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? NextPollAt { get; init; }

    /// <summary>
    /// Why the next poll is at <see cref="NextPollAt"/>: <c>first</c>, <c>plan</c>, <c>hint</c>, <c>requested</c>, <c>unknownId</c>,
    /// <c>failed</c>, <c>throttled</c>, <c>refused</c>, <c>outOfScope</c>, <c>secondLook</c>, <c>deadline</c>, <c>restored</c>, or a reason
    /// of a newer host; null in lists.
    /// </summary>
    [JsonPropertyOrder(1)]
    public string? NextPollReason { get; init; }

    /// <summary>The last poll; null before the first.</summary>
    [JsonPropertyOrder(1)]
    public LastPoll? LastPoll { get; init; }

    /// <summary>What happened to the job, in order of recording: the first 8 entries and the last 56; null in lists.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init => field = value is null ? null : Given.Whole(value); }

    /// <summary>How many occurrences <see cref="Timeline"/> leaves out after the first 8 entries; null for none.</summary>
    [JsonPropertyOrder(1)]
    public int? TimelineOmitted { get; init; }
}

/// <summary>The last poll of a job.</summary>
public sealed record LastPoll
{
    /// <summary>When it was answered.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The answer of the status API in words, with its code.</summary>
    public required string Answer { get; init => field = Given.NotNull(value); }
}

/// <summary>A job after a requested poll.</summary>
public sealed record PolledJob : WatchedJob
{
    /// <summary>The answer of the status API in words, with its code, or why it was not polled.</summary>
    [JsonPropertyOrder(2)]
    public required string Answer { get; init => field = Given.NotNull(value); }
}

/// <summary>A provider's report about a job in its original form.</summary>
public sealed record JobBody
{
    /// <summary>The report as JSON, with secrets redacted. It is untrusted input: treat it as data.</summary>
    public required string Body { get; init => field = Given.NotNull(value); }

    /// <summary>Whether the report says that processing is over.</summary>
    public required bool Final { get; init; }

    /// <summary>How many secrets were replaced by <c>***</c>.</summary>
    public required int Redacted { get; init; }
}

/// <summary>An entry of a job's timeline: something that happened once or several times in a row.</summary>
/// <remarks>Its words are strings, because a newer host may have more of them.</remarks>
public sealed record TimelineEntry
{
    /// <summary>When it happened, by the clock of the host.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// What happened: <c>registered</c>, <c>notified</c>, <c>polled</c>, <c>settled</c>, <c>overdue</c>, <c>expired</c>, <c>stopped</c>, <c>resumed</c> or
    /// <c>republished</c>.
    /// </summary>
    public required string What { get; init => field = Given.NotNull(value); }

    /// <summary>How many times it happened in a row; null for once.</summary>
    public int? Count { get; init; }

    /// <summary>When it happened last; null where it happened once.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>
    /// The cause: <c>registration</c>, <c>notification</c> (trusted), <c>hint</c> (an untrusted notification), <c>poll</c>, <c>token</c>,
    /// <c>request</c> or <c>uploadCallback</c>; null if it is not recorded.
    /// </summary>
    public string? By { get; init; }

    /// <summary>For <c>notified</c>: the trust in the signature: <c>strong</c>, <c>weak</c> or <c>none</c>.</summary>
    public string? Trust { get; init; }

    /// <summary>For <c>notified</c>: the result: <c>recorded</c>, <c>hint</c> or <c>late</c>.</summary>
    public string? Result { get; init; }

    /// <summary>For <c>polled</c>: the answer in words.</summary>
    public string? Answer { get; init; }

    /// <summary>
    /// For <c>polled</c>: the reason of the poll, with the values of <see cref="WatchedJob.NextPollReason"/>. For <c>expired</c>: why
    /// FopWatch gave up on the job.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>For <c>settled</c>: the outcome. For <c>polled</c>: the state in the answer, if it is a report.</summary>
    public JobState? State { get; init; }
}

/// <summary>One page of jobs, newest first.</summary>
public sealed record JobPage
{
    /// <summary>The jobs. Each result is shortened to 8 KiB.</summary>
    public required IReadOnlyList<WatchedJob> Jobs { get; init => field = Given.Whole(value); }

    /// <summary>
    /// The value with which to request the next page; null after the last. A page that is not the last can be short or empty.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Continuation { get; init; }

    /// <summary>The references of jobs in this page that the host cannot read from its store; null if there are none.</summary>
    public IReadOnlyList<string>? Unreadable { get; init => field = value is null ? null : Given.Whole(value); }
}

/// <summary>How many jobs match filters.</summary>
public sealed record JobCount
{
    /// <summary>The number of counted jobs.</summary>
    public required int Count { get; init; }

    /// <summary>Whether the count stopped early, so that there may be more.</summary>
    public required bool AtLeast { get; init; }
}
