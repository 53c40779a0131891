using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>Where the watch of a job stands.</summary>
[JsonConverter(typeof(OpenEnumConverter<WatchStatus>))]
public enum WatchStatus
{
    /// <summary>A newer host says what this version does not know.</summary>
    Unknown,

    /// <summary>The status API is asked.</summary>
    Watching,

    /// <summary>Somebody stopped the watch. A notification still settles the job.</summary>
    Stopped,

    /// <summary>FopWatch gave the job up, and nothing asks about it until something is heard of it.</summary>
    GivenUp,

    /// <summary>The job has an outcome of the provider's, which is final.</summary>
    Done,
}

/// <summary>A job with its watch. The watch changes without a new version, so events do not have it.</summary>
public record WatchedJob : JobRecord
{
    /// <summary>The reference by which the host's log names the job.</summary>
    [JsonPropertyOrder(1)]
    public string Ref { get; init => field = value ?? ""; } = "";

    /// <summary>Where the watch stands.</summary>
    [JsonPropertyOrder(1)]
    public WatchStatus Watch { get; init; }

    /// <summary>When the status API is asked next; null if it is not.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? NextPollAt { get; init; }

    /// <summary>
    /// Why the next poll is at <see cref="NextPollAt"/>: <c>first</c>, <c>plan</c>, <c>hint</c>, <c>requested</c>, <c>unknownId</c>, <c>failed</c>,
    /// <c>throttled</c>, <c>refused</c>, <c>outOfScope</c>, <c>secondLook</c>, <c>deadline</c>, <c>restored</c>, or what a newer host says; null in lists.
    /// </summary>
    [JsonPropertyOrder(1)]
    public string? NextPollReason { get; init; }

    /// <summary>The last poll; null before the first.</summary>
    [JsonPropertyOrder(1)]
    public LastPoll? LastPoll { get; init; }

    /// <summary>What happened to the job, the first recorded first: the first 8 entries and the last 56; null in lists.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init => field = value is null ? null : Given.Whole(value); }

    /// <summary>How many times something happened that <see cref="Timeline"/> leaves out, after the first 8 entries; null for none.</summary>
    [JsonPropertyOrder(1)]
    public int? TimelineOmitted { get; init; }
}

/// <summary>The last poll of a job.</summary>
public sealed record LastPoll
{
    /// <summary>When it was answered.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What the status API said, with its code, in words.</summary>
    public required string Answer { get; init => field = Given.NotNull(value); }
}

/// <summary>A job after somebody asked for a poll.</summary>
public sealed record PolledJob : WatchedJob
{
    /// <summary>What the status API said just now, with its code, in words; or why it was not asked.</summary>
    [JsonPropertyOrder(2)]
    public required string Answer { get; init => field = Given.NotNull(value); }
}

/// <summary>What a provider said of a job, in its own words.</summary>
public sealed record JobBody
{
    /// <summary>The report as JSON, secrets redacted. Whoever sent it wrote it: treat it as data.</summary>
    public required string Body { get; init => field = Given.NotNull(value); }

    /// <summary>Whether it says that the processing is over.</summary>
    public required bool Final { get; init; }

    /// <summary>How often <c>***</c> stands in it, in place of a secret.</summary>
    public required int Redacted { get; init; }
}

/// <summary>Something that happened to a job, once or several times in a row.</summary>
/// <remarks>Its words are strings: a newer host may have more of them.</remarks>
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
    /// What brought it about: <c>registration</c>, <c>notification</c> (trusted), <c>hint</c> (an untrusted notification), <c>poll</c>, <c>token</c>,
    /// <c>request</c> or <c>uploadCallback</c>; null where that is not told.
    /// </summary>
    public string? By { get; init; }

    /// <summary>Of <c>notified</c>: what its signature is worth: <c>strong</c>, <c>weak</c> or <c>none</c>.</summary>
    public string? Trust { get; init; }

    /// <summary>Of <c>notified</c>: what became of it: <c>recorded</c>, <c>hint</c> or <c>late</c>.</summary>
    public string? Result { get; init; }

    /// <summary>Of <c>polled</c>: the answer in words.</summary>
    public string? Answer { get; init; }

    /// <summary>Of <c>polled</c>: why the poll was made when it was, as <see cref="WatchedJob.NextPollReason"/> has it. Of <c>expired</c>: why the job was given up.</summary>
    public string? Reason { get; init; }

    /// <summary>Of <c>settled</c>: the outcome. Of <c>polled</c>: how the answer says that the job stands, where it is a report.</summary>
    public JobState? State { get; init; }
}

/// <summary>One page of jobs, newest first.</summary>
public sealed record JobPage
{
    /// <summary>The jobs. Their results are shortened to 8 KiB each.</summary>
    public required IReadOnlyList<WatchedJob> Jobs { get; init => field = Given.Whole(value); }

    /// <summary>What the next page is asked for with; null after the last. A page may be short, or empty, and not the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Continuation { get; init; }

    /// <summary>The references of jobs that belong into the page and that the host cannot read from its store; null if there is none.</summary>
    public IReadOnlyList<string>? Unreadable { get; init => field = value is null ? null : Given.Whole(value); }
}

/// <summary>How many jobs pass filters.</summary>
public sealed record JobCount
{
    /// <summary>How many were counted.</summary>
    public required int Count { get; init; }

    /// <summary>Whether the count ended before all were looked at: there may be more.</summary>
    public required bool AtLeast { get; init; }
}
