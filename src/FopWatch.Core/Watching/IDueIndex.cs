using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>A job in the due index.</summary>
/// <param name="Key">The job.</param>
/// <param name="DueAt">When it is to be polled.</param>
public readonly record struct DueJob(JobKey Key, DateTimeOffset DueAt);

/// <summary>The index of watched jobs by the time at which they are to be polled next: what makes a watch durable.</summary>
public interface IDueIndex
{
    /// <summary>The jobs of a source that are due by a time, the longest due first. Costs no more when more jobs are due later.</summary>
    ValueTask<IReadOnlyList<DueJob>> DueAsync(string source, DateTimeOffset by, int limit, CancellationToken cancellationToken);

    /// <summary>The jobs of a source that are due later than a time, the soonest due first.</summary>
    ValueTask<IReadOnlyList<DueJob>> DueAfterAsync(string source, DateTimeOffset after, int limit, CancellationToken cancellationToken);

    /// <summary>When the first job of a source that is due later than a given time will be due; null if none will.</summary>
    ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken);
}

/// <summary>
/// Told after a commit that a job's watch changed. The due index already says so durably: an implementation only makes it
/// quicker, and a call that gets lost may cost nothing but time.
/// </summary>
public interface IWatcher
{
    /// <summary>The job is to be polled at its <see cref="Watch.DueAt"/>.</summary>
    ValueTask EnsureWatchedAsync(Job job, CancellationToken cancellationToken);

    /// <summary>The job is to be polled within seconds, or sooner than before.</summary>
    ValueTask NudgeAsync(Job job, CancellationToken cancellationToken);

    /// <summary>The job needs no more polls.</summary>
    ValueTask StopAsync(Job job, CancellationToken cancellationToken);
}
