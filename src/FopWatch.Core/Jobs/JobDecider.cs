using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Decides how an input changes a job: the rules of registrations, reports, hints, poll answers, stops, republications and repairs. All are pure
/// functions, written with the operations of <see cref="Job"/> and <see cref="Watch"/>. <see cref="Watch.Start"/> decides the deadline,
/// <see cref="PollPlan"/> the time of the next poll, <see cref="GivingUp"/> when a job expires, and <see cref="OverdueAges"/> when it is overdue.
/// </summary>
public static class JobDecider
{
    /// <summary>Decides about one input.</summary>
    /// <param name="key">The key of the job.</param>
    /// <param name="job">The current job; null if there is none.</param>
    /// <param name="input">The input.</param>
    /// <param name="source">The source of the job; null if it is no longer configured, which only stops, republications and restored watches allow.</param>
    /// <param name="now">The time.</param>
    /// <param name="plans">The learned plans of the source; null for the fixed one.</param>
    /// <param name="overdue">The ages at which jobs of the source are overdue; null if unknown.</param>
    /// <returns>The change; null if there is no job and the input creates none.</returns>
    public static JobChange? Decide(
        JobKey key, Job? job, DecisionInput input, Source? source, DateTimeOffset now, SourcePlans? plans = null, OverdueAges? overdue = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input is DecisionInput.Matching matching)
        {
            return job is null ? null
                : matching.Query.Matches(job) ? Decide(key, job, matching.Then, source, now, plans)
                : JobChange.Nothing(job);
        }

        if ((job ?? New(key, input, source, now, plans)) is not { } from)
            return null;

        var change = input switch
        {
            DecisionInput.StopWatching => from.HasOutcome ? JobChange.Nothing(from) : from.Rewatch(from.Watch.Stop()),
            DecisionInput.Republish => from.IsSettled && from.Origin != JobOrigin.Hint ? from.Republish(now) : JobChange.Nothing(from),
            DecisionInput.RestoreWatch => RestoreWatch(from, now),
            DecisionInput.Reindex => JobChange.Nothing(from),
            _ when source is null => throw new ArgumentNullException(nameof(source)),
            DecisionInput.Registration registration => Register(from, registration, source.Poll, now, plans),
            DecisionInput.Report report => Report(from, report, source.Poll, now, plans),
            DecisionInput.Hint hint => Hint(from, hint, source.Poll, now),
            DecisionInput.PollBy pollBy => from.HasOutcome || from.WatchStatus == WatchStatus.Stopped
                ? JobChange.Nothing(from)
                : from.Rewatch(from.Watch.Requested(source.Poll, pollBy.At, now)),
            DecisionInput.Polled polled => Polled(from, polled, source.Poll, now, plans, overdue),
            DecisionInput.CorrectTimes => from.HasOutcome ? JobChange.Nothing(from) : from.Rewatch(PollPlan.Corrected(source.Poll, from.Watch, now)),
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };

        var after = change.Job with { Facts = change.Job.Facts.Bounded(), Version = Math.Max(change.Job.Version, 1) };

        // Writing an unchanged job repairs its index.
        var isWritten = change.EventType is not null || after != job || input is DecisionInput.RestoreWatch or DecisionInput.Reindex;
        return change with { Job = isWritten ? after with { Timeline = Chronicle.Of(job, after, input, now) } : after, IsWritten = isWritten };
    }

    /// <summary>
    /// Whether an input needs admission: a hint or an upload callback for an id that nothing genuine has named and that is not watched. The id may be made
    /// up, and would be polled.
    /// </summary>
    public static bool NeedsAdmission(Job? job, DecisionInput input) =>
        input is DecisionInput.Hint or DecisionInput.Registration { IsUploadCallback: true } && job is null or { Origin: JobOrigin.Hint, WatchStatus: WatchStatus.GivenUp };

    private static Job? New(JobKey key, DecisionInput input, Source? source, DateTimeOffset now, SourcePlans? plans)
    {
        if (input.Creates is not { } origin)
            return null;
        ArgumentNullException.ThrowIfNull(source);
        var watch = Watch.Start(source.Poll, now, input.FirstPoll, plans?.OfSource);

        // A hint may arrive long before or after its id was submitted, so the age of the job is unknown.
        return Job.New(key, source.Provider.Kind, origin, origin == JobOrigin.Hint ? watch with { Reason = PollReason.Hint } : watch with { AgeKnownTo = now }, now);
    }

    private static JobChange Register(Job job, DecisionInput.Registration registration, PollSettings poll, DateTimeOffset now, SourcePlans? plans) =>
        job.Register(registration.Metadata, now).Then(next =>
            next.HasOutcome ? JobChange.Nothing(next)
            : next.Watch.NextPollAt is null ? next.Rewatch(next.Watch.Restart(poll, now, registration.FirstPollAfter))
            : job.Origin == JobOrigin.Hint ? next.Rewatch(next.Watch.Claimed(poll, now, registration.FirstPollAfter, plans?.OfSource))
            : JobChange.Nothing(next));

    private static JobChange Report(Job job, DecisionInput.Report input, PollSettings poll, DateTimeOffset now, SourcePlans? plans)
    {
        var report = input.Told;
        var change = job.Correlate(input.Correlation, now).Then(next => next.Apply(report, now)).Then(next => Named(next, report.IsWorkflow));
        if (job.Origin == JobOrigin.Hint && !change.Job.HasOutcome)
            change = change.Then(next => next.Rewatch(next.Watch.Claimed(poll, now, learned: PlanOf(next, plans))));

        if (change.Job.HasOutcome)
            return change.Then(next => next.Notified(now));

        // The provider says that the job is over but not how; the status API knows.
        if (report.AsksForPoll || report.Facts.Closed)
            return change.Then(next => next.Rewatch(next.Watch.Hinted(poll, now)));
        return change.Job.WatchStatus == WatchStatus.GivenUp ? change.Then(next => next.Rewatch(next.Watch.Restart(poll, now))) : change;
    }

    private static JobChange Hint(Job job, DecisionInput.Hint hint, PollSettings poll, DateTimeOffset now) =>
        job.HasOutcome ? JobChange.Nothing(job)
        : job.Version == 0 ? Named(job, hint.IsWorkflow)
        : job.Rewatch(job.Watch.Hinted(poll, now)).Then(next => Named(next, hint.IsWorkflow));

    private static JobChange Polled(
        Job job, DecisionInput.Polled polled, PollSettings poll, DateTimeOffset now, SourcePlans? plans, OverdueAges? overdue)
    {
        var (asked, answer) = (polled.Asked, polled.Answer);
        var change = answer.Report is { } report
            ? job.Apply(report with { Facts = job.Facts.Confirmed(report.Facts) }, now).Then(next => Named(next, report.IsWorkflow))
            : JobChange.Nothing(job);
        if (job.Origin == JobOrigin.Hint && change.Job.Origin != JobOrigin.Hint)
            change = change.Then(next => next.Rewatch(next.Watch.Claimed(poll, now, learned: PlanOf(next, plans))));
        else if (change.Job.WatchStatus == WatchStatus.GivenUp && asked.NextPollAt is null && answer.Report is not null)
            change = change.Then(next => next.Rewatch(next.Watch.Restart(poll, now)));
        var (watch, givenUp) = PollPlan.Answered(
            poll, change.Job.Watch, asked, change.Job.Facts, answer, now, polled.Chance, IsNobodys(change.Job), PlanOf(change.Job, plans));
        change = change.Then(next => next.Rewatch(watch));
        if (givenUp is { } reason)
            change = change.Then(next => next.GiveUp(reason, now));

        // An API that is down, busy or refuses to answer does not show that the job is still running.
        return answer.Answer is PollAnswer.Report or PollAnswer.NotFound && overdue?.For(CommandClass.Of(change.Job.Facts)) < now - change.Job.Watch.StartedAt
            ? change.Then(next => next.BecomeOverdue(now))
            : change;
    }

    private static JobChange RestoreWatch(Job job, DateTimeOffset now) =>
        job.WatchStatus == WatchStatus.Watching ? job.Rewatch(PollPlan.Restored(job.Watch, now)) : JobChange.Nothing(job);

    private static LearnedPlan? PlanOf(Job job, SourcePlans? plans) => plans?.For(CommandClass.Of(job.Facts));

    private static bool IsNobodys(Job job) => job.Origin == JobOrigin.Hint;

    private static JobChange Named(Job job, bool isWorkflow) =>
        isWorkflow ? job.Rewatch(job.Watch with { IsWorkflow = true }) : JobChange.Nothing(job);
}
