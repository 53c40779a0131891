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

    private static readonly Counter<long> Polls = Meter.CreateCounter<long>(
        "fopwatch.polls", "{poll}", "Questions to status APIs by source and answer.");

    private static readonly Counter<long> Settled = Meter.CreateCounter<long>(
        "fopwatch.jobs.settled", "{job}", "Outcomes by source, state and what settled the job.");

    private static readonly Histogram<double> TimeToOutcome = Meter.CreateHistogram<double>(
        "fopwatch.job.duration", "s", "From registration to the outcome.");

    private static readonly Histogram<double> PublishDelay = Meter.CreateHistogram<double>(
        "fopwatch.event.delay", "s", "From the recording of a change to its event being published.");

    private static IReadOnlyList<Books> _books = [];
    private static long _outboxDepth;
    private static long _quarantined;
    private static double _outboxAge;

    static Telemetry()
    {
        Meter.CreateObservableGauge("fopwatch.jobs.open", () => Measure(books => books.Open), "{job}", "Open watches by source.");
        Meter.CreateObservableGauge(
            "fopwatch.jobs.unaccounted", () => Measure(books => books.Unaccounted), "{job}", "Jobs that nothing will settle; must be 0.");
        Meter.CreateObservableGauge("fopwatch.outbox.depth", () => _outboxDepth, "{event}", "Events that wait to be published.");
        Meter.CreateObservableGauge("fopwatch.outbox.age", () => _outboxAge, "s", "How long the oldest of them has waited.");
        Meter.CreateObservableGauge("fopwatch.quarantine", () => _quarantined, "{notification}", "Notifications in quarantine.");
    }

    /// <summary>Spans of notifications, polls and publishing.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    internal static void Notified(Source source, Trust trust, NotificationResult result) => Notifications.Add(
        1,
        new("source", source.Name),
        new("trust", trust.ToString()),
        new("result", result.ToString()));

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
        PublishDelay.Record(delay.TotalSeconds, new KeyValuePair<string, object?>("source", source));

    internal static void Swept(Sweep sweep)
    {
        _books = sweep.Books;
        _outboxDepth = sweep.OutboxDepth;
        _outboxAge = sweep.OutboxAge.TotalSeconds;
        _quarantined = sweep.Quarantined;
    }

    private static IEnumerable<Measurement<long>> Measure(Func<Books, long> value) =>
        _books.Select(books => new Measurement<long>(value(books), new KeyValuePair<string, object?>("source", books.Source)));
}
