using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Functions;

/// <summary>Notifications at the cloud host, compared with a bare function under the same Functions host program.</summary>
internal sealed class CloudIntakeMeasurement(LoadOptions options)
{
    public const int Connections = 16;

    // At most as many jobs as can settle in the time: a registration takes longer than a notification here.
    private const double Reserve = 1.5;

    private const string Unknown = "FopWatch, notifications of unknown ids";

    private readonly Table _table = new(
        "Cloud host: durable intake on Azurite",
        "what", "connections", "1/s", "of bare", "p50 ms", "p95 ms", "p99 ms", "p95 of bare", "p95 of no bus", "host µs each", "worker µs each", "Azurite µs each", "worker ms to start", "failed");

    private LoadResult? _bare;
    private LoadResult? _withoutBus;

    public async Task<Table> RunAsync()
    {
        Progress.Report("Cloud: bare function");
        await using (var app = await MeasuredApp.BareAsync())
            _bare = await MeasureAsync("Bare function, one Table upsert of the body", app, new());

        Progress.Report("Cloud: FopWatch");
        await using (var app = await MeasuredApp.FopWatchAsync())
        {
            _withoutBus = await MeasureAsync(Unknown, app, new());

            Progress.Report("Cloud: jobs to settle");
            const int Each = 100;
            var count = ((int)(_withoutBus.PerSecond * options.Seconds.TotalSeconds * Reserve / Each) + 1) * Each;
            var registered = new JobIds(count);
            await app.RegisterAsync(registered, count, Each, TimeSpan.FromDays(7));
            await MeasureAsync("FopWatch, notifications that settle registered jobs", app, registered, isWarm: true);
        }

        Progress.Report("Cloud: FopWatch with Service Bus");
        await using (var bus = await ServiceBusPeer.StartAsync())
        await using (var app = await MeasuredApp.FopWatchAsync(("FopWatch__ServiceBus__ConnectionString", bus.ConnectionString)))
            await MeasureAsync(Unknown + ", events to a Service Bus peer", app, new(), withBus: true);
        return _table;
    }

    private async Task<LoadResult> MeasureAsync(string name, MeasuredApp app, JobIds ids, bool isWarm = false, bool withBus = false)
    {
        var atStart = app.ProcessorTime.Workers;
        var others = new JobIds();
        if (!isWarm)
            await RequestLoop.RunAsync(app.Url, Connections, () => new NotificationRequests(app.Url, others), options.WarmUp);
        var before = app.ProcessorTime;
        var result = await RequestLoop.RunAsync(app.Url, Connections, () => new NotificationRequests(app.Url, ids), options.Seconds);
        var after = app.ProcessorTime;
        _table.Add(
            name,
            Table.Number(Connections),
            Table.Number(result.PerSecond),
            Table.Ratio(result.PerSecond, _bare?.PerSecond),
            Table.Milliseconds(result.Latency.Quantile(0.5)),
            Table.Milliseconds(result.Latency.Quantile(0.95)),
            Table.Milliseconds(result.Latency.Quantile(0.99)),
            Table.Ratio(result.Latency.Quantile(0.95)?.TotalMilliseconds, _bare?.Latency.Quantile(0.95)?.TotalMilliseconds),
            Table.Ratio(result.Latency.Quantile(0.95)?.TotalMilliseconds, withBus ? _withoutBus?.Latency.Quantile(0.95)?.TotalMilliseconds : null),
            Table.Number((after.Host - before.Host).TotalMicroseconds / result.Done),
            Table.Number((after.Workers - before.Workers).TotalMicroseconds / result.Done),
            Table.Number((after.Storage - before.Storage).TotalMicroseconds / result.Done),
            isWarm ? Table.None : Table.Milliseconds(atStart),
            _table.Failures(name, result.Failed));
        if (_bare is not null && !await IsSettledAsync(app, ids[ids.Taken / 2]))
            _table.Fault($"{name}: a job is not settled.");
        return result;
    }

    private static async Task<bool> IsSettledAsync(MeasuredApp app, string id) =>
        (await app.Http.GetStringAsync($"/api/jobs/{HttpRequests.Source}/{id}")).Contains("\"state\":\"succeeded\"", StringComparison.Ordinal);
}
