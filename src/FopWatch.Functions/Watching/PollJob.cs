using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>One step of a watch: looks in the store first, and asks the provider only if the job's poll is due.</summary>
public sealed class PollJob(
    Sources sources, Poller poller, PollSlots slots, Watches watches, Troubles troubles, TimeProvider time, ILogger<PollJob> logger)
{
    /// <summary>The activity's name.</summary>
    public const string Name = "PollJob";

    /// <summary>Does the step.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    [Function(Name)]
    public async Task<WatchStep> RunAsync([ActivityTrigger] WatchInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        try
        {
            return await StepAsync(input, cancellationToken);
        }
        catch (Exception e) when (e is not StoreUnavailableException && !cancellationToken.IsCancellationRequested)
        {
            // The retries of a step that throws would only repeat it. One that cannot go on is started again by the due index, a minute later.
            troubles.Occurred(input.Source, TroubleKind.PollsFail, $"the poll failed: {e.GetType().Name}");
            logger.PollFaulted(input.Source, e);
            return Sleeping(new() { DueAt = GoesOn(input) ? time.GetUtcNow() + SetAside.First : null, Postponed = true });
        }
    }

    // One whose instance id has the job's id ends, and the due index starts the watch again under another.
    private static bool GoesOn(WatchInput input) => input.Version >= WatchInput.FirstWithReference;

    private async Task<WatchStep> StepAsync(WatchInput input, CancellationToken cancellationToken)
    {
        var job = (await poller.FindDueAsync(input.Key, cancellationToken))?.Job;
        if (job?.Watch.DueAt is not { } due)
            return StepOf(job, goesOn: false);

        var goesOn = GoesOn(input);
        if (due > time.GetUtcNow() + PollPlan.ClockTolerance)
            return StepOf(job, goesOn);

        // The source is not configured any more. Its jobs wait in the due index for it to come back.
        if (sources.Find(input.Source) is not { } source)
            return StepOf(job, goesOn: false);
        if (await slots.TryTakeAsync(source, cancellationToken) is not { } slot)
            return Sleeping(StepOf(job, goesOn: true) with { DueAt = slots.Postpone(source), Postponed = true });

        using var taken = slot;
        using var inside = watches.Inside();
        var polled = await poller.PollAsync(input.Key, evenIfUnwatched: false, cancellationToken);
        logger.Polled(input.Source, polled);

        // One that could not be put off with its job is still due by the job.
        var step = StepOf(polled.Job, goesOn);
        return polled.Fault is not null && step.DueAt <= time.GetUtcNow()
            ? Sleeping(step with { DueAt = time.GetUtcNow() + SetAside.First, Postponed = true })
            : step;
    }

    private WatchStep StepOf(Job? job, bool goesOn) => Sleeping(new()
    {
        DueAt = goesOn ? job?.Watch.DueAt : null,
        LastAnswer = job?.Watch.LastAnswer ?? PollAnswer.None,
        Polls = job?.Watch.Polls ?? 0,
    });

    private WatchStep Sleeping(WatchStep step) =>
        step with { Wait = step.DueAt - time.GetUtcNow() is { } wait && wait > TimeSpan.Zero ? wait : step.DueAt is null ? null : TimeSpan.Zero };
}
