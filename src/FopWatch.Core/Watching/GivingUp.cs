using FopWatch.Clocks;
using FopWatch.Contracts;

namespace FopWatch.Watching;

/// <summary>
/// Decides when a job without an outcome is given up and expires: after its deadline, which <see cref="Watch.Start"/> sets, or if the status API does not
/// know the id. Pure functions.
/// </summary>
/// <remarks>
/// <see cref="Poller.Judged"/> interprets the answer. If the status API needs other keys, the id of a job that only hints have named counts as unknown
/// (<see cref="PollAnswer.NotFound"/>), unless a hint named it as a workflow and the source has keys to query workflows. The job is then given up like an
/// unknown id, and not polled until its deadline.
/// </remarks>
public static class GivingUp
{
    /// <summary>
    /// How long a status API may not know an id that was just submitted. Qiniu answers 612 both for an id that does not exist yet, which lasts seconds,
    /// and for an id that never will (providers.md, section 1).
    /// </summary>
    public static readonly TimeSpan UnknownGrace = TimeSpan.FromMinutes(15);

    /// <summary>How many times a status API must answer that it does not know an id, without a report in between, before the id counts as unknown.</summary>
    public const int UnknownAnswers = 3;

    /// <summary>
    /// How late a poll may be and still give its job up; half of the deadline if that is shorter, but at least <see cref="Punctual"/>. A later poll means
    /// that no host ran for a while, that there is a backlog, or that the clock jumped. The poll cannot distinguish these, so a <see cref="SecondLook"/>
    /// decides.
    /// </summary>
    public static readonly TimeSpan Latest = TimeSpan.FromHours(1);

    /// <summary>A poll with at most this delay is never late, however short the deadline is.</summary>
    public static readonly TimeSpan Punctual = TimeSpan.FromMinutes(1);

    /// <summary>What gives a job up after a poll: its deadline, or the poll. Null if nothing does.</summary>
    /// <param name="watch">The watch, including the answer.</param>
    /// <param name="now">The time.</param>
    /// <param name="isNobodys">Whether only hints have named the job.</param>
    public static SettledBy? GivenUpBy(Watch watch, DateTimeOffset now, bool isNobodys)
    {
        // A job that something genuine named is polled until its deadline, because the configured scope may be wrong.
        if (isNobodys && watch.LastAnswer == PollAnswer.OutOfScope)
            return SettledBy.Poll;
        if (now >= watch.Deadline && (HasAnswered(watch.LastAnswer) || now >= watch.Deadline + LastChance(watch)))
            return SettledBy.Deadline;

        // Answers within the grace alone prove nothing: the API must give one after it.
        return watch.LastAnswer == PollAnswer.NotFound && watch.NotFound >= UnknownAnswers && now >= watch.StartedAt + UnknownGrace
            ? SettledBy.Poll
            : null;
    }

    /// <summary>The time of the doubt after a poll. A doubt stands until a second look decides, whatever the cause and the answer of polls in between.</summary>
    public static DateTimeOffset? Doubted(Watch watch, SettledBy? givenUpBy, bool isLate, DateTimeOffset now) =>
        watch.DoubtedAt is { } doubted ? SecondLook.Decides(doubted, now) ? null : doubted
        : isLate && givenUpBy is not null ? now
        : null;

    /// <summary>Whether a poll is too late to decide.</summary>
    /// <param name="asked">The watch at the time of the request.</param>
    /// <param name="now">The time of the answer.</param>
    public static bool IsLate(Watch asked, DateTimeOffset now)
    {
        // The watch of a job that is no longer polled was last consistent with the clock at its last poll.
        var expected = asked.DueAt ?? asked.LastPolledAt ?? asked.StartedAt;
        return now > expected + Lateness(asked.Deadline - asked.StartedAt);
    }

    private static TimeSpan Lateness(TimeSpan deadline) =>
        deadline / 2 < Punctual ? Punctual
        : deadline / 2 < Latest ? deadline / 2
        : Latest;

    private static bool HasAnswered(PollAnswer answer) => answer is not (PollAnswer.Unavailable or PollAnswer.Throttled);

    /// <summary>
    /// How long after the deadline a status API that is down or busy is still polled: a tenth of the watch. With Qiniu's nine days this ends before the
    /// ids expire after ten (providers.md, section 1).
    /// </summary>
    private static TimeSpan LastChance(Watch watch) => (watch.Deadline - watch.StartedAt) / 10;
}
