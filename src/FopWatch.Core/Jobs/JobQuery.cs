using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>A query for jobs. A job matches if it passes every filter.</summary>
public sealed record JobQuery
{
    /// <summary>The largest value of <see cref="Top"/>.</summary>
    public const int MaxTop = 1000;

    /// <summary>A list of at most this length is short: it does not wait for longer lists.</summary>
    public const int ShortTop = 100;

    /// <summary>Only jobs of this source.</summary>
    public string? Source { get; init; }

    /// <summary>Only jobs of these sources; null for any. <see cref="Source"/> applies too.</summary>
    public IReadOnlyCollection<string>? Within { get; init; }

    /// <summary>Only jobs in one of these states; empty for any.</summary>
    public IReadOnlyList<JobState> States { get; init; } = [];

    /// <summary>Only jobs whose watch has one of these statuses; empty for any.</summary>
    public IReadOnlyList<WatchStatus> Watches { get; init; } = [];

    /// <summary>True for only overdue jobs, false for only others (<see cref="Job.IsOverdue"/>); null for any.</summary>
    public bool? Overdue { get; init; }

    /// <summary>Only jobs registered at this time or later.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only jobs registered before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only jobs whose input is in this bucket.</summary>
    public string? Bucket { get; init; }

    /// <summary>Only jobs whose input has a key that begins with this.</summary>
    public string? KeyPrefix { get; init; }

    /// <summary>Only jobs whose id begins with this.</summary>
    public string? IdPrefix { get; init; }

    /// <summary>Only jobs that have all of these metadata entries.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>The most jobs to return: 1 to <see cref="MaxTop"/>.</summary>
    public int Top { get; init; } = 100;

    /// <summary>The <see cref="Page{T}.Continuation"/> of the previous page; null for the first page.</summary>
    public string? Continuation { get; init; }

    /// <summary>The sources that <see cref="Source"/> and <see cref="Within"/> allow; null for any.</summary>
    public IReadOnlyCollection<string>? Sources => Source is null ? Within : Within is null || Within.Contains(Source) ? [Source] : [];

    /// <summary>Whether the query filters by id, bucket, key or metadata, and not only by source, state, watch and time.</summary>
    public bool IsSearch => IdPrefix is not null || Bucket is not null || KeyPrefix is not null || Metadata.Count > 0;

    /// <summary>Whether a job passes every filter.</summary>
    public bool Matches(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return (Sources is not { } sources || sources.Contains(job.Key.Source))
            && Admits(job.State, job.WatchStatus, job.RegisteredAt)
            && (Overdue is null || job.IsOverdue == Overdue)
            && (Bucket is null || job.Facts.Bucket == Bucket)
            && (KeyPrefix is null || job.Facts.Key?.StartsWith(KeyPrefix, StringComparison.Ordinal) == true)
            && (IdPrefix is null || job.Key.Id.StartsWith(IdPrefix, StringComparison.Ordinal))
            && Metadata.All(wanted => job.Metadata.TryGetValue(wanted.Key, out var value) && value == wanted.Value);
    }

    /// <summary>Whether a job passes the filters of state, watch and time.</summary>
    public bool Admits(JobState state, WatchStatus watch, DateTimeOffset registeredAt) =>
        (States.Count == 0 || States.Contains(state))
        && (Watches.Count == 0 || Watches.Contains(watch))
        && (Since is null || registeredAt >= Since)
        && (Until is null || registeredAt < Until);
}

/// <summary>How many jobs match a query.</summary>
/// <param name="Count">The count.</param>
/// <param name="AtLeast">Whether the count stopped early, so that more jobs may match.</param>
public readonly record struct JobCount(int Count, bool AtLeast)
{
    /// <summary>After this time a store stops counting.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
}
