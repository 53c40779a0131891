using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>How a status API answered, as far as the plan of further polls depends on it.</summary>
public enum PollAnswer
{
    /// <summary>Not asked yet.</summary>
    None,

    /// <summary>It answered with a report.</summary>
    Report,

    /// <summary>It says that there is no such id (Qiniu 612). Right after submission that can be a race.</summary>
    NotFound,

    /// <summary>It asks us to slow down (Qiniu 573, or 429).</summary>
    Throttled,

    /// <summary>It could not be reached, timed out, or failed in a way that another try may mend.</summary>
    Unavailable,

    /// <summary>It refused the question for good, or answered something that cannot be understood.</summary>
    Refused,

    /// <summary>It answered with a report about another bucket or pipeline than the source's (<see cref="Providers.SourceScope"/>).</summary>
    OutOfScope,
}

/// <summary>The durable fallback poller of one job: committed with the job, so that no process has to live for it.</summary>
public sealed record Watch
{
    /// <summary>Where the watch stands. Documents do not hold it: <see cref="JobJson.Deserialize"/> finds it by what they have always held.</summary>
    [JsonIgnore]
    public WatchStatus Status { get; init; }

    /// <summary>When the status API is to be asked next; null unless <see cref="Status"/> is <see cref="WatchStatus.Watching"/>.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>
    /// When the next poll is due; null if none is. A stored document may be of a job that is open and has no due time: nothing polls it, whatever
    /// <see cref="Status"/> says.
    /// </summary>
    [JsonIgnore]
    public DateTimeOffset? NextPollAt => Status == WatchStatus.Watching ? DueAt : null;

    /// <summary>Why <see cref="DueAt"/> is when it is; null if no poll is due, or if an earlier version decided it.</summary>
    [JsonIgnore]
    public PollReason? Reason { get; init; }

    /// <summary>When the watch began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>
    /// When the job is given up if it has no outcome by then. <see cref="Start"/> sets it, also for a watch that begins anew;
    /// <see cref="GivingUp"/> decides what happens after it.
    /// </summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>How often the status API has been asked since the watch began, or began anew.</summary>
    public int Polls { get; init; }

    /// <summary>How often it had been asked before the watch began anew.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int EarlierPolls { get; init; }

    /// <summary>How often it has been asked about the job in all.</summary>
    [JsonIgnore]
    public int TotalPolls => EarlierPolls + Polls;

    /// <summary>When a poll came too late to give the job up; null if none has since the watch began (<see cref="Clocks.SecondLook"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset? DoubtedAt { get; init; }

    /// <summary>Answers that there is no such id, since the last report.</summary>
    public int NotFound { get; init; }

    /// <summary>When the status API was asked last.</summary>
    public DateTimeOffset? LastPolledAt { get; init; }

    /// <summary>How it answered then.</summary>
    public PollAnswer LastAnswer { get; init; }

    /// <summary>The same in words, as <see cref="Providers.StatusAnswer.InWords()"/> gave them; null before they were kept.</summary>
    public string? LastAnswerInWords { get; init; }

    /// <summary>
    /// True after a hint came while the poll was due already: it may be under way, and be answered with what was true before the hint.
    /// </summary>
    public bool HintedWhileDue { get; init; }

    /// <summary>
    /// True once anything, trusted or not, has named the job as a workflow whose status has a query of its own (Qiniu workflow V3). It only
    /// decides what is asked first, and what not knowing the id means.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsWorkflow { get; init; }

    /// <summary>
    /// When the job was last seen running, or the start of the watch. Null if the statistics are not to have its age, because nobody knows when the job
    /// began, or because they have it.
    /// </summary>
    public DateTimeOffset? AgeKnownTo { get; init; }

    /// <summary>True once the job has an outcome and the statistics have its age. False in documents of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsAgeCounted { get; init; }

    /// <summary>
    /// When a poll found the job overdue (<see cref="OverdueAges"/>); null if none has since the watch began, and unless <see cref="Status"/> is
    /// <see cref="WatchStatus.Watching"/>.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset? OverdueAt { get; init; }

    [JsonInclude]
    [JsonPropertyName("stopped")]
    internal bool StoredStopped
    {
        get => Status == WatchStatus.Stopped;
        init => Status = value ? WatchStatus.Stopped : Status;
    }

    /// <summary>A reason of a later version is read as unknown.</summary>
    [JsonInclude]
    [JsonPropertyName("reason")]
    internal string? StoredReason
    {
        get => Reason is { } reason ? WireNames.Of(reason) : null;
        init => Reason = WireNames.TryParse<PollReason>(value, out var known) ? known : null;
    }

    /// <summary>
    /// The watch of a job that is heard of for the first time. Decides its deadline: <see cref="PollSettings.Deadline"/> from now.
    /// <see cref="GivingUp"/> decides what happens after it.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting. Never beyond the deadline.</param>
    /// <param name="learned">The learned plan; null for the fixed one.</param>
    public static Watch Start(PollSettings settings, DateTimeOffset now, TimeSpan? firstPollAfter = null, LearnedPlan? learned = null)
    {
        var deadline = now + settings.Deadline;
        var wait = firstPollAfter ?? learned?.WaitAt(TimeSpan.Zero) ?? settings.First;
        return new() { StartedAt = now, Deadline = deadline, DueAt = PollPlan.Earlier(now + wait, deadline), Reason = PollReason.First };
    }

    /// <summary>
    /// The watch of a job that only hints had named, once something genuine names it: it begins anew, since a hint may have named the
    /// id long before it was submitted, and what the status API said of it then means nothing. A poll that is due sooner stays so.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting.</param>
    /// <param name="learned">The learned plan; null for the fixed one.</param>
    public Watch Claimed(PollSettings settings, DateTimeOffset now, TimeSpan? firstPollAfter = null, LearnedPlan? learned = null)
    {
        if (Status == WatchStatus.Stopped)
            return this;

        var anew = Start(settings, now, firstPollAfter, learned);
        var isDueSooner = DueAt < anew.DueAt;
        return this with
        {
            StartedAt = anew.StartedAt,
            Deadline = anew.Deadline,
            Status = WatchStatus.Watching,
            DueAt = isDueSooner ? DueAt : anew.DueAt,
            Reason = isDueSooner ? Reason : anew.Reason,
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
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting.</param>
    public Watch Restart(PollSettings settings, DateTimeOffset now, TimeSpan? firstPollAfter = null) =>
        Start(settings, now, firstPollAfter) with
        {
            EarlierPolls = TotalPolls,
            LastPolledAt = LastPolledAt,
            LastAnswer = LastAnswer,
            LastAnswerInWords = LastAnswerInWords,
            IsWorkflow = IsWorkflow,
        };

    /// <summary>
    /// The watch after a hint that the job may be over: due now, but not sooner after the last poll than <see cref="PollPlan.HintSpacing"/>. Where it is
    /// due already its poll may be under way and know nothing of what the hint tells of, so another follows it. The watch of a job that was
    /// given up begins anew: the hint may tell of what the provider did not know then. One that somebody stopped stays stopped.
    /// </summary>
    public Watch Hinted(PollSettings settings, DateTimeOffset now)
    {
        if (Status == WatchStatus.Stopped)
            return this;

        var watch = PollPlan.Clamped(this, now);
        var soonest = watch.LastPolledAt + PollPlan.HintSpacing is { } spaced && spaced > now ? spaced : now;
        if (watch.NextPollAt is not { } due)
            return watch.Restart(settings, now).Due(soonest, PollReason.Hint);
        return (soonest < due ? watch.Due(soonest, PollReason.Hint) : watch) with { HintedWhileDue = watch.HintedWhileDue || PollPlan.IsDue(watch, now) };
    }

    /// <summary>The watch after somebody asked for a poll: due at a time, unless a poll is due sooner. A watch that has ended begins anew.</summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="at">When the poll is wanted.</param>
    /// <param name="now">The time.</param>
    public Watch Requested(PollSettings settings, DateTimeOffset at, DateTimeOffset now)
    {
        var watch = PollPlan.Clamped(this, now);
        if (watch.NextPollAt is { } due)
            return at < due ? watch.Due(at, PollReason.Requested) : watch;
        var anew = watch.Restart(settings, now);
        return anew.Due(PollPlan.Earlier(at, anew.Deadline), PollReason.Requested);
    }

    /// <summary>The watch with its next poll at a time, and why then.</summary>
    public Watch Due(DateTimeOffset at, PollReason? reason = null) => this with { Status = WatchStatus.Watching, DueAt = at, Reason = reason };

    /// <summary>The watch after somebody asked to stop it: the job stays open and is not polled; a notification still settles it.</summary>
    public Watch Stop() => this with { Status = WatchStatus.Stopped, DueAt = null, Reason = null, AgeKnownTo = null, OverdueAt = null };

    /// <summary>The watch of a job that is given up.</summary>
    public Watch GiveUp() => this with { Status = WatchStatus.GivenUp, DueAt = null, Reason = null, AgeKnownTo = null, OverdueAt = null };

    /// <summary>The watch of a job that has an outcome.</summary>
    public Watch End() => this with
    {
        Status = WatchStatus.Done,
        DueAt = null,
        Reason = null,
        AgeKnownTo = null,
        OverdueAt = null,
        IsAgeCounted = IsAgeCounted || AgeKnownTo is not null,
    };
}
