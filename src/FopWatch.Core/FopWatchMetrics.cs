using System.Diagnostics.Metrics;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch;

/// <summary>The metrics of a process; one instance per process. They never hold keys, tokens, ids, commands or bodies.</summary>
public sealed class FopWatchMetrics
{
    // How long the result of a sweep is reported. Several processes may sweep in turn, and one that has not swept lately must not report
    // an old state. Three times the longest interval between sweeps of either host.
    private static readonly TimeSpan SweepHolds = TimeSpan.FromMinutes(15);

    private readonly TimeProvider _time;
    private readonly StatisticsCollector? _statistics;
    private readonly Counter<long> _notifications;
    private readonly Counter<long> _notTaken;
    private readonly Counter<long> _notificationsFailed;
    private readonly Counter<long> _uploads;
    private readonly Counter<long> _polls;
    private readonly Counter<long> _settled;
    private readonly Counter<long> _overdue;
    private readonly Counter<long> _notMeasured;
    private readonly Histogram<double> _timeToOutcome;
    private readonly Histogram<double> _publishDelay;
    private readonly Histogram<double> _detectionDelay;

    private LastSweep? _swept;

    /// <param name="meters">Creates the meter <see cref="Telemetry.Name"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="statistics">Stores the same numbers for longer; null to store none.</param>
    public FopWatchMetrics(IMeterFactory meters, TimeProvider time, StatisticsCollector? statistics = null)
        : this(meters.Create(Telemetry.Name), time, statistics)
    {
    }

    internal FopWatchMetrics(Meter meter, TimeProvider time, StatisticsCollector? statistics = null)
    {
        (_time, _statistics) = (time, statistics);
        _notifications = meter.CreateCounter<long>(
            "fopwatch.notifications", "{notification}", "Notifications by source, trust and result.");
        _notTaken = meter.CreateCounter<long>(
            "fopwatch.notifications.shed",
            "{notification}",
            "Notifications and upload callbacks turned away, by source and reason: answered 503 for lack of room, or 413 because they are too large.");
        _notificationsFailed = meter.CreateCounter<long>(
            "fopwatch.notifications.failed",
            "{notification}",
            "Notifications by source whose effect could not be made durable; they are answered 5xx.");
        _uploads = meter.CreateCounter<long>(
            "fopwatch.uploads", "{callback}", "Upload callbacks by source, trust and result.");
        _polls = meter.CreateCounter<long>(
            "fopwatch.polls", "{poll}", "Polls by source and answer of the status API. A poll that is put off because the API has asked for a pause counts as Throttled.");
        _settled = meter.CreateCounter<long>(
            "fopwatch.jobs.settled", "{job}", "Outcomes by source, state and what settled the job.");
        _overdue = meter.CreateCounter<long>(
            "fopwatch.jobs.overdue", "{job}", "Jobs by source that a poll found to be older than 1.5 times the 95th percentile of their class.");
        _notMeasured = meter.CreateCounter<long>(
            "fopwatch.commits.unmeasured", "{commit}", "Commits by source that were made but could not be measured.");
        _timeToOutcome = meter.CreateHistogram<double>(
            "fopwatch.job.duration",
            "s",
            "From registration to the outcome.",
            advice: new() { HistogramBucketBoundaries = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 259200, 864000] });
        _publishDelay = meter.CreateHistogram<double>(
            "fopwatch.event.delay",
            "s",
            "From the recording of a change to its event being published.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3600] });
        _detectionDelay = meter.CreateHistogram<double>(
            "fopwatch.detection.delay",
            "s",
            "How late a poll found an outcome, estimated: half of the time since the job was last seen running.",
            advice: new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400] });
        meter.CreateObservableGauge("fopwatch.jobs.open", () => PerSource(books => books.Open), "{job}", "Open watches by source.");
        meter.CreateObservableGauge(
            "fopwatch.jobs.unaccounted", () => PerSource(books => books.Unaccounted), "{job}", "Jobs that nothing will settle, by source; must be 0.");
        meter.CreateObservableGauge(
            "fopwatch.outbox.depth", () => Overall(sweep => sweep.OutboxDepth), "{event}", "Events that wait to be published; the count stops at 1,000.");
        meter.CreateObservableGauge(
            "fopwatch.outbox.refused",
            () => Overall(sweep => sweep.OutboxSetAside),
            "{event}",
            "Events in the outbox that the broker refused, or that cannot be read.");
        meter.CreateObservableGauge(
            "fopwatch.outbox.age", () => Overall(sweep => sweep.OutboxAge.TotalSeconds), "s", "How long the oldest event in the outbox has waited.");
        meter.CreateObservableGauge(
            "fopwatch.quarantine", () => Overall(sweep => sweep.Quarantined), "{notification}", "Notifications in quarantine.");
    }

    internal void Notified(Source source, Trust trust, NotificationResult result)
    {
        _notifications.Add(1, new("source", source.Name), new("trust", trust.ToString()), new("result", result.ToString()));
        _statistics?.Notified(source.Name, trust, result);
    }

    internal void Uploaded(Source source, Trust trust, UploadResult result) =>
        _uploads.Add(1, new("source", source.Name), new("trust", trust.ToString()), new("result", result.ToString()));

    internal void TurnedAway(Source source, string reason) => _notTaken.Add(1, new("source", source.Name), new("reason", reason));

    internal void NotificationFailed(Source source) =>
        _notificationsFailed.Add(1, new KeyValuePair<string, object?>("source", source.Name));

    /// <summary>Measures a poll.</summary>
    /// <param name="source">The source.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="isAsked">Whether the API was asked. The statistics count only what it answered, and the findings rest on them.</param>
    internal void Polled(Source source, PollAnswer answer, bool isAsked = true)
    {
        _polls.Add(1, new("source", source.Name), new("answer", answer.ToString()));
        if (isAsked)
            _statistics?.Polled(source.Name, answer);
    }

    /// <summary>Measures a commit; does not throw.</summary>
    internal void Committed(JobCommitted committed)
    {
        try
        {
            Measure(committed);
        }
        catch (Exception)
        {
            _notMeasured.Add(1, new KeyValuePair<string, object?>("source", committed.After.Key.Source));
        }
    }

    private void Measure(JobCommitted committed)
    {
        var after = committed.After;
        if (after.IsSettled && committed.Before?.State != after.State)
            JobSettled(after);
        if (committed.IsFoundOverdue)
            _overdue.Add(1, new KeyValuePair<string, object?>("source", after.Key.Source));
        if (after.Origin != JobOrigin.Hint
            && StatisticsCollector.LookOf(committed.Before, after, _time.GetUtcNow()) is { Over: SettledBy.Poll } look)
        {
            _detectionDelay.Record(look.Delay.TotalSeconds, new KeyValuePair<string, object?>("source", after.Key.Source));
        }

        _statistics?.Committed(committed);
    }

    internal void JobSettled(Job job)
    {
        _settled.Add(
            1,
            new("source", job.Key.Source),
            new("state", job.State.ToString()),
            new("by", job.SettledBy.ToString()));
        _timeToOutcome.Record((job.UpdatedAt - job.RegisteredAt).TotalSeconds, new KeyValuePair<string, object?>("source", job.Key.Source));
    }

    /// <summary>Records a published event.</summary>
    /// <param name="source">The source of the job.</param>
    /// <param name="delay">The time from the commit to the publication.</param>
    public void Published(string source, TimeSpan delay)
    {
        _publishDelay.Record(Math.Max(0, delay.TotalSeconds), new KeyValuePair<string, object?>("source", source));
        _statistics?.Published(source, delay);
    }

    internal void Swept(Sweep sweep) => _swept = new(sweep, _time.GetTimestamp());

    private IEnumerable<Measurement<long>> PerSource(Func<Books, long> value) =>
        Current().SelectMany(sweep => sweep.Books)
            .Select(books => new Measurement<long>(value(books), new KeyValuePair<string, object?>("source", books.Source)));

    private IEnumerable<Measurement<T>> Overall<T>(Func<Sweep, T> value)
        where T : struct => Current().Select(sweep => new Measurement<T>(value(sweep)));

    private IEnumerable<Sweep> Current() =>
        _swept is { } last && _time.GetElapsedTime(last.Timestamp) <= SweepHolds ? [last.Sweep] : [];

    private sealed record LastSweep(Sweep Sweep, long Timestamp);
}
