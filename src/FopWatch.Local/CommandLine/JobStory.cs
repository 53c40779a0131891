using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>What happened to a job and how it stands, in sentences.</summary>
internal static class JobStory
{
    /// <summary>What the entries of a job's timeline say, in their order.</summary>
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

    /// <summary>How a job stands, and what comes next.</summary>
    public static IEnumerable<string> Conclusion(WatchedJob job, DateTimeOffset now)
    {
        yield return job.State switch
        {
            JobState.Waiting => "The job is open: nothing is known to have started.",
            JobState.Processing => "The job is open: the provider is processing it.",
            JobState.Succeeded => "The job succeeded.",
            JobState.PartiallyFailed => "The job is over: some of its commands failed.",
            JobState.Failed => "The job failed.",
            JobState.Cancelled => "The provider cancelled the job.",
            _ => "FopWatch gave the job up. An outcome that is reported later supersedes that.",
        };
        if (job.Overdue)
            yield return "It is overdue: it takes longer than 1.5 times the 95th percentile of its class.";
        if (job is { Watch: WatchStatus.Watching, NextPollAt: { } next })
        {
            var why = job.NextPollReason is { } reason ? $": {Because(reason)}" : "";
            yield return next <= now ? $"The next poll is due now{why}." : $"The next poll is in {PlanText.Time((next - now).TotalSeconds)}{why}.";
        }

        if (job.Watch == WatchStatus.Stopped && !job.Settled)
            yield return "Its watch is stopped: it is not polled. A notification still settles it, and registering it again resumes it.";
        if (job.Notification == NotificationDelivery.Failed)
            yield return "The provider says that it could not deliver its notification.";
        if (job.Items.Any(item => item.ReusedOldOutput == true))
            yield return "Some outputs existed before and were not made again (reusedOldOutput).";
        if (job.Truncated)
            yield return "Some of its items are shortened or left out; the counts are right.";
    }

    private static string Sentence(TimelineEntry entry, bool isKnown) => entry.What switch
    {
        "registered" => Registered(entry, isKnown),
        "notified" => Notified(entry),
        "polled" => $"The status API was asked{Why(entry)}. It answered: {entry.Answer?.TrimEnd('.')}.",
        "settled" => $"The job settled as {StateOf(entry)}{By(entry)}.",
        "overdue" => "The job was found to take longer than other jobs of its kind.",
        "expired" => entry.Reason switch
        {
            "deadline" => "FopWatch gave the job up: it had no outcome by its deadline.",
            "unknownId" => "FopWatch gave the job up: the status API does not know the id.",
            "outOfScope" => "FopWatch gave the job up: it is of a bucket or pipeline that the source does not list, and only untrusted notifications had named it.",
            _ => "FopWatch gave the job up.",
        },
        "stopped" => "Somebody stopped the watch.",
        "resumed" => $"The watch began anew{By(entry)}.",
        "republished" => "Somebody had the outcome published again.",
        _ => $"'{entry.What}' happened, which this version does not know.",
    };

    private static string Registered(TimelineEntry entry, bool isKnown) => (entry.By, isKnown) switch
    {
        ("registration", false) => "The application registered the job.",
        ("registration", true) => "The application registered the job again, with more metadata or for the first time after a notification.",
        ("uploadCallback", false) => "An upload callback of the provider registered the job.",
        ("uploadCallback", true) => "An upload callback of the provider registered the job again, with more metadata or for the first time after a notification.",
        ("notification" or "token", _) => "A trusted notification named the job.",
        ("hint", _) => "An untrusted notification named the job.",
        ("poll", _) => "An answer of the status API named the job.",
        _ => "FopWatch heard of the job.",
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
            "recorded" when entry.By == "token" => $"{signed} came to a notify URL that the source trusts, and was recorded.",
            "recorded" => $"{signed} came and was recorded.",
            "hint" => $"{signed} came. It is not trusted, so it made a poll due.",
            "late" => $"{signed} came after a poll had settled the job.",
            _ => $"{signed} came.",
        };
    }

    private static string Repeated(TimelineEntry entry) => entry is { Count: { } count, Until: { } until }
        ? string.Create(CultureInfo.InvariantCulture, $" So {count} times, up to {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z.")
        : "";

    private static string Why(TimelineEntry entry) => entry.Reason is { } reason ? $": {Because(reason)}" : "";

    private static string StateOf(TimelineEntry entry) => entry.State is { } state ? WireNames.Of(state) : "over";

    private static string By(TimelineEntry entry) => entry.By switch
    {
        "registration" => ", by a registration",
        "notification" => ", by a trusted notification",
        "hint" => ", by an untrusted notification",
        "poll" => ", by an answer of the status API",
        "token" => ", by a notification to a notify URL that the source trusts",
        "request" => ", because somebody asked for a poll",
        "uploadCallback" => ", by an upload callback",
        _ => "",
    };

    private static string Because(string reason) => reason switch
    {
        "first" => "the first poll of a watch",
        "plan" => "the job was still running, and the plan looks again",
        "hint" => "a notification asked for it",
        "requested" => "somebody asked for it",
        "unknownId" => "the status API did not know the id before",
        "failed" => "the status API could not answer before",
        "throttled" => "the status API had asked for a pause",
        "refused" => "the status API refused before, or was not understood",
        "outOfScope" => "the last answer was about another bucket or pipeline",
        "secondLook" => "a second look before the job is given up",
        "deadline" => "the poll at the deadline",
        "restored" => "the watch was found missing and restored",
        _ => reason,
    };
}
