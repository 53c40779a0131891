using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Decides what becomes of a job: the rules of registrations, reports, hints, poll answers, stops, republications and repairs, and with them when its watch
/// begins and by which deadline. Pure functions; <see cref="Job"/> has the algebra that they are written in, <see cref="PollPlan"/> decides when a poll
/// follows a poll, <see cref="GivingUp"/> when a job expires.
/// </summary>
public static class JobDecider
{
    /// <summary>Decides about one input.</summary>
    /// <param name="key">The job's key.</param>
    /// <param name="job">The job as it is; null if there is none.</param>
    /// <param name="input">What happened.</param>
    /// <param name="source">The job's source. Null if it is not configured any more: only stops, republications and restored watches do without.</param>
    /// <param name="now">The time.</param>
    /// <param name="plans">The learned plans of the source; null for the fixed one.</param>
    /// <param name="overdue">When jobs of the source are overdue; null if that is not known.</param>
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
                : from.Rewatch(PolledBy(source.Poll, from.Watch, pollBy.At, now)),
            DecisionInput.Polled polled => Polled(from, polled, source.Poll, now, plans, overdue),
            DecisionInput.CorrectTimes => from.HasOutcome ? JobChange.Nothing(from) : from.Rewatch(PollPlan.Corrected(source.Poll, from.Watch, now)),
            _ => throw new ArgumentOutOfRangeException(nameof(input)),
        };

        var after = change.Job with { Facts = change.Job.Facts.Bounded(), Version = Math.Max(change.Job.Version, 1) };

        // What was found to be wrong with an index is put right by writing the job as it is.
        var isWritten = change.EventType is not null || after != job || input is DecisionInput.RestoreWatch or DecisionInput.Reindex;
        return change with { Job = isWritten ? after with { Timeline = Chronicle.Of(job, after, input, now) } : after, IsWritten = isWritten };
    }

    /// <summary>
    /// Whether an input needs leave: a hint at an id that nothing genuine has named and nothing watches. It may be made up, and would be polled.
    /// </summary>
    public static bool NeedsAdmission(Job? job, DecisionInput input) =>
        input is DecisionInput.Hint && job is null or { Origin: JobOrigin.Hint, WatchStatus: WatchStatus.GivenUp };

    /// <summary>
    /// The watch of a job that is heard of for the first time. Decides its deadline: <see cref="PollSettings.Deadline"/> from now.
    /// <see cref="GivingUp"/> decides what happens then.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting. Never beyond the deadline.</param>
    /// <param name="learned">The learned plan; null for the fixed one.</param>
    public static Watch Start(PollSettings settings, DateTimeOffset now, TimeSpan? firstPollAfter = null, LearnedPlan? learned = null)
    {
        var deadline = now + settings.Deadline;
        var wait = firstPollAfter ?? learned?.WaitAt(TimeSpan.Zero) ?? settings.First;
        return new() { StartedAt = now, Deadline = deadline, DueAt = Earlier(now + wait, deadline), Reason = PollReason.First };
    }

    /// <summary>
    /// The watch of a job that only hints had named, once something genuine names it: it begins anew, since a hint may have named the
    /// id long before it was submitted, and what the status API said of it then means nothing. A poll that is due sooner stays so.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="watch">The watch before.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting.</param>
    /// <param name="learned">The learned plan; null for the fixed one.</param>
    public static Watch Claimed(PollSettings settings, Watch watch, DateTimeOffset now, TimeSpan? firstPollAfter = null, LearnedPlan? learned = null)
    {
        if (watch.Status == WatchStatus.Stopped)
            return watch;

        var anew = Start(settings, now, firstPollAfter, learned);
        var isDueSooner = watch.DueAt < anew.DueAt;
        return watch with
        {
            StartedAt = anew.StartedAt,
            Deadline = anew.Deadline,
            Status = WatchStatus.Watching,
            DueAt = isDueSooner ? watch.DueAt : anew.DueAt,
            Reason = isDueSooner ? watch.Reason : anew.Reason,
            DoubtedAt = null,
            NotFound = 0,
            AgeKnownTo = now,
        };
    }

    /// <summary>
    /// The watch of a job that was given up, or whose watch was stopped, once it is wanted again: it begins anew. The waits are
    /// those of a new job; when it was polled last still counts, so that whoever asks for it again and again does not get more polls.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="watch">The watch before.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting.</param>
    public static Watch Restart(PollSettings settings, Watch watch, DateTimeOffset now, TimeSpan? firstPollAfter = null) =>
        Start(settings, now, firstPollAfter) with
        {
            EarlierPolls = watch.TotalPolls,
            LastPolledAt = watch.LastPolledAt,
            LastAnswer = watch.LastAnswer,
            LastAnswerInWords = watch.LastAnswerInWords,
            IsWorkflow = watch.IsWorkflow,
        };

    /// <summary>
    /// The watch after a hint that the job may be over: due now, but not sooner after the last poll than <see cref="PollPlan.HintSpacing"/>. Where it is
    /// due already its poll may be under way and know nothing of what the hint tells of, so another follows it. The watch of a job that was
    /// given up begins anew: the hint may tell of what the provider did not know then. One that somebody stopped stays stopped.
    /// </summary>
    public static Watch Hinted(PollSettings settings, Watch watch, DateTimeOffset now)
    {
        if (watch.Status == WatchStatus.Stopped)
            return watch;

        watch = PollPlan.Clamped(watch, now);
        var soonest = watch.LastPolledAt + PollPlan.HintSpacing is { } spaced && spaced > now ? spaced : now;
        if (watch.NextPollAt is not { } due)
            return Restart(settings, watch, now).Due(soonest, PollReason.Hint);
        return (soonest < due ? watch.Due(soonest, PollReason.Hint) : watch) with { HintedWhileDue = watch.HintedWhileDue || PollPlan.IsDue(watch, now) };
    }

    private static Watch PolledBy(PollSettings settings, Watch watch, DateTimeOffset at, DateTimeOffset now)
    {
        watch = PollPlan.Clamped(watch, now);
        if (watch.NextPollAt is { } due)
            return at < due ? watch.Due(at, PollReason.Requested) : watch;
        var anew = Restart(settings, watch, now);
        return anew.Due(Earlier(at, anew.Deadline), PollReason.Requested);
    }

    private static Job? New(JobKey key, DecisionInput input, Source? source, DateTimeOffset now, SourcePlans? plans)
    {
        if (input.Creates is not { } origin)
            return null;
        ArgumentNullException.ThrowIfNull(source);
        var watch = Start(source.Poll, now, input.FirstPoll, plans?.OfSource);

        // A hint may name an id long before or after it is submitted.
        return Job.New(key, source.Provider.Kind, origin, origin == JobOrigin.Hint ? watch with { Reason = PollReason.Hint } : watch with { AgeKnownTo = now }, now);
    }

    private static JobChange Register(Job job, DecisionInput.Registration registration, PollSettings poll, DateTimeOffset now, SourcePlans? plans) =>
        job.Register(registration.Metadata, now).Then(next =>
            next.HasOutcome ? JobChange.Nothing(next)
            : next.Watch.NextPollAt is null ? next.Rewatch(Restart(poll, next.Watch, now, registration.FirstPollAfter))
            : job.Origin == JobOrigin.Hint ? next.Rewatch(Claimed(poll, next.Watch, now, registration.FirstPollAfter, plans?.OfSource))
            : JobChange.Nothing(next));

    private static JobChange Report(Job job, DecisionInput.Report input, PollSettings poll, DateTimeOffset now, SourcePlans? plans)
    {
        var report = input.Told;
        var change = job.Correlate(input.Correlation, now).Then(next => next.Apply(report, now)).Then(next => Named(next, report.IsWorkflow));
        if (job.Origin == JobOrigin.Hint && !change.Job.HasOutcome)
            change = change.Then(next => next.Rewatch(Claimed(poll, next.Watch, now, learned: PlanOf(next, plans))));

        if (change.Job.HasOutcome)
            return change.Then(next => next.Notified(now));

        // The provider says that it is over and not how: the status API will know.
        if (report.AsksForPoll || report.Facts.Closed)
            return change.Then(next => next.Rewatch(Hinted(poll, next.Watch, now)));
        return change.Job.WatchStatus == WatchStatus.GivenUp ? change.Then(next => next.Rewatch(Restart(poll, next.Watch, now))) : change;
    }

    private static JobChange Hint(Job job, DecisionInput.Hint hint, PollSettings poll, DateTimeOffset now) =>
        job.HasOutcome ? JobChange.Nothing(job)
        : job.Version == 0 ? Named(job, hint.IsWorkflow)
        : job.Rewatch(Hinted(poll, job.Watch, now)).Then(next => Named(next, hint.IsWorkflow));

    private static JobChange Polled(
        Job job, DecisionInput.Polled polled, PollSettings poll, DateTimeOffset now, SourcePlans? plans, OverdueAges? overdue)
    {
        var (asked, answer) = (polled.Asked, polled.Answer);
        var change = answer.Report is { } report
            ? job.Apply(report with { Facts = job.Facts.Confirmed(report.Facts) }, now).Then(next => Named(next, report.IsWorkflow))
            : JobChange.Nothing(job);
        if (job.Origin == JobOrigin.Hint && change.Job.Origin != JobOrigin.Hint)
            change = change.Then(next => next.Rewatch(Claimed(poll, next.Watch, now, learned: PlanOf(next, plans))));
        else if (change.Job.WatchStatus == WatchStatus.GivenUp && asked.NextPollAt is null && answer.Report is not null)
            change = change.Then(next => next.Rewatch(Restart(poll, next.Watch, now)));
        var (watch, givenUp) = PollPlan.Answered(
            poll, change.Job.Watch, asked, change.Job.Facts, answer, now, polled.Chance, IsNobodys(change.Job), PlanOf(change.Job, plans));
        change = change.Then(next => next.Rewatch(watch));
        if (givenUp is { } reason)
            change = change.Then(next => next.GiveUp(reason, now));

        // An API that is down, busy or refuses to answer does not say that the job goes on.
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

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
