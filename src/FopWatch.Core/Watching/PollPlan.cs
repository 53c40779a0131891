using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Watching;

/// <summary>
/// Decides when the status API is asked about a job next, after a poll or a correction of the clock. Pure functions that both hosts merely execute.
/// <see cref="Watch.Start"/> decides when a watch begins, and its deadline; <see cref="GivingUp"/> when it stops.
/// </summary>
public static class PollPlan
{
    /// <summary>
    /// The least time between a poll and the next one that a hint can cause. Hints are untrusted: whoever can call the notify URL
    /// must not be able to turn a flood of them into a flood of polls.
    /// </summary>
    public static readonly TimeSpan HintSpacing = TimeSpan.FromSeconds(10);

    /// <summary>What is due this soon may be polled already: the clock by which a timer fired can be another machine's.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    /// <summary>How much a wait varies to either side, so that jobs that were registered together are not polled together.</summary>
    internal const double Jitter = 0.1;

    /// <summary>Whether a poll is due: the one answer, for every host.</summary>
    public static bool IsDue(Watch watch, DateTimeOffset now) => watch.NextPollAt <= DueBy(now);

    /// <summary>The due times up to this one are due.</summary>
    public static DateTimeOffset DueBy(DateTimeOffset now) => now + ClockTolerance;

    /// <summary>
    /// A watch that a clock which was ahead began or polled, with what happened last as happening now and the same waits after it: until that clock's
    /// time comes, nothing would be polled, and nothing given up. Other watches stay as they are.
    /// </summary>
    public static Watch Clamped(Watch watch, DateTimeOffset now)
    {
        var last = watch.LastPolledAt is { } polledAt ? Later(polledAt, watch.StartedAt) : watch.StartedAt;
        if (last <= now + ClockTolerance)
            return watch;

        var startedAt = Earlier(watch.StartedAt, now);
        return watch with
        {
            StartedAt = startedAt,
            Deadline = watch.Deadline - (watch.StartedAt - startedAt),
            LastPolledAt = watch.LastPolledAt is { } polled ? Earlier(polled, now) : null,
            DueAt = watch.DueAt is { } due ? Earlier(due, due > last ? now + (due - last) : now) : null,
            DoubtedAt = watch.DoubtedAt > now ? null : watch.DoubtedAt,

            // Of its age nothing is known by such a clock.
            AgeKnownTo = null,
        };
    }

    /// <summary>
    /// A watch with the times that no plan can have produced set right: those of <see cref="Clamped"/>, and a poll that is due later than any wait
    /// after the last one, or, before the first, later than the deadline.
    /// </summary>
    public static Watch Corrected(PollSettings settings, Watch watch, DateTimeOffset now)
    {
        var before = watch;
        watch = Clamped(watch, now);
        var latest = watch.Deadline;
        if (watch is { Polls: > 0, LastPolledAt: { } polled } && polled >= watch.StartedAt)
        {
            // A second look that a wrong clock planned, or a pause that it was told of, is of no use to the right one.
            latest = polled + LongestWait(settings);
            if (watch != before)
                return watch with { DueAt = watch.DueAt is { } next ? Earlier(next, latest) : null };
            latest = Later(latest, polled + Longest(SecondLook.After, StatusClient.LongestRetryAfter));
        }

        return watch.DueAt > latest && watch.DueAt > now ? watch with { DueAt = Later(Earlier(latest, now), watch.StartedAt) } : watch;
    }

    /// <summary>The longest that a plan by itself waits from one poll to the next.</summary>
    public static TimeSpan LongestWait(PollSettings settings) => (1 + Jitter) * Longest(settings.First, settings.Max);

    /// <summary>
    /// The watch of an open job that is in no index and is to be asked about now. It is due since it was last looked at, which is now by any clock,
    /// also by one that is right again.
    /// </summary>
    public static Watch Restored(Watch watch, DateTimeOffset now) =>
        watch.Due(Earlier(now, watch.LastPolledAt ?? watch.StartedAt), PollReason.Restored);

    /// <summary>The watch after a poll, and whether the poll is the last.</summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="watch">The watch before.</param>
    /// <param name="asked">The watch as it was when the question was asked: what was heard since, the answer does not know.</param>
    /// <param name="facts">What is known of the job, this answer included.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">At least 0, less than 1.</param>
    /// <param name="isNobodys">Whether only hints have named the job.</param>
    /// <param name="learned">The learned plan of such jobs; null for the fixed one.</param>
    /// <returns>
    /// The <see cref="Watch.DueAt"/> of the watch is null where nothing more is to be asked: the job has an outcome, or is given up and nothing was
    /// heard of it meanwhile, or was not watched before. If the job is given up, why.
    /// </returns>
    public static (Watch Watch, SettledBy? GivenUp) Answered(
        PollSettings settings,
        Watch watch,
        Watch asked,
        JobFacts facts,
        StatusAnswer answer,
        DateTimeOffset now,
        double random,
        bool isNobodys = false,
        LearnedPlan? learned = null)
    {
        var isLate = GivingUp.IsLate(asked, now);
        (watch, asked) = (Clamped(watch, now), Clamped(asked, now));
        var answered = watch with
        {
            Polls = answer.Asked ? watch.Polls + 1 : watch.Polls,
            NotFound = answer.Answer switch
            {
                PollAnswer.NotFound => watch.NotFound + 1,
                PollAnswer.Report => 0,

                // An API that is down or busy says nothing about the id.
                _ => watch.NotFound,
            },
            LastPolledAt = now,
            LastAnswer = answer.Answer,
            LastAnswerInWords = answer.InWords(),
            HintedWhileDue = false,

            // A poll that came between may have looked later.
            AgeKnownTo = watch.AgeKnownTo is { } known && answer.Answer == PollAnswer.Report ? Later(known, now) : watch.AgeKnownTo,
        };
        if (facts.Outcome is not null)
            return (answered.End(), null);

        var reason = GivingUp.Reason(answered, now, isNobodys);
        answered = answered with { DoubtedAt = GivingUp.Doubted(answered, reason, isLate, now) };
        var givenUp = answered.DoubtedAt is null ? reason : null;
        if (watch.NextPollAt is not { } due)
            return (givenUp is null || watch.Status == WatchStatus.Stopped ? answered : answered.GiveUp(), givenUp);

        // A poll that came between may have put off the next one; all else that moves it is something that was heard.
        (DateTimeOffset At, PollReason? Reason)? soonest = watch.HintedWhileDue ? (now + HintSpacing, PollReason.Hint)
            : due != asked.DueAt ? (Later(due, now + HintSpacing), watch.Reason)
            : null;
        if (givenUp is not null)
            return (soonest is { } once ? answered.Due(once.At, once.Reason) : answered.GiveUp(), givenUp);
        if (reason is not null && answered.DoubtedAt + SecondLook.After is { } second)
            return (soonest is { } sooner && sooner.At < second ? answered.Due(sooner.At, sooner.Reason) : answered.Due(second, PollReason.SecondLook), null);

        var wait = Interval(settings, answered, facts.Idle == true, learned, now);
        wait *= 1 - Jitter + (2 * Jitter * random);
        var (next, why) = soonest is { } heard && heard.At < now + wait ? heard : (now + wait, ReasonAfter(answer.Answer));

        // The whole source is paused until then (PollPacer): a poll that is due sooner would only be put off.
        if (answer.RetryAfter is { } pause && now + pause > next)
            (next, why) = (now + pause, PollReason.Throttled);
        if (now < answered.Deadline && answered.Deadline < next)
            (next, why) = (answered.Deadline, PollReason.Deadline);
        return (answered.Due(next, why), null);
    }

    private static PollReason ReasonAfter(PollAnswer answer) => answer switch
    {
        PollAnswer.NotFound => PollReason.UnknownId,
        PollAnswer.Throttled => PollReason.Throttled,
        PollAnswer.Unavailable => PollReason.Failed,
        PollAnswer.Refused => PollReason.Refused,
        PollAnswer.OutOfScope => PollReason.OutOfScope,
        _ => PollReason.Plan,
    };

    /// <summary>
    /// From one poll to the next, whatever the answer; a failed poll counts as <see cref="PollAnswer.Unavailable"/>. <see cref="SetAside"/> decides only where the
    /// store cannot read the job or record the answer.
    /// </summary>
    private static TimeSpan Interval(PollSettings settings, Watch watch, bool idle, LearnedPlan? learned, DateTimeOffset now)
    {
        // An idle-time task has no completion-time promise (providers.md, section 1), so hurrying gains nothing.
        if (idle)
            return settings.Max;

        var seconds = settings.First.TotalSeconds * Math.Pow(settings.Factor, watch.Polls);
        var wait = seconds < settings.Max.TotalSeconds ? TimeSpan.FromSeconds(seconds) : settings.Max;

        // The plan is of jobs whose age is known. While polls find no running job, they back off as by the fixed plan: an id that the status API does
        // not know, and an API that is down, are not asked more often than by it.
        if (learned is null || watch.AgeKnownTo is null)
            return wait;
        var planned = learned.WaitAt(now - watch.StartedAt);
        return watch.LastAnswer == PollAnswer.Report ? planned : Longest(wait, planned);
    }

    private static TimeSpan Longest(params ReadOnlySpan<TimeSpan> spans)
    {
        var longest = TimeSpan.Zero;
        foreach (var span in spans)
            longest = span > longest ? span : longest;
        return longest;
    }

    internal static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
