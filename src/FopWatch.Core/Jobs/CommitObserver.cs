using FopWatch.Diagnosis;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Decides what follows a commit: which event is published at once, which waiters get the outcome, what is logged, and whether the watch of the job is started,
/// woken or ended.
/// </summary>
/// <param name="watches">Runs the watches.</param>
/// <param name="events">Receives committed events.</param>
/// <param name="waiters">The requests that wait for outcomes.</param>
/// <param name="references">The references by which the log names jobs.</param>
/// <param name="log">Receives outcomes.</param>
/// <param name="metrics">Measures commits, after everything else: a commit that cannot be measured is still durable.</param>
/// <param name="time">The clock.</param>
public sealed class CommitObserver(
    IWatchRunner watches,
    ICommittedEvents events,
    OutcomeWaiters waiters,
    JobReferences references,
    IOperatorLog log,
    FopWatchMetrics metrics,
    TimeProvider time) : ICommitObserver
{
    /// <summary>
    /// How long before the first poll of a job its watch is started: longer than the minute between two reads of the due index. Later polls are left
    /// to the due index.
    /// </summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromSeconds(75);

    /// <inheritdoc/>
    public async ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(committed);
        try
        {
            await FollowAsync(committed, cancellationToken);
        }
        finally
        {
            metrics.Committed(committed);
        }
    }

    private async ValueTask FollowAsync(JobCommitted committed, CancellationToken cancellationToken)
    {
        var (before, after) = (committed.Before, committed.After);
        if (committed.Event is { } @event)
            events.Committed(@event);

        if (after.IsSettled)
        {
            waiters.Announce(after);

            // A job that only untrusted notifications name is not logged, so that a stranger cannot fill the log.
            if (after.Origin != JobOrigin.Hint && (before?.State != after.State || before.Origin == JobOrigin.Hint))
                log.Settled(after, references);
        }

        if (committed.Cause == CommitCause.Watch)
            return;

        var (was, soon) = (before?.Watch.DueAt, time.GetUtcNow() + Ahead);
        if (after.Watch.NextPollAt is not { } due)
        {
            // Most jobs are notified before their watch has started, and ending a watch that does not run costs requests.
            if (was is { } dueBefore && (after.Watch.LastPolledAt is not null || dueBefore <= soon))
                await watches.EndAsync(after.Key, cancellationToken);
        }
        else if (committed.Cause == CommitCause.Bulk && due > soon)
        {
            return;
        }
        else if (due < was || due <= time.GetUtcNow() + PollPlan.HintSpacing)
        {
            await watches.WakeAsync(new(after.Key, due), cancellationToken);
        }
        else if (due != was && due <= soon)
        {
            await watches.StartAsync(new(after.Key, due), cancellationToken);
        }
    }
}
