using System.Globalization;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Statistics;
using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Overviews;

/// <summary>
/// Decides the findings of a source. Findings from sums are the same in every process, because sums cover all processes. Findings from troubles cover only this
/// process.
/// </summary>
internal static class Findings
{
    /// <summary>From this number on, notifications that all have a wrong signature are no coincidence.</summary>
    public const int LeastInvalid = 3;

    private const int LeastUnsigned = 5;
    private const int LeastUnheard = 5;
    private const int LeastHeardOf = 20;
    private const int LeastFailed = 5;
    private const int LeastLate = 5;
    private const int LeastPublished = 20;
    private const double LeastHeard = 0.9;
    private const double MostLate = 0.9;
    private const double ManySlow = 0.05;
    private const double FewFail = 0.1;
    private const double MostFail = 0.5;
    private const double HalfFull = 0.5;
    private const double NearlyFull = 0.9;

    private static readonly TimeSpan LongHeldBack = TimeSpan.FromMinutes(2);

    // Delays from 66 s.
    private static readonly int SlowOctave = HourSums.OctaveOf(TimeSpan.FromSeconds(66));

    /// <summary>The findings, most severe first.</summary>
    public static IReadOnlyList<Finding> Of(SourceSigns signs)
    {
        ArgumentNullException.ThrowIfNull(signs);
        var found = new List<Finding>();
        if (signs.IsEverySignatureWrong())
            found.Add(WrongSignatures(signs));

        // A finding about all signatures replaces the trouble about some.
        found.AddRange(signs.Troubles.Where(trouble => trouble.Kind != TroubleKind.WrongSignature || found.Count == 0).Select(Finding.Of));
        Add(Unsigned(signs));
        Add(Notifications(signs));
        Add(Late(signs));
        foreach (var one in Polls(signs))
            Add(one);
        Add(HeldBack(signs));
        Add(Overdue(signs));
        Add(Quarantine(signs));
        Add(Unaccounted(signs));
        Add(Publishing(signs));
        return Ordered(found);

        // A trouble of the same kind takes precedence: it has a start time.
        void Add(Finding? finding)
        {
            if (finding is not null && !found.Exists(one => one.Kind == finding.Kind))
                found.Add(finding);
        }
    }

    /// <summary>Most severe first, then oldest first.</summary>
    public static IReadOnlyList<Finding> Ordered(IEnumerable<Finding> findings) =>
        [.. findings.OrderBy(one => one.Level).ThenBy(one => one.Since ?? DateTimeOffset.MaxValue).ThenBy(one => one.Kind, StringComparer.Ordinal)];

    /// <summary>All notifications.</summary>
    public static long Notified(HourSums sums) =>
        sums[HourSum.NotifiedStrong] + sums[HourSum.NotifiedWeak] + sums[HourSum.NotifiedNone] + sums[HourSum.NotifiedInvalid];

    private static Finding WrongSignatures(SourceSigns signs)
    {
        var (count, key) = (signs.Day()[HourSum.NotifiedInvalid], OneUnknownKey(signs.WrongSignatures));

        // Anyone who has the notify URL can send wrong signatures to an otherwise quiet source.
        var isMissed = ByPoll(signs.Day()) > 0 || signs.Hours.Any(hour => hour.Sums[HourSum.NotifiedStrong] > 0);
        Sentence all = $"All {count} notifications of the last 24 hours went to quarantine";
        return new()
        {
            Kind = key is null ? Finding.KindOf(TroubleKind.WrongSignature) : "unknownAccessKey",
            Level = isMissed ? FindingLevel.Trouble : FindingLevel.Warning,
            Since = signs.Troubles.FirstOrDefault(trouble => trouble.Kind == TroubleKind.WrongSignature)?.Since,
            Count = count,
            Detail = key is not null ? (Sentence)$"{all}: they are signed with the access key '{key}', which FopWatch:Sources:{signs.Source.Name}:Keys does not have."
                : signs.WrongSignatures is [var last, ..] ? (Sentence)$"{all}, because their signatures are wrong. The last one: {last.Reason} {last.Suggestion}"
                : (Sentence)$"{all}, because their signatures are wrong. {Trouble.ListsQuarantine} says why.",
        };
    }

    private static Finding? Unsigned(SourceSigns signs)
    {
        var (source, day) = (signs.Source, signs.Day());
        var (unsigned, all) = (day[HourSum.NotifiedNone] + day[HourSum.NotifiedWeak], Notified(day));
        Sentence cause = source.Keys.IsEmpty ? (Sentence)$"FopWatch:Sources:{source.Name}:Keys is empty, so no signature can be verified."
            : day[HourSum.NotifiedWeak] > 0 ? (Sentence)$"Their signatures are missing, or do not cover the body."
            : (Sentence)$"They are not signed. A proxy may have removed the Authorization header.";
        return source.Trust == TrustRule.Signature && all >= LeastUnsigned && unsigned == all
            ? new()
            {
                Kind = "unsignedNotifications",
                Level = source.Keys.IsEmpty ? FindingLevel.Info : FindingLevel.Warning,
                Count = unsigned,
                Detail = $"None of the {all} notifications of the last 24 hours could settle a job, so each cost a poll. {cause}",
            }
            : null;
    }

    private static string? OneUnknownKey(IReadOnlyList<SignatureDiagnosis> wrong) =>
        wrong is [{ AccessKey: { } key }, ..] && wrong.All(one => one.AccessKey == key && one.Findings is [SignatureFinding.UnknownAccessKey])
            ? key
            : null;

    private static Finding? Notifications(SourceSigns signs)
    {
        // The hour of the last notification may have jobs from before and after it.
        var yesterday = StatisticsCollector.HourOf(signs.Now).AddHours(-23);
        var last = signs.Latest.NotifiedAt ?? signs.Hours.LastOrDefault(hour => Notified(hour.Sums) > 0)?.Hour;
        var since = last is { } at && StatisticsCollector.HourOf(at).AddHours(1) is var next && next > yesterday ? next : yesterday;
        var unheard = ByPoll(signs.From(since));
        if (unheard >= LeastUnheard && Notified(signs.From(since)) == 0)
        {
            return new()
            {
                Kind = "noNotifications",

                // Some sources are polled by choice.
                Level = last is null ? FindingLevel.Info : FindingLevel.Warning,
                Since = last,
                Count = unheard,
                Detail = $"{Heard(last)}, and polls had to find {Many(unheard, $"{unheard} outcome", $"{unheard} outcomes")}. "
                    + $"Check that jobs are submitted with the notify URL, and that the provider can reach it.",
            };
        }

        // Jobs of this hour and the last may have been registered just now.
        if (signs.Books?.Open is { } open and >= LeastUnheard
            && Notified(signs.Day()) == 0
            && signs.Day()[HourSum.Registered] - signs.From(StatisticsCollector.HourOf(signs.Now).AddHours(-1))[HourSum.Registered] >= LeastUnheard)
        {
            return new()
            {
                Kind = "noNotifications",
                Level = FindingLevel.Info,
                Since = last,
                Count = open,
                Detail = $"No notification has arrived in the last 24 hours, and {Many(open, $"{open} job is", $"{open} jobs are")} open. Check that jobs are submitted with the notify URL, and that the provider can reach it.",
            };
        }

        var share = PlanReader.HeardOf(signs.Hours, signs.Now);
        return share.Jobs >= LeastHeardOf && share.Interval.To < LeastHeard
            ? new()
            {
                Kind = "fewNotifications",
                Level = FindingLevel.Warning,
                Count = (long)share.Jobs,
                Detail = $"Of the {share.Jobs:0} jobs of the last 7 days, {share.Share:0%} were notified ({share.Interval.From:0%} to {share.Interval.To:0%} at 95 % confidence). Polls found the others. Notifications may get lost, or some jobs may be submitted without the notify URL.",
            }
            : null;
    }

    private static Finding? Late(SourceSigns signs)
    {
        var day = signs.Day();
        var (late, all) = (day[HourSum.NotifiedLate], day[HourSum.NotifiedLate] + day[HourSum.Heard]);
        return late >= LeastLate && late >= MostLate * all
            ? new()
            {
                Kind = "lateNotifications",
                Level = FindingLevel.Warning,
                Count = late,
                Detail = $"Of the {all} jobs that were notified in the last 24 hours, a poll had found {late} before. Notifications may be delayed on the way, "
                    + $"or the provider's first attempts fail, and it retries for minutes or hours. Check that the notify URL answers 200 at once.",
            }
            : null;
    }

    private static long ByPoll(HourSums sums) =>
        sums[HourSum.SucceededByPoll] + sums[HourSum.PartiallyFailedByPoll] + sums[HourSum.FailedByPoll] + sums[HourSum.CancelledByPoll];

    // Covers the polls of all processes. Unknown ids are left out, because they may be made up.
    private static IEnumerable<Finding> Polls(SourceSigns signs)
    {
        var lately = signs.From(StatisticsCollector.HourOf(signs.Now).AddHours(-1));
        var all = lately[HourSum.PolledReport] + lately[HourSum.PolledNotFound] + lately[HourSum.PolledThrottled]
            + lately[HourSum.PolledUnavailable] + lately[HourSum.PolledRefused] + lately[HourSum.PolledOutOfScope];
        var (name, isAnswering) = (signs.Source.Name, signs.Latest.Answer == PollAnswer.Report);
        foreach (var (kind, sum, what) in ((TroubleKind, HourSum, Sentence)[])
            [
                (TroubleKind.StatusApiUnreachable, HourSum.PolledUnavailable, $"were not answered"),
                (TroubleKind.StatusApiRefuses, HourSum.PolledRefused, $"were refused, or their answers could not be understood"),
                (TroubleKind.StatusApiThrottles, HourSum.PolledThrottled, $"were answered with a request to slow down"),
            ])
        {
            var failed = lately[sum];
            if (failed < LeastFailed || failed < FewFail * all)
                continue;
            Sentence fix = kind == TroubleKind.StatusApiThrottles
                ? (Sentence)$"Lower FopWatch:Sources:{name}:Poll:PerSecond if it persists."
                : (Sentence)$"Check FopWatch:Sources:{name}:StatusEndpoint and the network.";
            yield return new()
            {
                Kind = Finding.KindOf(kind),
                Level = kind != TroubleKind.StatusApiThrottles && failed >= MostFail * all && !isAnswering ? FindingLevel.Trouble : FindingLevel.Warning,
                Count = failed,
                Detail = $"{failed} of the {all} polls of this hour and the last {(isAnswering ? Answered(what) : what)}. {fix}",
            };
        }
    }

    private static Finding? HeldBack(SourceSigns signs)
    {
        var held = signs.HeldBack;
        return held is [var longest, ..] && signs.Now - longest >= LongHeldBack && held.Count >= Math.Max(signs.Source.Poll.PerSecond, 1)
            ? new()
            {
                Kind = "pollsHeldBack",
                Level = FindingLevel.Warning,
                Since = longest,
                Count = held.Count,
                Detail = $"{AtLeast(held.Count, $"{held.Count} polls are due but not made")}, the oldest since {Time(longest)}. FopWatch:Sources:{signs.Source.Name}:Poll:PerSecond is {signs.Source.Poll.PerSecond}; raise it if the status API allows more, or check whether the API is slow.",
            }
            : null;
    }

    private static Finding? Overdue(SourceSigns signs) => signs.Overdue is var count and > 0
        ? new()
        {
            Kind = "jobsOverdue",
            Level = FindingLevel.Warning,
            Count = count,
            Detail = $"{AtLeast(count, Many(count, $"{count} open job takes", $"{count} open jobs take"))} much longer than usual for their command. The provider may be slow, or may have lost them.",
        }
        : null;

    private static Finding? Quarantine(SourceSigns signs)
    {
        var (size, lately) = (signs.Quarantined, signs.Day()[HourSum.Quarantined]);
        var full = Math.Max(size.Notifications / (double)QuarantineLimit.MaxNotifications, size.Bytes / (double)QuarantineLimit.MaxBytes);
        if (full >= HalfFull)
        {
            return new()
            {
                Kind = "quarantineFills",
                Level = full >= NearlyFull ? FindingLevel.Trouble : FindingLevel.Warning,
                Count = size.Notifications,
                Detail = $"The quarantine is {Math.Min(full, 1):0%} full, with {size.Notifications} notifications. Once it is full, further notifications are answered 503 and are lost when the provider gives up. {Trouble.ListsQuarantine} gives the reasons: fix the cause, retry the notifications, and delete the rest.",
            };
        }

        return size.Notifications > 0 && lately > 0
            ? new()
            {
                Kind = "quarantined",
                Level = FindingLevel.Info,
                Count = lately,
                Detail = $"{Many(lately, $"{lately} notification", $"{lately} notifications")} went to quarantine in the last 24 hours. {Trouble.ListsQuarantine} gives the reasons: fix the cause, then retry them.",
            }
            : null;
    }

    private static Finding? Unaccounted(SourceSigns signs) => signs.Books is { Unaccounted: not 0 and var count }
        ? new()
        {
            Kind = "booksUnaccounted",
            Level = FindingLevel.Trouble,
            Count = count,
            Detail = $"The books do not balance: {Many(count, $"{count} job is", $"{count} jobs are")} unaccounted for. Report this, with the sweep's log.",
        }
        : null;

    private static Finding? Publishing(SourceSigns signs)
    {
        // Octaves are exact at their boundaries.
        var octaves = signs.From(StatisticsCollector.HourOf(signs.Now).AddHours(-1))[HourHistogram.Lag];
        var (slow, all) = (octaves[SlowOctave..].Sum(), octaves.Sum());
        return all >= LeastPublished && slow >= ManySlow * all
            ? new()
            {
                Kind = "publishingSlow",
                Level = FindingLevel.Warning,
                Count = slow,
                Detail = $"{slow} of the {all} events of this hour and the last were published more than a minute after their commits. Check the broker and the depth of the outbox.",
            }
            : null;
    }

    private static Sentence Answered(Sentence what) => $"{what}; the last poll was answered with a report";

    private static Sentence Many(long count, Sentence one, Sentence many) => count == 1 ? one : many;

    private static Sentence AtLeast(long count, Sentence counted) => count >= OverviewReader.CountedUpTo ? (Sentence)$"At least {counted}" : counted;

    private static Sentence Heard(DateTimeOffset? last) =>
        last is { } heard ? (Sentence)$"No notification has arrived since {Time(heard)}" : (Sentence)$"No notification is known to have arrived";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
