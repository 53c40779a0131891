using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Decides which timeline entries a change adds, from the job before, the job after and the input. It does not influence whether a change is written.
/// <see cref="Timeline"/> decides how many entries are kept.
/// </summary>
internal static class Chronicle
{
    /// <summary>The timeline after a written change.</summary>
    /// <param name="before">The job before; null if there was none.</param>
    /// <param name="after">The job afterwards, with its old timeline.</param>
    /// <param name="input">The input.</param>
    /// <param name="now">The time.</param>
    public static Timeline Of(Job? before, Job after, DecisionInput input, DateTimeOffset now)
    {
        var timeline = after.Timeline;
        foreach (var body in Entries(before, after, input, now))
            timeline = timeline.With(now, after.RegisteredAt, body);

        // The facts of the provider take precedence over the timeline.
        return FactsSize.Of(after.Facts).Total + timeline.Text.Length > FactsSize.Most ? timeline.Cut() : timeline;
    }

    private static IEnumerable<string> Entries(Job? before, Job after, DecisionInput input, DateTimeOffset now)
    {
        var isNewVersion = before is null || before.Version != after.Version;
        if (CauseOf(input) is { } named && (before?.Origin != after.Origin || (input is DecisionInput.Registration && isNewVersion)))
            yield return TimelineText.Registered(named);

        switch (input)
        {
            case DecisionInput.Report report:
                var isLate = before is { NotifiedAt: null } && after.NotifiedAt is not null;
                yield return TimelineText.Notified(report.Trust, isLate ? NotifiedResult.Late : NotifiedResult.Recorded);
                break;
            case DecisionInput.Hint hint:
                yield return TimelineText.Notified(hint.Trust, NotifiedResult.Hint);
                break;
            case DecisionInput.Polled polled:
                yield return TimelineText.Polled(polled.Answer, polled.IsRequested ? PollReason.Requested : polled.Asked.Reason);
                break;
            case DecisionInput.Republish when isNewVersion:
                yield return TimelineText.Republished;
                break;
        }

        if (after.Watch.OverdueAt is not null && before?.Watch.OverdueAt is null)
            yield return TimelineText.Overdue;
        if (after.HasOutcome && before?.State != after.State && after.SettledBy is { } by)
            yield return TimelineText.Settled(after.State, by);
        else if (IsGivenUpNow(before, after))
            yield return TimelineText.Expired(GivingUp.GivenUpBy(after.Watch, now, after.Origin == JobOrigin.Hint) ?? SettledBy.Poll, after.Watch.LastAnswer);

        if (after.WatchStatus == WatchStatus.Stopped && before?.WatchStatus != WatchStatus.Stopped)
            yield return TimelineText.Stopped;
        else if (before is { WatchStatus: WatchStatus.Stopped or WatchStatus.GivenUp } && after.WatchStatus == WatchStatus.Watching && CauseOf(input) is { } resumedBy)
            yield return TimelineText.Resumed(resumedBy);
    }

    /// <summary>Whether the job is given up, for the first time or again after its watch was resumed.</summary>
    private static bool IsGivenUpNow(Job? before, Job after) =>
        (after.State == JobState.Expired && before?.State != JobState.Expired)
        || (after.WatchStatus == WatchStatus.GivenUp && before?.WatchStatus != WatchStatus.GivenUp);

    private static TimelineCause? CauseOf(DecisionInput input) => input switch
    {
        DecisionInput.Registration { IsUploadCallback: true } => TimelineCause.UploadCallback,
        DecisionInput.Registration => TimelineCause.Registration,
        DecisionInput.Report => TimelineCause.Notification,
        DecisionInput.Hint => TimelineCause.Hint,
        DecisionInput.Polled => TimelineCause.Poll,
        DecisionInput.PollBy => TimelineCause.Request,
        _ => null,
    };
}
