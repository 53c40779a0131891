using System.Diagnostics;
using System.Diagnostics.Metrics;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch;

/// <summary>
/// What FopWatch tells of itself: one <see cref="ActivitySource"/> and one <see cref="Meter"/>, both called <see cref="Name"/>.
/// Nothing here ever holds keys, tokens, ids, commands or bodies.
/// </summary>
public static class Telemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "FopWatch";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Notifications = Meter.CreateCounter<long>(
        "fopwatch.notifications", "{notification}", "Notifications by source, trust and result.");

    private static readonly Counter<long> NotTaken = Meter.CreateCounter<long>(
        "fopwatch.notifications.shed",
        "{notification}",
        "Notifications turned away, by source and reason: answered 503 for lack of room, or 413 because they are too large.");

    private static readonly Counter<long> NotificationsFailed = Meter.CreateCounter<long>(
        "fopwatch.notifications.failed",
        "{notification}",
        "Notifications by source whose effect could not be made durable; they are answered 5xx.");

    private static readonly Counter<long> Polls = Meter.CreateCounter<long>(
        "fopwatch.polls", "{poll}", "Requests to status APIs by source and answer.");

    private static readonly Counter<long> Settled = Meter.CreateCounter<long>(
        "fopwatch.jobs.settled", "{job}", "Outcomes by source, state and what settled the job.");

    private static readonly Histogram<double> TimeToOutcome = Meter.CreateHistogram<double>(
        "fopwatch.job.duration",
        "s",
        "From registration to the outcome.",
        advice: new() { HistogramBucketBoundaries = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 259200, 864000] });

    private static readonly Histogram<double> PublishDelay = Meter.CreateHistogram<double>(
        "fopwatch.event.delay",
        "s",
        "From the recording of a change to its event being published.",
        advice: new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3600] });

    /// <summary>
    /// How long what a sweep found is told: where several processes sweep in turn, one that has not swept lately must not go on
    /// telling what was. Three times the longest time between the sweeps of either host.
    /// </summary>
    private static readonly TimeSpan SweepHolds = TimeSpan.FromMinutes(15);

    private static LastSweep? _swept;

    static Telemetry()
    {
        Meter.CreateObservableGauge("fopwatch.jobs.open", () => PerSource(books => books.Open), "{job}", "Open watches by source.");
        Meter.CreateObservableGauge(
            "fopwatch.jobs.unaccounted", () => PerSource(books => books.Unaccounted), "{job}", "Jobs that nothing will settle, by source; must be 0.");
        Meter.CreateObservableGauge(
            "fopwatch.outbox.depth", () => Overall(sweep => sweep.OutboxDepth), "{event}", "Events that wait to be published: at most 1,000 are counted.");
        Meter.CreateObservableGauge(
            "fopwatch.outbox.refused",
            () => Overall(sweep => sweep.OutboxSetAside),
            "{event}",
            "Events in the outbox that the broker refused, or that cannot be read.");
        Meter.CreateObservableGauge(
            "fopwatch.outbox.age", () => Overall(sweep => sweep.OutboxAge.TotalSeconds), "s", "How long the oldest event in the outbox has waited.");
        Meter.CreateObservableGauge(
            "fopwatch.quarantine", () => Overall(sweep => sweep.Quarantined), "{notification}", "Notifications in quarantine.");
    }

    /// <summary>Spans of notifications, polls and publishing.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    internal static void Notified(Source source, Trust trust, NotificationResult result) => Notifications.Add(
        1,
        new("source", source.Name),
        new("trust", trust.ToString()),
        new("result", result.ToString()));

    internal static void TurnedAway(Source source, string reason) => NotTaken.Add(1, new("source", source.Name), new("reason", reason));

    internal static void NotificationFailed(Source source) =>
        NotificationsFailed.Add(1, new KeyValuePair<string, object?>("source", source.Name));

    internal static void Polled(Source source, PollAnswer answer) =>
        Polls.Add(1, new("source", source.Name), new("answer", answer.ToString()));

    internal static void JobSettled(Job job)
    {
        Settled.Add(
            1,
            new("source", job.Key.Source),
            new("state", job.State.ToString()),
            new("by", job.SettledBy.ToString()));
        TimeToOutcome.Record((job.UpdatedAt - job.RegisteredAt).TotalSeconds, new KeyValuePair<string, object?>("source", job.Key.Source));
    }

    internal static void Published(string source, TimeSpan delay) =>
        PublishDelay.Record(Math.Max(0, delay.TotalSeconds), new KeyValuePair<string, object?>("source", source));

    internal static void Swept(Sweep sweep, TimeProvider time) => _swept = new(sweep, time, time.GetTimestamp());

    private static IEnumerable<Measurement<long>> PerSource(Func<Books, long> value) =>
        Current().SelectMany(sweep => sweep.Books)
            .Select(books => new Measurement<long>(value(books), new KeyValuePair<string, object?>("source", books.Source)));

    private static IEnumerable<Measurement<T>> Overall<T>(Func<Sweep, T> value)
        where T : struct => Current().Select(sweep => new Measurement<T>(value(sweep)));

    private static IEnumerable<Sweep> Current() =>
        _swept is { } last && last.Time.GetElapsedTime(last.Timestamp) <= SweepHolds ? [last.Sweep] : [];

    private sealed record LastSweep(Sweep Sweep, TimeProvider Time, long Timestamp);
}
