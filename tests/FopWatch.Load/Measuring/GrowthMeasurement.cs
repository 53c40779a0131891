using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.Json;
using FopWatch.Jobs;
using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;
using FopWatch.Providers;
using FopWatch.Sqlite;
using FopWatch.Upkeep;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Load.Measuring;

/// <summary>The cost of the same work with few and with many open jobs.</summary>
internal static class GrowthMeasurement
{
    public const string Name = "growth";

    private const int Connections = 4;
    private const string Failing = "failed";

    public static async Task<Table> RunAsync(LoadOptions options)
    {
        var (few, many) = (options.Open[0], options.Open[1]);
        var (withFew, withMany) = (await MeasureAsync(options, few), await MeasureAsync(options, many));
        var table = new Table("Growth", "open jobs", Table.Number(few), Table.Number(many), "ratio");
        foreach (var (name, value) in withFew)
        {
            var other = withMany[name];
            table.Add(name, Table.Number(value), Table.Number(other), name == Failing ? Table.None : Table.Ratio(other, value));
            if (name == Failing && value + other > 0)
                table.Fault($"{value + other} requests failed.");
        }

        return table;
    }

    private static async Task<Dictionary<string, double?>> MeasureAsync(LoadOptions options, int open)
    {
        Progress.Report(string.Create(CultureInfo.InvariantCulture, $"Growth: {open} open jobs"));
        var figures = new Dictionary<string, double?>();
        using var host = await MeasuredHost.EmbeddedAsync(options);
        var ids = new JobIds(open);
        var failed = (await IntakeMeasurement.RegisterAsync(host.Url, ids, open < 10_000 ? 100 : 1000)).Failed.Values.Sum();

        using var http = new HttpClient { BaseAddress = host.Url };
        using var job = JsonDocument.Parse(await http.GetStringAsync($"/api/jobs/{HttpRequests.Source}/{ids[0]}"));
        using var page = JsonDocument.Parse(await http.GetStringAsync("/api/jobs?top=100"));
        foreach (var (name, path) in (IEnumerable<(string, string)>)
        [
            ("one job, p50 ms", $"/api/jobs/{HttpRequests.Source}/{ids[0]}"),
            ("first page of 100, p50 ms", "/api/jobs?top=100"),
            ("next page of 100, p50 ms", $"/api/jobs?top=100&continuation={Uri.EscapeDataString(page.RootElement.GetProperty("continuation").GetString() ?? "")}"),
            ("page of 100 of a source and a state, p50 ms", $"/api/jobs?source={HttpRequests.Source}&state=waiting&watch=watching&top=100"),
            ("search by reference, p50 ms", $"/api/jobs?ref={job.RootElement.GetProperty("ref").GetString()}"),
            ("search that finds nothing, p50 ms", $"/api/jobs?source={HttpRequests.Source}&state=failed&top=20"),
        ])
        {
            await RequestLoop.RunAsync(host.Url, Connections, () => new GetRequests(host.Url, path), options.WarmUp / 4);
            var result = await RequestLoop.RunAsync(host.Url, Connections, () => new GetRequests(host.Url, path), options.Seconds / 4);
            figures[name] = result.Latency.Quantile(0.5)?.TotalMilliseconds;
            failed += result.Failed.Values.Sum();
        }

        figures["memory, MiB"] = host.Memory / 1048576.0;
        host.Kill();
        figures["start until ready, ms"] = (await StartMeasurement.TimeAsync(host)).TotalMilliseconds;
        host.Kill();
        figures["sweep, ms"] = (await SweepAsync(host.Folder, open)).TotalMilliseconds;
        figures["database, MiB"] = new FileInfo(Path.Combine(host.Folder, "fopwatch.db")).Length / 1048576.0;
        figures[Failing] = failed;
        return figures;
    }

    /// <summary>The median of three sweeps by the core, which reports how many jobs it found.</summary>
    private static async Task<TimeSpan> SweepAsync(string folder, int open)
    {
        await using var store = await SqliteStore.OpenAsync(folder, TimeProvider.System);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var (sources, time) = (new Sources([]), TimeProvider.System);
        var recorder = new JobRecorder(sources, store.Jobs, new NoObserver(), time, Random.Shared);
        var far = new ClockSkewRepair(sources, store.Jobs, store.Due, recorder, new(), time);
        var metrics = new FopWatchMetrics(meters.GetRequiredService<IMeterFactory>(), time);
        var sweeper = new Sweeper(store.Jobs, store.Outbox, store.Quarantine, recorder, far, metrics, time);
        var times = new List<TimeSpan>();
        for (var i = 0; i < 3; i++)
        {
            var began = Stopwatch.GetTimestamp();
            var sweep = await sweeper.SweepAsync(CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(began));
            var found = sweep.Books.Sum(books => books.Open);
            if (found != open || sweep.Unaccounted != 0)
                throw new InvalidOperationException($"A sweep found {found} open jobs of {open}, {sweep.Unaccounted} unaccounted for.");
        }

        return times.Order().ElementAt(1);
    }

    private sealed class NoObserver : ICommitObserver
    {
        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}
