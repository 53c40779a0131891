using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Watching;

/// <summary>What came of a step of a watch.</summary>
/// <param name="DueAt">When the next step is due; null if the job needs no more.</param>
/// <param name="LastAnswer">How the status API answered last.</param>
/// <param name="Polls">How often it has been asked.</param>
/// <param name="IsPostponed">Whether a poll is due already, and was put off.</param>
public sealed record PollStepResult(DateTimeOffset? DueAt, PollAnswer LastAnswer, int Polls, bool IsPostponed);

/// <summary>One step of a watch: polls its job if that is due and there is a slot for it.</summary>
/// <param name="poller">Polls.</param>
/// <param name="slots">The slots for polls.</param>
/// <param name="troubles">Is told of polls that fail.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PollStep(Poller poller, PollSlots slots, Troubles troubles, ILogger log, TimeProvider time)
{
    /// <summary>Does the step. A poll that fails for whatever reason but the store's is put off.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<PollStepResult> RunAsync(JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            var polled = await poller.PollDueAsync(key, slots, CommitCause.Watch, cancellationToken);
            log.Polled(key.Source, polled);
            var dueAt = polled.LacksSource ? null : polled.Job?.Watch.DueAt;

            // A poll that failed and could not be put off with its job is still due by the job.
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
