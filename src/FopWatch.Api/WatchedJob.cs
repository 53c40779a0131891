using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Api;

/// <summary>A job with its watch. The watch changes without a new version, so events do not have it.</summary>
/// <remarks>What <see cref="JobRecord"/> does not have is not required, so that a client reads the answers of an older host too.</remarks>
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
    /// <param name="isWhole">Whether to have its timeline and the reason of its next poll, as the answer for a single job does.</param>
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

    /// <summary>The reference by which the log names the job: a keyed hash of source and id. <c>GET /api/jobs?ref=</c> finds the job by it.</summary>
    [JsonPropertyOrder(1)]
    [RegularExpression("^[0-9a-f]{24}$")]
    public string Ref { get; init; } = "";

    /// <summary>Where the watch stands.</summary>
    [JsonPropertyOrder(1)]
    public WatchStatus Watch { get; init; }

    /// <summary>When the status API is asked next; absent if it is not.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? NextPollAt { get; init; }

    /// <summary>
    /// Why the next poll is at <see cref="NextPollAt"/>; absent where no poll is due, where an earlier version decided it, and in lists.
    /// </summary>
    [JsonPropertyOrder(1)]
    public PollReason? NextPollReason { get; init; }

    /// <summary>The last poll; absent before the first.</summary>
    [JsonPropertyOrder(1)]
    public LastPoll? LastPoll { get; init; }

    /// <summary>
    /// What happened to the job, the first recorded first; absent in lists. Equal entries in a row are one entry with a <c>count</c>. The first 8 entries and the
    /// last 56 are kept. What changed nothing is not here: a notification that repeats what is known, for example. A job that an earlier version stored has no
    /// entries of that time.
    /// </summary>
    [JsonPropertyOrder(1)]
    [MaxLength(Jobs.Timeline.MostFirst + Jobs.Timeline.MostLast)]
    public IReadOnlyList<TimelineEntry>? Timeline { get; init; }

    /// <summary>How many times something happened that <see cref="Timeline"/> leaves out, after the first 8 entries; absent for none.</summary>
    [JsonPropertyOrder(1)]
    public int? TimelineOmitted { get; init; }
}

/// <summary>The last poll of a job.</summary>
/// <param name="At">When it was answered.</param>
/// <param name="Answer">What the status API said, with its code, in words.</param>
public sealed record LastPoll(DateTimeOffset At, [property: MaxLength(StatusAnswer.MaxWords)] string Answer);

/// <summary>A job after somebody asked for a poll.</summary>
public sealed record PolledJob : WatchedJob
{
    /// <summary>For deserialisation.</summary>
    [JsonConstructor]
    public PolledJob()
    {
    }

    /// <param name="job">The job afterwards.</param>
    /// <param name="references">The references of the installation.</param>
    /// <param name="domains">The domains of the job's source.</param>
    /// <param name="answer">What the status API said; null if it was not asked because the job has its outcome.</param>
    [SetsRequiredMembers]
    public PolledJob(Job job, JobReferences references, OutputDomains? domains, StatusAnswer? answer)
        : base(job, references, domains, isWhole: true) => Answer = answer?.InWords() ?? "not asked: the job has the provider's outcome, which is final";

    /// <summary>
    /// What the status API said just now, with its code, in words, for example <c>HTTP 612: the status API does not know this id</c>; or why it was not
    /// asked.
    /// </summary>
    [JsonPropertyOrder(2)]
    [MaxLength(StatusAnswer.MaxWords)]
    public required string Answer { get; init; }
}
