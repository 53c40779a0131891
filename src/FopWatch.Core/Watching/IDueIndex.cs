using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>The index of watched jobs by the time at which they are to be polled next: what makes a watch durable.</summary>
public interface IDueIndex
{
    /// <summary>The jobs of a source that are due, the longest due first. Costs no more when more jobs are not due.</summary>
    ValueTask<IReadOnlyList<JobKey>> DueAsync(string source, DateTimeOffset now, int limit, CancellationToken cancellationToken);

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
