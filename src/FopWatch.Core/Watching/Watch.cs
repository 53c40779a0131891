using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>The answer of a status API, as far as further polls depend on it.</summary>
public enum PollAnswer
{
    /// <summary>Not asked yet.</summary>
    None,

    /// <summary>The API answered with a report.</summary>
    Report,

    /// <summary>The API does not know the id (Qiniu 612). Right after submission this can be a race.</summary>
    NotFound,

    /// <summary>The API asks to slow down (Qiniu 573, or 429).</summary>
    Throttled,

    /// <summary>The API could not be reached, timed out, or failed in a way that a retry may resolve.</summary>
    Unavailable,

    /// <summary>The API refused the request permanently, or its answer cannot be understood.</summary>
    Refused,

    /// <summary>The API answered with a report about a bucket or pipeline that does not belong to the source (<see cref="Providers.SourceScope"/>).</summary>
    OutOfScope,
}

/// <summary>The durable fallback poller of one job. It is committed with the job, so it depends on no running process.</summary>
public sealed record Watch
{
    /// <summary>The status. Documents do not contain it: <see cref="JobJson.Deserialize"/> derives it from members that all versions have written.</summary>
    [JsonIgnore]
    public WatchStatus Status { get; init; }

    /// <summary>When the next poll is due; null unless <see cref="Status"/> is <see cref="WatchStatus.Watching"/>.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>
    /// When the next poll is due; null if none is. The stored document of an open job may lack a due time. Such a job is not polled, whatever
    /// <see cref="Status"/> says.
    /// </summary>
    [JsonIgnore]
    public DateTimeOffset? NextPollAt => Status == WatchStatus.Watching ? DueAt : null;

    /// <summary>The reason for <see cref="DueAt"/>; null if no poll is due, or if an earlier version set the due time.</summary>
    [JsonIgnore]
    public PollReason? Reason { get; init; }

    /// <summary>When the watch started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>
    /// When the job is given up if it has no outcome by then. <see cref="Start"/> sets it, also for a restarted watch. <see cref="GivingUp"/> decides
    /// what happens afterwards.
    /// </summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>The number of polls since the watch started or was last restarted.</summary>
    public int Polls { get; init; }

    /// <summary>The number of polls before the watch was last restarted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int EarlierPolls { get; init; }

    /// <summary>The total number of polls of the job.</summary>
    [JsonIgnore]
    public int TotalPolls => EarlierPolls + Polls;

    /// <summary>When a poll was too late to give the job up; null if none was since the watch started (<see cref="Clocks.SecondLook"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset? DoubtedAt { get; init; }

    /// <summary>The number of answers "no such id" since the last report.</summary>
    public int NotFound { get; init; }

    /// <summary>When the last poll was made.</summary>
    public DateTimeOffset? LastPolledAt { get; init; }

    /// <summary>The answer of the last poll.</summary>
    public PollAnswer LastAnswer { get; init; }

    /// <summary>The answer of the last poll as text, from <see cref="Providers.StatusAnswer.InWords()"/>; null in documents of versions that did not store it.</summary>
    public string? LastAnswerInWords { get; init; }

    /// <summary>
    /// True after a hint arrived while a poll was already due. That poll may be in progress, and its answer may describe the state before the hint.
    /// </summary>
    public bool HintedWhileDue { get; init; }

    /// <summary>
    /// True once any notification, trusted or not, has named the job as a workflow, whose status has a separate query (Qiniu workflow V3). It decides
    /// only which API is asked first, and what an unknown id means.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsWorkflow { get; init; }

    /// <summary>
    /// When the job was last seen running, or the start of the watch. Null if its age does not belong in the statistics, because the start of the job is
    /// unknown or because the statistics already have it.
    /// </summary>
    public DateTimeOffset? AgeKnownTo { get; init; }

    /// <summary>True once the job has an outcome and its age is in the statistics. False in documents of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsAgeCounted { get; init; }

    /// <summary>
    /// When a poll found the job overdue (<see cref="OverdueAges"/>); null if none has since the watch started, and unless <see cref="Status"/> is
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

    /// <summary>The stored reason. A reason of a later version is read as unknown.</summary>
    [JsonInclude]
    [JsonPropertyName("reason")]
    internal string? StoredReason
    {
        get => Reason is { } reason ? WireNames.Of(reason) : null;
        init => Reason = WireNames.TryParse<PollReason>(value, out var known) ? known : null;
    }

    /// <summary>
    /// Starts the watch of a new job, with a deadline <see cref="PollSettings.Deadline"/> from now. <see cref="GivingUp"/> decides what happens after
    /// the deadline.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">The time from now to the first poll; null for the source's setting. It is limited by the deadline.</param>
    /// <param name="learned">The learned plan; null for the fixed plan.</param>
    public static Watch Start(PollSettings settings, DateTimeOffset now, TimeSpan? firstPollAfter = null, LearnedPlan? learned = null)
    {
        var deadline = now + settings.Deadline;
        var wait = firstPollAfter ?? learned?.WaitAt(TimeSpan.Zero) ?? settings.First;
        return new() { StartedAt = now, Deadline = deadline, DueAt = PollPlan.Earlier(now + wait, deadline), Reason = PollReason.First };
    }

    /// <summary>
    /// Restarts the watch of a job that only hints had named when something genuine names it. A hint may have named the id long before it was
    /// submitted, so earlier answers of the status API mean nothing. A poll that is due sooner keeps its due time.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">The time from now to the first poll; null for the source's setting.</param>
    /// <param name="learned">The learned plan; null for the fixed plan.</param>
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
    /// Restarts the watch of a job that was given up or stopped. The waits are those of a new job. The time of the last poll is kept, so that repeated
    /// requests do not cause more polls.
    /// </summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="now">The time.</param>
    /// <param name="firstPollAfter">The time from now to the first poll; null for the source's setting.</param>
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
    /// The watch after a hint that the job may be over. It is due now, but not earlier than <see cref="PollPlan.HintSpacing"/> after the last poll. If it is
    /// already due, its poll may be in progress and miss the news of the hint, so another poll follows. The watch of a job that was given up restarts,
    /// because the provider may know more now. A stopped watch stays stopped.
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

    /// <summary>The watch after a request for a poll at a time. A poll that is due sooner keeps its due time. A watch that has ended restarts.</summary>
    /// <param name="settings">The source's settings.</param>
    /// <param name="at">The requested time.</param>
    /// <param name="now">The time.</param>
    public Watch Requested(PollSettings settings, DateTimeOffset at, DateTimeOffset now)
    {
        var watch = PollPlan.Clamped(this, now);
        if (watch.NextPollAt is { } due)
            return at < due ? watch.Due(at, PollReason.Requested) : watch;
        var anew = watch.Restart(settings, now);
        return anew.Due(PollPlan.Earlier(at, anew.Deadline), PollReason.Requested);
    }

    /// <summary>The watch with its next poll at a time.</summary>
    public Watch Due(DateTimeOffset at, PollReason? reason = null) => this with { Status = WatchStatus.Watching, DueAt = at, Reason = reason };

    /// <summary>The stopped watch. The job stays open and is not polled, but a notification can still settle it.</summary>
    public Watch Stop() => this with { Status = WatchStatus.Stopped, DueAt = null, Reason = null, AgeKnownTo = null, OverdueAt = null };

    /// <summary>The watch of a job that was given up.</summary>
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
