using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Watching;

/// <summary>
/// Decides when a job is polled next, after a poll or a correction of the clock. Pure functions that both hosts execute. <see cref="Watch.Start"/> decides the
/// first poll and the deadline of a watch; <see cref="GivingUp"/> decides when polls end.
/// </summary>
public static class PollPlan
{
    /// <summary>
    /// The minimum time between a poll and the next poll that a hint causes. Hints are untrusted: anyone who can call the notify URL must not
    /// be able to turn a flood of hints into a flood of polls.
    /// </summary>
    public static readonly TimeSpan HintSpacing = TimeSpan.FromSeconds(10);

    /// <summary>How early a poll may be made: a timer may have fired by the clock of another machine.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    /// <summary>The relative variation of a wait in both directions, so that jobs registered together are not polled together.</summary>
    internal const double Jitter = 0.1;

    /// <summary>Whether a poll is due. Every host uses this check.</summary>
    public static bool IsDue(Watch watch, DateTimeOffset now) => watch.NextPollAt <= DueBy(now);

    /// <summary>The latest due time that counts as due.</summary>
    public static DateTimeOffset DueBy(DateTimeOffset now) => now + ClockTolerance;

    /// <summary>
    /// Repairs a watch whose times a clock that was ahead has set: its last activity becomes now, and the waits after it stay the same. Otherwise the job would be
    /// neither polled nor given up until that time comes. Other watches stay unchanged.
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

            // Such a clock says nothing about the age of the job.
            AgeKnownTo = null,
        };
    }

    /// <summary>
    /// Repairs times of a watch that no plan can have produced: those of <see cref="Clamped"/>, and a poll that is due later than the longest wait after the last
    /// poll or, before the first poll, later than the deadline.
    /// </summary>
    public static Watch Corrected(PollSettings settings, Watch watch, DateTimeOffset now)
    {
        var before = watch;
        watch = Clamped(watch, now);
        var latest = watch.Deadline;
        if (watch is { Polls: > 0, LastPolledAt: { } polled } && polled >= watch.StartedAt)
        {
            // A second look or a pause that a wrong clock planned is meaningless to the right one.
            latest = polled + LongestWait(settings);
            if (watch != before)
                return watch with { DueAt = watch.DueAt is { } next ? Earlier(next, latest) : null };
            latest = Later(latest, polled + Longest(SecondLook.After, StatusClient.LongestRetryAfter));
        }

        return watch.DueAt > latest && watch.DueAt > now ? watch with { DueAt = Later(Earlier(latest, now), watch.StartedAt) } : watch;
    }

    /// <summary>The longest wait between two polls that a plan alone can cause.</summary>
    public static TimeSpan LongestWait(PollSettings settings) => (1 + Jitter) * Longest(settings.First, settings.Max);

    /// <summary>
    /// The watch of an open job that is in no index and must be polled now. Its due time is that of its last activity, which every clock considers due,
    /// including a corrected one.
    /// </summary>
    public static Watch Restored(Watch watch, DateTimeOffset now) =>
        watch.Due(Earlier(now, watch.LastPolledAt ?? watch.StartedAt), PollReason.Restored);

    /// <summary>The watch after a poll, and whether the job is given up.</summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="watch">The watch before.</param>
    /// <param name="asked">The watch at the time of the request. The answer does not cover anything received since.</param>
    /// <param name="facts">The facts of the job, including this answer.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">At least 0, less than 1.</param>
    /// <param name="isNobodys">Whether only hints have named the job.</param>
    /// <param name="learned">The learned plan of such jobs; null for the fixed plan.</param>
    /// <returns>
    /// The watch, whose <see cref="Watch.DueAt"/> is null if no further poll is needed: the job has an outcome, was given up without news in the meantime, or was
    /// not watched before. If the job is given up, also the reason.
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

            // A poll in between may have seen the job later.
            AgeKnownTo = watch.AgeKnownTo is { } known && answer.Answer == PollAnswer.Report ? Later(known, now) : watch.AgeKnownTo,
        };
        if (facts.Outcome is not null)
            return (answered.End(), null);

        var givenUpBy = GivingUp.GivenUpBy(answered, now, isNobodys);
        answered = answered with { DoubtedAt = GivingUp.Doubted(answered, givenUpBy, isLate, now) };
        var givenUp = answered.DoubtedAt is null ? givenUpBy : null;
        if (watch.NextPollAt is not { } due)
            return (givenUp is null || watch.Status == WatchStatus.Stopped ? answered : answered.GiveUp(), givenUp);

        // Only hints and requests bring the due time forward; a poll in between may have postponed it.
        (DateTimeOffset At, PollReason? Reason)? soonest = watch.HintedWhileDue ? (now + HintSpacing, PollReason.Hint)
            : due != asked.DueAt ? (Later(due, now + HintSpacing), watch.Reason)
            : null;
        if (givenUp is not null)
            return (soonest is { } once ? answered.Due(once.At, once.Reason) : answered.GiveUp(), givenUp);
        if (givenUpBy is not null && answered.DoubtedAt + SecondLook.After is { } second)
            return (soonest is { } sooner && sooner.At < second ? answered.Due(sooner.At, sooner.Reason) : answered.Due(second, PollReason.SecondLook), null);

        var wait = Interval(settings, answered, facts.Idle == true, learned, now);
        wait *= 1 - Jitter + (2 * Jitter * random);
        var (next, why) = soonest is { } heard && heard.At < now + wait ? heard : (now + wait, ReasonAfter(answer.Answer));

        // The whole source is paused until then (PollPacer), so an earlier poll would only be postponed.
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
    /// The wait from one poll to the next, whatever the answer. A failed poll counts as <see cref="PollAnswer.Unavailable"/>. <see cref="SetAside"/> decides only if
    /// the store cannot read the job or record the answer.
    /// </summary>
    private static TimeSpan Interval(PollSettings settings, Watch watch, bool idle, LearnedPlan? learned, DateTimeOffset now)
    {
        // An idle-time task has no promised completion time (providers.md, section 1), so early polls gain nothing.
        if (idle)
            return settings.Max;

        var seconds = settings.First.TotalSeconds * Math.Pow(settings.Factor, watch.Polls);
        var wait = seconds < settings.Max.TotalSeconds ? TimeSpan.FromSeconds(seconds) : settings.Max;

        // The learned plan applies to jobs of known age. While polls find no running job, they back off at least as far as in the fixed plan, so that an
        // unknown id or an API that is down is not polled more often.
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
