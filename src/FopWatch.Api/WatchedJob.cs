using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Api;

/// <summary>A job with its watch. Events have no watch, because it changes without a new version.</summary>
/// <remarks>Members beyond <see cref="JobRecord"/> are not required, so that a client can read the answers of an older host.</remarks>
public record WatchedJob : JobRecord
{
    /// <summary>For deserialisation.</summary>
    [JsonConstructor]
    public WatchedJob()
    {
    }

    /// <param name="job">The job.</param>
    /// <param name="references">The references of the installation.</param>
    /// <param name="domains">The domains of the job's source.</param>
    /// <param name="isWhole">Whether to include the timeline and the reason of the next poll, as in the answer for a single job.</param>
    [SetsRequiredMembers]
    public WatchedJob(Job job, JobReferences references, OutputDomains? domains, bool isWhole = false)
        : base(job.ToRecord(domains))
    {
        ArgumentNullException.ThrowIfNull(references);
        Ref = references.Of(job.Key);
        Watch = job.WatchStatus;
        NextPollAt = job.Watch.DueAt;
        LastPoll = job.Watch.LastPolledAt is { } at
            ? new(at, job.Watch.LastAnswerInWords ?? StatusAnswer.InWords(job.Watch.LastAnswer))
            : null;
        if (!isWhole)
            return;

        NextPollReason = job.Watch.NextPollAt is null ? null : job.Watch.Reason;
        Timeline = job.Timeline.Read(job.RegisteredAt);
        TimelineOmitted = job.Timeline.Omitted is > 0 and var omitted ? omitted : null;
    }

    /// <summary>The reference of the job in the log: a keyed hash of source and id. <c>GET /api/jobs?ref=</c> finds the job.</summary>
    [JsonPropertyOrder(1)]
    [RegularExpression("^[0-9a-f]{24}$")]
    public string Ref { get; init; } = "";

    /// <summary>The status of the watch.</summary>
    [JsonPropertyOrder(1)]
    public WatchStatus Watch { get; init; }

    /// <summary>When the next poll is due; absent if none is.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? NextPollAt { get; init; }

    /// <summary>
    /// Why the next poll is at <see cref="NextPollAt"/>; absent if no poll is due, if an earlier version scheduled it, and in lists.
    /// </summary>
    [JsonPropertyOrder(1)]
    public PollReason? NextPollReason { get; init; }

    /// <summary>The last poll; absent before the first.</summary>
    [JsonPropertyOrder(1)]
    public LastPoll? LastPoll { get; init; }

    /// <summary>
    /// What happened to the job, in the order of recording; absent in lists. Consecutive equal entries are one entry with a <c>count</c>. The first 8 entries
    /// and the last 56 are kept. Inputs that changed nothing have no entry, for example a repeated notification. Earlier versions recorded no entries.
    /// </summary>
    [JsonPropertyOrder(1)]
    [MaxLength(Jobs.Timeline.MostFirst + Jobs.Timeline.MostLast)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init; }

    /// <summary>The number of events that <see cref="Timeline"/> omits after its first 8 entries; absent if it omits none.</summary>
    [JsonPropertyOrder(1)]
    public int? TimelineOmitted { get; init; }
}

/// <summary>The last poll of a job.</summary>
/// <param name="At">When it was answered.</param>
/// <param name="Answer">The status API's answer with its code, as text.</param>
public sealed record LastPoll(DateTimeOffset At, [property: MaxLength(StatusAnswer.MaxWords)] string Answer);

/// <summary>A job after a requested poll.</summary>
public sealed record PolledJob : WatchedJob
{
    /// <summary>For deserialisation.</summary>
    [JsonConstructor]
    public PolledJob()
    {
    }

    /// <param name="job">The job after the poll.</param>
    /// <param name="references">The references of the installation.</param>
    /// <param name="domains">The domains of the job's source.</param>
    /// <param name="answer">The status API's answer; null if it was not asked because the job has its outcome.</param>
    [SetsRequiredMembers]
    public PolledJob(Job job, JobReferences references, OutputDomains? domains, StatusAnswer? answer)
        : base(job, references, domains, isWhole: true) => Answer = answer?.InWords() ?? "not asked: the job has the provider's outcome, which is final";

    /// <summary>
    /// The status API's answer with its code, for example <c>HTTP 612: the status API does not know this id</c>; or the reason why it was not asked.
    /// </summary>
    [JsonPropertyOrder(2)]
    [MaxLength(StatusAnswer.MaxWords)]
    public required string Answer { get; init; }
}
