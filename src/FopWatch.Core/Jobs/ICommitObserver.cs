using FopWatch.Publishing;

namespace FopWatch.Jobs;

/// <summary>The cause of a commit.</summary>
public enum CommitCause
{
    /// <summary>Anything but the job's own watch: a notification, a registration, an operator, the sweep.</summary>
    Outside,

    /// <summary>A poll by the job's running watch, which already knows the change.</summary>
    Watch,

    /// <summary>A bulk change. A watch whose poll is far off is not woken: the due index will start or wake it.</summary>
    Bulk,
}

/// <summary>A commit of a job.</summary>
/// <param name="Before">The job before; null if it is new.</param>
/// <param name="After">The job as committed.</param>
/// <param name="Event">The event that was committed with it; null if there is none.</param>
/// <param name="Cause">The cause.</param>
public sealed record JobCommitted(Job? Before, Job After, OutboxEvent? Event, CommitCause Cause)
{
    /// <summary>Whether the job became overdue with this commit.</summary>
    public bool IsFoundOverdue => After.IsOverdue && Before is not { IsOverdue: true };
}

/// <summary>Observes every commit of a job; one per host.</summary>
public interface ICommitObserver
{
    /// <summary>A job was committed. The commit is durable, so a failure here must not fail the caller.</summary>
    ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken);
}
