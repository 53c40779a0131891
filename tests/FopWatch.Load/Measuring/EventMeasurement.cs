using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Measuring;

/// <summary>How soon a subscriber of the embedded host has an event, at half the notification rate that the host can sustain.</summary>
internal sealed class EventMeasurement(LoadOptions options)
{
    public const string Name = "events";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Table _table = new(
        "Commit to subscriber", "at half load", "connections", "notifications/s", "events", "p50 ms", "p95 ms", "p99 ms", "longest ms", "failed");

    /// <param name="full">The measured maximum rate of the host by number of connections; a missing one is measured here.</param>
    public async Task<Table> RunAsync(IReadOnlyDictionary<int, LoadResult> full)
    {
        var connections = options.Connections[0];
        using var host = await MeasuredHost.EmbeddedAsync(options, ("Trust", "Token"));
        var unmeasured = new JobIds();
        Progress.Report("Events: warm-up");
        var warm = await RequestLoop.RunAsync(host.Url, connections, () => new NotificationRequests(host.Url, unmeasured), options.WarmUp);
        var rate = full.GetValueOrDefault(connections, warm).PerSecond / 2;

        await using var follower = await EventFollower.StartAsync(host.Url);
        var jobs = new SentJobs((int)(2 * rate * options.Seconds.TotalSeconds) + 1000);
        follower.Count(jobs);
        Progress.Report("Events: at half load");
        var result = await RequestLoop.RunAsync(host.Url, connections, () => jobs.Requests(host.Url), options.Seconds, rate);
        for (var waited = TimeSpan.Zero; follower.AfterSending.Count < result.Done && waited < Patience; waited += TimeSpan.FromMilliseconds(50))
            await Task.Delay(50);
        if (follower.AfterSending.Count != result.Done)
            _table.Fault($"{result.Done} notifications and {follower.AfterSending.Count} events");

        Add("change decided, then committed, to event on the subscriber's socket", follower.AfterDecision);
        Add("notification answered, which follows the commit, to event on the subscriber's socket", jobs.AfterAnswer());
        Add("notification sent to event on the subscriber's socket", follower.AfterSending);
        Add("notification due at that rate to its answer", result.Latency);
        return _table;

        void Add(string name, Histogram histogram) =>
            _table.Add(name, [Table.Number(connections), Table.Number(result.PerSecond), .. Table.Delays(histogram), _table.Failures(name, result.Failed)]);
    }
}
