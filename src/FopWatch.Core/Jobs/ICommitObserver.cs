using FopWatch.Publishing;

namespace FopWatch.Jobs;

/// <summary>What made a commit.</summary>
public enum CommitCause
{
    /// <summary>Anything but the job's own watch: a notification, a registration, an operator, the sweep.</summary>
    Outside,

    /// <summary>A poll by the job's running watch, which knows of the change and need not be told.</summary>
    Watch,

    /// <summary>One of many changes that somebody makes at once. A watch whose poll is far off is not told: the due index will start or wake it.</summary>
    Bulk,
}

/// <summary>A commit that was made.</summary>
/// <param name="Before">The job before; null if it is new.</param>
/// <param name="After">The job as committed.</param>
/// <param name="Event">The event that was committed with it; null if there is none.</param>
/// <param name="Cause">What made it.</param>
public sealed record JobCommitted(Job? Before, Job After, OutboxEvent? Event, CommitCause Cause)
{
    /// <summary>Whether the job became overdue.</summary>
    public bool IsFoundOverdue => After.IsOverdue && Before is not { IsOverdue: true };
}

/// <summary>Is told of every commit of a job; one per host.</summary>
public interface ICommitObserver
{
    /// <summary>A job was committed. All of it is durable, so nothing here may fail the caller.</summary>
    ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken);
}
