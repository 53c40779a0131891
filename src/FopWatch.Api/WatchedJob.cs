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
    [SetsRequiredMembers]
    public WatchedJob(Job job, JobReferences references, OutputDomains? domains)
        : base(job.ToRecord(domains))
    {
        ArgumentNullException.ThrowIfNull(references);
        Ref = references.Of(job.Key);
        Watch = job.WatchStatus;
        NextPollAt = job.Watch.DueAt;
        LastPoll = job.Watch.LastPolledAt is { } at
            ? new(at, job.Watch.LastAnswerInWords ?? StatusAnswer.InWords(job.Watch.LastAnswer))
            : null;
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

    /// <summary>The last poll; absent before the first.</summary>
    [JsonPropertyOrder(1)]
    public LastPoll? LastPoll { get; init; }
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
        : base(job, references, domains) => Answer = answer?.InWords() ?? "not asked: the job has the provider's outcome, which is final";

    /// <summary>
    /// What the status API said just now, with its code, in words, for example <c>HTTP 612: the status API does not know this id</c>; or why it was not
    /// asked.
    /// </summary>
    [JsonPropertyOrder(2)]
    [MaxLength(StatusAnswer.MaxWords)]
    public required string Answer { get; init; }
}
