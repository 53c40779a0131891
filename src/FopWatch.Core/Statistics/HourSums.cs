using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>The sums that are counted by source and hour.</summary>
public enum HourSum
{
    /// <summary>Jobs that were registered or that a genuine notification named, each once.</summary>
    Registered,

    /// <summary>Notifications with a strong signature.</summary>
    NotifiedStrong,

    /// <summary>Notifications with a weak signature.</summary>
    NotifiedWeak,

    /// <summary>Notifications without a signature.</summary>
    NotifiedNone,

    /// <summary>Notifications whose signature is wrong.</summary>
    NotifiedInvalid,

    /// <summary>Notifications that only made a poll due.</summary>
    Hinted,

    /// <summary>Notifications that went to quarantine.</summary>
    Quarantined,

    /// <summary>Polls answered with a report.</summary>
    PolledReport,

    /// <summary>Polls answered with "no such id".</summary>
    PolledNotFound,

    /// <summary>Polls answered with a request to slow down.</summary>
    PolledThrottled,

    /// <summary>Polls that were not answered.</summary>
    PolledUnavailable,

    /// <summary>Polls that were refused.</summary>
    PolledRefused,

    /// <summary>Polls answered about another bucket or pipeline.</summary>
    PolledOutOfScope,

    /// <summary>Jobs that succeeded, by a notification.</summary>
    SucceededByNotification,

    /// <summary>Jobs that succeeded, by a poll.</summary>
    SucceededByPoll,

    /// <summary>Jobs that partially failed, by a notification.</summary>
    PartiallyFailedByNotification,

    /// <summary>Jobs that partially failed, by a poll.</summary>
    PartiallyFailedByPoll,

    /// <summary>Jobs that failed, by a notification.</summary>
    FailedByNotification,

    /// <summary>Jobs that failed, by a poll.</summary>
    FailedByPoll,

    /// <summary>Jobs that were cancelled, by a notification.</summary>
    CancelledByNotification,

    /// <summary>Jobs that were cancelled, by a poll.</summary>
    CancelledByPoll,

    /// <summary>Jobs that were given up.</summary>
    Expired,

    /// <summary>Jobs that became overdue.</summary>
    Overdue,

    /// <summary>Jobs of known age that were settled by a notification.</summary>
    Heard,

    /// <summary>Jobs of known age that were settled by a poll.</summary>
    Found,

    /// <summary>Jobs of known age that were settled by a poll and notified later, counted in the hour of the settlement.</summary>
    NotifiedLate,
}

/// <summary>The histograms that are counted by source, hour and octave of time.</summary>
public enum HourHistogram
{
    /// <summary>How late polls found the outcomes of jobs that they settled.</summary>
    DelayByPoll,

    /// <summary>
    /// The time from a change to the publication of its event. The embedded host publishes with the commit, so there it is the time until the change was durable,
    /// without the time until the log is read.
    /// </summary>
    Lag,

    /// <summary>The time from the poll that settled a job to its late notification.</summary>
    Lateness,
}

/// <summary>
/// The sums of an hour of a source. They are stored by name, so that names of newer versions are preserved. Not thread-safe.
/// </summary>
public sealed class HourSums
{
    /// <summary>The number of octaves of a histogram. The first covers less than 1 ms, each further octave twice as much, and the last all longer times.</summary>
    public const int Octaves = 32;

    // More names than any version has.
    private const int MostNames = 1000;

    // More than any hour has. A greater count is damaged, and sums of many hours are far from an overflow.
    private const long MostCounted = 1_000_000_000_000;

    private static readonly string[] Names = [.. Enum.GetValues<HourSum>().Select(NameOf)];
    private static readonly string[][] Cells = [.. Enum.GetValues<HourHistogram>().Select(histogram => Enumerable.Range(0, Octaves)
        .Select(octave => string.Create(CultureInfo.InvariantCulture, $"{NameOf(histogram)}.{octave}")).ToArray())];

    private readonly Dictionary<string, long> _sums = new(StringComparer.Ordinal);

    /// <summary>The sums by name.</summary>
    public IReadOnlyDictionary<string, long> ByName => _sums;

    /// <summary>Whether all sums are 0.</summary>
    public bool IsEmpty => _sums.Count == 0;

    /// <summary>A sum.</summary>
    public long this[HourSum sum] => _sums.GetValueOrDefault(Names[(int)sum]);

    /// <summary>The octaves of a histogram.</summary>
    public long[] this[HourHistogram histogram] => Array.ConvertAll(Cells[(int)histogram], cell => _sums.GetValueOrDefault(cell));

    /// <summary>Counts one.</summary>
    public void Add(HourSum sum) => Add(Names[(int)sum], 1);

    /// <summary>Counts a duration.</summary>
    public void Add(HourHistogram histogram, TimeSpan time) => Add(Cells[(int)histogram][OctaveOf(time)], 1);

    /// <summary>Adds other sums.</summary>
    public void Add(HourSums others)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach (var (name, count) in others._sums)
            Add(name, count);
    }

    /// <summary>The octave of a duration; a negative duration counts as 0.</summary>
    public static int OctaveOf(TimeSpan time) =>
        time.TotalMilliseconds < 1 ? 0 : Math.Min(Octaves - 1, 1 + (int)Math.Log2(time.TotalMilliseconds));

    /// <summary>The sum that counts polls with an answer.</summary>
    public static HourSum? Of(PollAnswer answer) => answer switch
    {
        PollAnswer.Report => HourSum.PolledReport,
        PollAnswer.NotFound => HourSum.PolledNotFound,
        PollAnswer.Throttled => HourSum.PolledThrottled,
        PollAnswer.Unavailable => HourSum.PolledUnavailable,
        PollAnswer.Refused => HourSum.PolledRefused,
        PollAnswer.OutOfScope => HourSum.PolledOutOfScope,
        _ => null,
    };

    /// <summary>The sum that counts notifications with a trust.</summary>
    public static HourSum Of(Trust trust) => trust switch
    {
        Trust.Strong => HourSum.NotifiedStrong,
        Trust.Weak => HourSum.NotifiedWeak,
        Trust.Invalid => HourSum.NotifiedInvalid,
        _ => HourSum.NotifiedNone,
    };

    /// <summary>The sum that counts an outcome.</summary>
    /// <param name="state">The state.</param>
    /// <param name="by">What settled the job.</param>
    public static HourSum? Of(JobState state, SettledBy? by) => (state, by) switch
    {
        (JobState.Expired, _) => HourSum.Expired,
        (JobState.Succeeded, SettledBy.Notification) => HourSum.SucceededByNotification,
        (JobState.Succeeded, _) => HourSum.SucceededByPoll,
        (JobState.PartiallyFailed, SettledBy.Notification) => HourSum.PartiallyFailedByNotification,
        (JobState.PartiallyFailed, _) => HourSum.PartiallyFailedByPoll,
        (JobState.Failed, SettledBy.Notification) => HourSum.FailedByNotification,
        (JobState.Failed, _) => HourSum.FailedByPoll,
        (JobState.Cancelled, SettledBy.Notification) => HourSum.CancelledByNotification,
        (JobState.Cancelled, _) => HourSum.CancelledByPoll,
        _ => null,
    };

    /// <summary>The sums as JSON: an object of names and whole numbers.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, count) in _sums.OrderBy(sum => sum.Key, StringComparer.Ordinal))
                json.WriteNumber(name, count);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Reads the JSON of <see cref="ToJson"/>. Damaged sums are left out, which statistics can afford.</summary>
    public static HourSums FromJson(string? json)
    {
        var sums = new HourSums();
        if (json is null)
            return sums;

        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return sums;
            foreach (var sum in document.RootElement.EnumerateObject())
            {
                if (sum.Value.ValueKind == JsonValueKind.Number && sum.Value.TryGetInt64(out var count) && count is > 0 and <= MostCounted)
                    sums.Add(sum.Name, count);
            }
        }
        catch (Exception damaged) when (damaged is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, or names with lone surrogates. Counting starts afresh.
        }

        return sums;
    }

    private void Add(string name, long count)
    {
        if (_sums.Count >= MostNames && !_sums.ContainsKey(name))
            return;
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, name, out _);
        sum = Math.Min(sum + count, MostCounted);
    }

    private static string NameOf(HourSum sum) => sum switch
    {
        HourSum.Registered => "registered",
        HourSum.NotifiedStrong => "notified.strong",
        HourSum.NotifiedWeak => "notified.weak",
        HourSum.NotifiedNone => "notified.none",
        HourSum.NotifiedInvalid => "notified.invalid",
        HourSum.Hinted => "hinted",
        HourSum.Quarantined => "quarantined",
        HourSum.PolledReport => "polled.report",
        HourSum.PolledNotFound => "polled.notFound",
        HourSum.PolledThrottled => "polled.throttled",
        HourSum.PolledUnavailable => "polled.unavailable",
        HourSum.PolledRefused => "polled.refused",
        HourSum.PolledOutOfScope => "polled.outOfScope",
        HourSum.SucceededByNotification => "succeeded.notification",
        HourSum.SucceededByPoll => "succeeded.poll",
        HourSum.PartiallyFailedByNotification => "partiallyFailed.notification",
        HourSum.PartiallyFailedByPoll => "partiallyFailed.poll",
        HourSum.FailedByNotification => "failed.notification",
        HourSum.FailedByPoll => "failed.poll",
        HourSum.CancelledByNotification => "cancelled.notification",
        HourSum.CancelledByPoll => "cancelled.poll",
        HourSum.Expired => "expired",
        HourSum.Overdue => "overdue",
        HourSum.Heard => "heard",
        HourSum.Found => "found",
        HourSum.NotifiedLate => "notifiedLate",
        _ => throw new ArgumentOutOfRangeException(nameof(sum)),
    };

    private static string NameOf(HourHistogram histogram) => histogram switch
    {
        HourHistogram.DelayByPoll => "delay.poll",
        HourHistogram.Lag => "lag",
        HourHistogram.Lateness => "lateness",
        _ => throw new ArgumentOutOfRangeException(nameof(histogram)),
    };
}
