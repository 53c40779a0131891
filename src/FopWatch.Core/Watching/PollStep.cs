using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Watching;

/// <summary>The result of a step of a watch.</summary>
/// <param name="DueAt">When the next step is due; null if the job needs no more steps.</param>
/// <param name="LastAnswer">The last answer of the status API.</param>
/// <param name="Polls">The number of polls.</param>
/// <param name="IsPostponed">Whether a due poll was postponed.</param>
public sealed record PollStepResult(DateTimeOffset? DueAt, PollAnswer LastAnswer, int Polls, bool IsPostponed);

/// <summary>One step of a watch: polls its job if the poll is due and has a slot.</summary>
/// <param name="poller">Polls the job.</param>
/// <param name="slots">The slots for polls.</param>
/// <param name="troubles">Receives failed polls.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PollStep(Poller poller, PollSlots slots, Troubles troubles, ILogger log, TimeProvider time)
{
    /// <summary>Runs the step. A poll that fails for any reason other than the store is postponed.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<PollStepResult> RunAsync(JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            var polled = await poller.PollDueAsync(key, slots, CommitCause.Watch, cancellationToken);
            log.Polled(key.Source, polled);
            var dueAt = polled.LacksSource ? null : polled.Job?.Watch.DueAt;

            // If a failed poll could not be postponed in the store, the job is still due.
            var postponed = polled.PostponedUntil ?? (polled.Fault is not null && dueAt <= time.GetUtcNow() ? time.GetUtcNow() + SetAside.First : null);
            return new(postponed ?? dueAt, polled.Job?.Watch.LastAnswer ?? PollAnswer.None, polled.Job?.Watch.Polls ?? 0, postponed is not null);
        }
        catch (Exception e) when (e is not StoreUnavailableException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            troubles.Occurred(key.Source, TroubleKind.PollsFail, $"the poll failed: {e.GetType().Name}");
            log.PollFaulted(key.Source, e);
            return new(time.GetUtcNow() + SetAside.First, PollAnswer.None, 0, IsPostponed: true);
        }
    }
}
