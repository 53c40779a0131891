using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Decides what becomes of a job: the rules of registrations, reports, hints, poll answers, stops, republications and repairs. Pure functions;
/// <see cref="Job"/> has the algebra that they are written in, <see cref="PollPlan"/> the times of polls and hints, <see cref="GivingUp"/> when a job expires.
/// </summary>
public static class JobDecider
{
    /// <summary>Decides about one input.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="job">The job as it is; null if there is none.</param>
    /// <param name="input">What happened.</param>
    /// <param name="source">The job's source. Null if it is not configured any more: only stops, republications and restored watches do without.</param>
    /// <param name="now">The time.</param>
    /// <returns>The change; null if there is no job and the input creates none.</returns>
    public static JobChange? Decide(JobKey key, Job? job, DecisionInput input, Source? source, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(input);
        if ((job ?? New(key, input, source, now)) is not { } from)
            return null;

        var change = input switch
        {
            DecisionInput.StopWatching => from.HasOutcome ? JobChange.Nothing(from) : from.Rewatch(from.Watch.Stop()),
            DecisionInput.Republish => from.IsSettled && from.Origin != JobOrigin.Hint ? from.Republish(now) : JobChange.Nothing(from),
            DecisionInput.RestoreWatch => RestoreWatch(from, now),
            DecisionInput.Reindex => JobChange.Nothing(from),
            _ when source is null => throw new ArgumentNullException(nameof(source)),
            DecisionInput.Registration registration => Register(from, registration, source.Poll, now),
            DecisionInput.Report report => Report(from, report, source.Poll, now),
            DecisionInput.Hint hint => Hint(from, hint, source.Poll, now),
            DecisionInput.Polled polled => Polled(from, polled, source.Poll, now),
            DecisionInput.CorrectTimes => from.HasOutcome ? JobChange.Nothing(from) : from.Rewatch(PollPlan.Corrected(source.Poll, from.Watch, now)),
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };

        var after = change.Job with { Facts = change.Job.Facts.Bounded(), Version = Math.Max(change.Job.Version, 1) };

        // What was found to be wrong with an index is put right by writing the job as it is.
        var isWritten = change.EventType is not null || after != job || input is DecisionInput.RestoreWatch or DecisionInput.Reindex;
        return change with { Job = after, IsWritten = isWritten };
    }

    /// <summary>
    /// Whether an input needs leave: a hint at an id that nothing genuine has named and nothing watches. It may be made up, and would be polled.
    /// </summary>
    public static bool NeedsAdmission(Job? job, DecisionInput input) =>
        input is DecisionInput.Hint && job is null or { Origin: JobOrigin.Hint, WatchStatus: WatchStatus.GivenUp };

    private static Job? New(JobKey key, DecisionInput input, Source? source, DateTimeOffset now)
    {
        if (input.Creates is not { } origin)
            return null;
        ArgumentNullException.ThrowIfNull(source);
        return Job.New(key, source.Provider.Kind, origin, PollPlan.Start(source.Poll, now, input.FirstPoll), now);
    }

    private static JobChange Register(Job job, DecisionInput.Registration registration, PollSettings poll, DateTimeOffset now) =>
        job.Register(registration.Metadata, now).Then(next =>
            next.HasOutcome ? JobChange.Nothing(next)
            : next.Watch.NextPollAt is null ? next.Rewatch(PollPlan.Restart(poll, next.Watch, now, registration.FirstPollAfter))
            : job.Origin == JobOrigin.Hint ? next.Rewatch(PollPlan.Claimed(poll, next.Watch, now, registration.FirstPollAfter))
            : JobChange.Nothing(next));

    private static JobChange Report(Job job, DecisionInput.Report input, PollSettings poll, DateTimeOffset now)
    {
        var report = input.Told;
        var change = job.Correlate(input.Correlation, now).Then(next => next.Apply(report, now)).Then(next => Named(next, report.IsWorkflow));
        if (job.Origin == JobOrigin.Hint && !change.Job.HasOutcome)
            change = change.Then(next => next.Rewatch(PollPlan.Claimed(poll, next.Watch, now)));

        if (change.Job.HasOutcome)
            return change;

        // The provider says that it is over and not how: the status API will know.
        if (report.AsksForPoll || report.Facts.Closed)
            return change.Then(next => next.Rewatch(PollPlan.Hinted(poll, next.Watch, now)));
        return change.Job.WatchStatus == WatchStatus.GivenUp ? change.Then(next => next.Rewatch(PollPlan.Restart(poll, next.Watch, now))) : change;
    }

    private static JobChange Hint(Job job, DecisionInput.Hint hint, PollSettings poll, DateTimeOffset now) =>
        job.HasOutcome ? JobChange.Nothing(job)
        : job.Version == 0 ? Named(job, hint.IsWorkflow)
        : job.Rewatch(PollPlan.Hinted(poll, job.Watch, now)).Then(next => Named(next, hint.IsWorkflow));

    private static JobChange Polled(Job job, DecisionInput.Polled polled, PollSettings poll, DateTimeOffset now)
    {
        var (asked, answer) = (polled.Asked, polled.Answer);
        var change = answer.Report is { } report
            ? job.Apply(report with { Facts = job.Facts.Confirmed(report.Facts) }, now).Then(next => Named(next, report.IsWorkflow))
            : JobChange.Nothing(job);
        if (job.Origin == JobOrigin.Hint && change.Job.Origin != JobOrigin.Hint)
            change = change.Then(next => next.Rewatch(PollPlan.Claimed(poll, next.Watch, now)));
        else if (change.Job.WatchStatus == WatchStatus.GivenUp && asked.NextPollAt is null && answer.Report is not null)
            change = change.Then(next => next.Rewatch(PollPlan.Restart(poll, next.Watch, now)));
        var (watch, givenUp) = PollPlan.Answered(
            poll, change.Job.Watch, asked, change.Job.Facts, answer, now, polled.Chance, IsNobodys(change.Job));
        change = change.Then(next => next.Rewatch(watch));
        return givenUp is { } reason ? change.Then(next => next.GiveUp(reason, now)) : change;
    }

    private static JobChange RestoreWatch(Job job, DateTimeOffset now) =>
        job.WatchStatus == WatchStatus.Watching ? job.Rewatch(PollPlan.Restored(job.Watch, now)) : JobChange.Nothing(job);

    private static bool IsNobodys(Job job) => job.Origin == JobOrigin.Hint;

    private static JobChange Named(Job job, bool isWorkflow) =>
        isWorkflow ? job.Rewatch(job.Watch with { IsWorkflow = true }) : JobChange.Nothing(job);
}
