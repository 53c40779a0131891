using FopWatch.Clocks;
using FopWatch.Contracts;

namespace FopWatch.Watching;

/// <summary>
/// Decides when a job without an outcome is given up, and expires: its deadline has passed (<see cref="Watch.Start"/> sets it), or its status API does not
/// know the id. Pure functions.
/// </summary>
/// <remarks>
/// <see cref="Poller.Judged"/> decides what an answer counts as. If the status API needs other keys, the id of a job that only hints have named counts as
/// unknown (<see cref="PollAnswer.NotFound"/>), unless a hint named it as a workflow and the source has keys to ask for workflows. It is then given up as
/// an unknown id is, not polled until its deadline.
/// </remarks>
public static class GivingUp
{
    /// <summary>
    /// How long a status API may go on not knowing an id that was just submitted. Qiniu answers 612 both for an id that is not
    /// there yet and for one that never will be (providers.md, section 1); the first lasts seconds.
    /// </summary>
    public static readonly TimeSpan UnknownGrace = TimeSpan.FromMinutes(15);

    /// <summary>How many times a status API has to say so without a report in between, after which nothing more is expected of it.</summary>
    public const int UnknownAnswers = 3;

    /// <summary>
    /// How late a poll may come and still give its job up; or half of the deadline where that is shorter, but no less than <see cref="Punctual"/>. One
    /// that comes later follows a time in which no host ran, a backlog, or a jump of the clock, which the poll cannot tell apart; so a
    /// <see cref="SecondLook"/> decides.
    /// </summary>
    public static readonly TimeSpan Latest = TimeSpan.FromHours(1);

    /// <summary>A poll that comes no later than this is not late, however short the deadline is.</summary>
    public static readonly TimeSpan Punctual = TimeSpan.FromMinutes(1);

    /// <summary>Why a job is to be given up after a poll; null if it is not.</summary>
    /// <param name="watch">The watch with the answer in it.</param>
    /// <param name="now">The time.</param>
    /// <param name="isNobodys">Whether only hints have named the job.</param>
    public static SettledBy? Reason(Watch watch, DateTimeOffset now, bool isNobodys)
    {
        // A job that something genuine named is polled until its deadline, since the scope may be wrong.
        if (isNobodys && watch.LastAnswer == PollAnswer.OutOfScope)
            return SettledBy.Poll;
        if (now >= watch.Deadline && (HasAnswered(watch.LastAnswer) || now >= watch.Deadline + LastChance(watch)))
            return SettledBy.Deadline;

        // What it said before the grace was over proves nothing after it: it has to say so once more.
        return watch.LastAnswer == PollAnswer.NotFound && watch.NotFound >= UnknownAnswers && now >= watch.StartedAt + UnknownGrace
            ? SettledBy.Poll
            : null;
    }

    /// <summary>A doubt stands until a second look decides, whatever the polls between were caused by and however they were answered.</summary>
    public static DateTimeOffset? Doubted(Watch watch, SettledBy? reason, bool isLate, DateTimeOffset now) =>
        watch.DoubtedAt is { } doubted ? SecondLook.Decides(doubted, now) ? null : doubted
        : isLate && reason is not null ? now
        : null;

    /// <summary>Whether a poll comes too late to decide.</summary>
    /// <param name="asked">The watch as it was when the question was asked.</param>
    /// <param name="now">The time of the answer.</param>
    public static bool IsLate(Watch asked, DateTimeOffset now)
    {
        // The watch of a job that is not polled any more was last in step with the clock when somebody asked.
        var expected = asked.DueAt ?? asked.LastPolledAt ?? asked.StartedAt;
        return now > expected + Lateness(asked.Deadline - asked.StartedAt);
    }

    private static TimeSpan Lateness(TimeSpan deadline) =>
        deadline / 2 < Punctual ? Punctual
        : deadline / 2 < Latest ? deadline / 2
        : Latest;

    private static bool HasAnswered(PollAnswer answer) => answer is not (PollAnswer.Unavailable or PollAnswer.Throttled);

    /// <summary>
    /// How long after the deadline a status API that is down or busy is still asked: a tenth of the watch, which ends Qiniu's nine
    /// days before the ids' ten (providers.md, section 1).
    /// </summary>
    private static TimeSpan LastChance(Watch watch) => (watch.Deadline - watch.StartedAt) / 10;
}
