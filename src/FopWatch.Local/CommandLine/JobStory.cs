using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>What happened to a job, and its current state, in sentences.</summary>
internal static class JobStory
{
    /// <summary>The entries of a job's timeline as sentences, in order.</summary>
    public static IEnumerable<(DateTimeOffset? At, string Sentence)> Of(WatchedJob job)
    {
        const int First = 8;
        var isKnown = false;
        foreach (var (number, entry) in (job.Timeline ?? []).Index())
        {
            if (number == First && job.TimelineOmitted is { } omitted)
                yield return (null, $"({omitted.ToString(CultureInfo.InvariantCulture)} more entries were not kept.)");
            yield return (entry.At, Sentence(entry, isKnown) + Repeated(entry));
            isKnown = true;
        }
    }

    /// <summary>The state of a job, and what comes next.</summary>
    public static IEnumerable<string> Conclusion(WatchedJob job, DateTimeOffset now)
    {
        yield return job.State switch
        {
            JobState.Waiting => "The job is open: processing is not known to have started.",
            JobState.Processing => "The job is open: the provider is processing it.",
            JobState.Succeeded => "The job succeeded.",
            JobState.PartiallyFailed => "The job ended: some of its commands failed.",
            JobState.Failed => "The job failed.",
            JobState.Cancelled => "The provider cancelled the job.",
            _ => "FopWatch gave up on the job. An outcome that arrives later supersedes this.",
        };
        if (job.Overdue)
            yield return "It is overdue: it has taken longer than 1.5 times the 95th percentile of its class.";
        if (job is { Watch: WatchStatus.Watching, NextPollAt: { } next })
        {
            var why = job.NextPollReason is { } reason ? $": {Because(reason)}" : "";
            yield return next <= now ? $"The next poll is due now{why}." : $"The next poll is in {PlanText.Time((next - now).TotalSeconds)}{why}.";
        }

        if (job.Watch == WatchStatus.Stopped && !job.Settled)
            yield return "Its watch is stopped: it is not polled. A notification still settles it. Registering it again resumes the watch.";
        if (job.Notification == NotificationDelivery.Failed)
            yield return "The provider reports that it could not deliver its notification.";
        if (job.Items.Any(item => item.ReusedOldOutput == true))
            yield return "Some outputs already existed and were not produced again (reusedOldOutput).";
        if (job.Truncated)
            yield return "Some of its items are shortened or left out. The counts are complete.";
    }

    private static string Sentence(TimelineEntry entry, bool isKnown) => entry.What switch
    {
        "registered" => Registered(entry, isKnown),
        "notified" => Notified(entry),
        "polled" => $"FopWatch polled the status API{Why(entry)}. It answered: {entry.Answer?.TrimEnd('.')}.",
        "settled" => $"The job settled as {StateOf(entry)}{By(entry)}.",
        "overdue" => "The job became overdue: it takes longer than other jobs of its class.",
        "expired" => entry.Reason switch
        {
            "deadline" => "FopWatch gave up on the job: it had no outcome by its deadline.",
            "unknownId" => "FopWatch gave up on the job: the status API does not know the id.",
            "outOfScope" => "FopWatch gave up on the job: the source does not list its bucket or pipeline, and only untrusted notifications had named it.",
            _ => "FopWatch gave up on the job.",
        },
        "stopped" => "A user stopped the watch.",
        "resumed" => $"The watch resumed{By(entry)}.",
        "republished" => "A user had the outcome published again.",
        _ => $"'{entry.What}': this version does not know this entry.",
    };

    private static string Registered(TimelineEntry entry, bool isKnown) => (entry.By, isKnown) switch
    {
        ("registration", false) => "The application registered the job.",
        ("registration", true) => "The application registered the job again, with more metadata or for the first time after a notification.",
        ("uploadCallback", false) => "An upload callback of the provider registered the job.",
        ("uploadCallback", true) => "An upload callback of the provider registered the job again, with more metadata or for the first time after a notification.",
        ("notification" or "token", _) => "A trusted notification named the job.",
        ("hint", _) => "An untrusted notification named the job.",
        ("poll", _) => "A status API answer named the job.",
        _ => "FopWatch learned of the job.",
    };

    private static string Notified(TimelineEntry entry)
    {
        var signed = entry.Trust switch
        {
            "strong" => "A notification with a valid signature",
            "weak" => "A notification whose signature does not cover the body",
            "none" => "An unsigned notification",
            _ => "A notification",
        };
        return entry.Result switch
        {
            "recorded" when entry.By == "token" => $"{signed} arrived at a notify URL that the source trusts. It was recorded.",
            "recorded" => $"{signed} arrived. It was recorded.",
            "hint" => $"{signed} arrived. It is not trusted, so it only made a poll due.",
            "late" => $"{signed} arrived after a poll had settled the job.",
            _ => $"{signed} arrived.",
        };
    }

    private static string Repeated(TimelineEntry entry) => entry is { Count: { } count, Until: { } until }
        ? string.Create(CultureInfo.InvariantCulture, $" This happened {count} times, until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z.")
        : "";

    private static string Why(TimelineEntry entry) => entry.Reason is { } reason ? $": {Because(reason)}" : "";

    private static string StateOf(TimelineEntry entry) => entry.State is { } state ? WireNames.Of(state) : "over";

    private static string By(TimelineEntry entry) => entry.By switch
    {
        "registration" => ", by a registration",
        "notification" => ", by a trusted notification",
        "hint" => ", by an untrusted notification",
        "poll" => ", by a status API answer",
        "token" => ", by a notification to a notify URL that the source trusts",
        "request" => ", because a user requested a poll",
        "uploadCallback" => ", by an upload callback",
        _ => "",
    };

    private static string Because(string reason) => reason switch
    {
        "first" => "the first poll of a watch",
        "plan" => "the job was still running, and the plan polls again",
        "hint" => "a notification asked for it",
        "requested" => "a user requested it",
        "unknownId" => "the status API did not know the id the last time",
        "failed" => "the status API could not answer the last time",
        "throttled" => "the status API had throttled the polls",
        "refused" => "the status API refused the last time, or its answer was not understood",
        "outOfScope" => "the last answer was about another bucket or pipeline",
        "secondLook" => "a second poll before FopWatch gives up on the job",
        "deadline" => "the poll at the deadline",
        "restored" => "the watch was missing and was restored",
        _ => reason,
    };
}
