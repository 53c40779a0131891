using FopWatch.Load.Bare;
using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Measuring;

/// <summary>Durable intake compared with the bare endpoints.</summary>
internal sealed class IntakeMeasurement(LoadOptions options)
{
    public const string Unknown = "unknown", Signed = "signed", Settling = "settling", Registering = "registering";

    public static readonly IReadOnlyList<string> Names = [BareEndpoint.Single, BareEndpoint.Store, Unknown, Signed, Settling, Registering];

    // More than can settle in the time, unless the host is twice as fast as during its warm-up.
    private const double Reserve = 2;

    // The host rejects a registration larger than what it works on at once.
    private const int MostRegistering = 64;

    private static readonly TimeSpan Never = TimeSpan.FromDays(7);

    private static readonly (string, string) TrustsTokens = ("Trust", "Token");

    private readonly Table _table = new(
        "Durable intake",
        "what", "connections", "1/s", "of grouped", "of single", "p50 ms", "p99 ms", "p99 of grouped", "longest ms", "host µs each", "generator µs each", "KiB written each", "peak MiB", "failed");

    private readonly Dictionary<int, LoadResult> _grouped = [];
    private readonly Dictionary<int, LoadResult> _single = [];

    /// <summary>The rate of notifications of unknown ids by number of connections.</summary>
    public Dictionary<int, LoadResult> UnknownIds { get; } = [];

    public async Task<Table> RunAsync()
    {
        await BareAsync("Kestrel, SQLite insert of the body, group commit", BareEndpoint.Grouped, _grouped);
        if (options.Wants(BareEndpoint.Single))
            await BareAsync("Kestrel, SQLite insert of the body, one by one", BareEndpoint.Single, _single);
        if (options.Wants(BareEndpoint.Store))
            await BareAsync("Kestrel, FopWatch's store: a prepared job and its event, group commit", BareEndpoint.Store, []);
        if (options.Wants(Unknown))
            await UnknownAsync();
        if (options.Wants(Signed))
            await SignedAsync();
        if (options.Wants(Settling))
            await SettlingAsync();
        if (options.Wants(Registering))
            await RegisteringAsync();
        return _table;
    }

    private async Task BareAsync(string name, string mode, Dictionary<int, LoadResult> results)
    {
        using var host = await MeasuredHost.BareAsync(options, mode);
        var ids = new JobIds();
        await WarmAsync(host, () => new NotificationRequests(host.Url, ids));
        foreach (var connections in options.Connections)
            results[connections] = await MeasureAsync(name, host, connections, () => new NotificationRequests(host.Url, ids));
    }

    private async Task UnknownAsync()
    {
        using var host = await MeasuredHost.EmbeddedAsync(options, TrustsTokens);
        var ids = new JobIds();
        await WarmAsync(host, () => new NotificationRequests(host.Url, ids));
        foreach (var connections in options.Connections)
        {
            UnknownIds[connections] = await MeasureAsync("FopWatch, notifications of unknown ids", host, connections, () => new NotificationRequests(host.Url, ids));
            await CheckAsync(host, ids, "succeeded");
        }
    }

    private async Task SignedAsync()
    {
        var key = MeasuredHost.Key;
        using var host = await MeasuredHost.EmbeddedAsync(options, ("Keys:0:AccessKey", key.AccessKey), ("Keys:0:SecretKey", key.SecretKey));
        var ids = new JobIds();
        await WarmAsync(host, () => new NotificationRequests(host.Url, ids, key));
        foreach (var connections in options.Connections)
        {
            await MeasureAsync("FopWatch, the same, signed", host, connections, () => new NotificationRequests(host.Url, ids, key));
            await CheckAsync(host, ids, "succeeded");
        }
    }

    private async Task SettlingAsync()
    {
        using var host = await MeasuredHost.EmbeddedAsync(options, TrustsTokens);
        var ids = new JobIds();
        var rate = (await WarmAsync(host, () => new NotificationRequests(host.Url, ids))).PerSecond;
        foreach (var connections in options.Connections)
        {
            var jobs = (long)(rate * options.Seconds.TotalSeconds * Reserve) + 1000;
            var registered = new JobIds(jobs / 1000 * 1000);
            await RegisterAsync(host.Url, registered);
            var settled = registered.Restarted();
            rate = (await MeasureAsync("FopWatch, notifications that settle registered jobs", host, connections, () => new NotificationRequests(host.Url, settled))).PerSecond;
            await CheckAsync(host, settled, "succeeded");
        }
    }

    private async Task RegisteringAsync()
    {
        using var host = await MeasuredHost.EmbeddedAsync(options);
        var ids = new JobIds();
        await WarmAsync(host, () => new RegistrationRequests(host.Url, ids, 100, () => Never));
        foreach (var (connections, each) in (IEnumerable<(int, int)>)[(8, 1000), .. options.Connections.Where(connections => connections <= MostRegistering).Select(connections => (connections, 100))])
            await MeasureAsync($"FopWatch, jobs registered in arrays of {each}", host, connections, () => new RegistrationRequests(host.Url, ids, each, () => Never));
        await CheckAsync(host, ids, "waiting");
    }

    /// <summary>Registers jobs that are not due during the measurement. Ids that do not fill an array are left over.</summary>
    public static Task<LoadResult> RegisterAsync(Uri url, JobIds ids, int each = 1000) =>
        RequestLoop.RunAsync(url, connections: 8, () => new RegistrationRequests(url, ids, each, () => Never), TimeSpan.FromHours(1));

    private Task<LoadResult> WarmAsync(HostProcess host, Func<HttpRequests> requests)
    {
        Progress.Report("Warm-up");
        return RequestLoop.RunAsync(host.Url, options.Connections[0], requests, options.WarmUp);
    }

    /// <summary>The answer to a notification does not depend on its effect.</summary>
    private async Task CheckAsync(HostProcess host, JobIds ids, string state)
    {
        var found = await MeasuredHost.StateAsync(host, ids[ids.Taken / 2]);
        if (found != state)
            _table.Fault($"A job is '{found}' and not '{state}'.");
    }

    private async Task<LoadResult> MeasureAsync(string name, HostProcess host, int connections, Func<HttpRequests> requests)
    {
        Progress.Report($"{name}, {connections} connections");
        var before = MeasuredHost.UsageOf(host);
        var result = await RequestLoop.RunAsync(host.Url, connections, requests, options.Seconds);
        var used = MeasuredHost.UsageOf(host).Since(before);
        var each = requests().Each;
        var (grouped, single) = (_grouped.GetValueOrDefault(connections), _single.GetValueOrDefault(connections));
        _table.Add(
            name,
            Table.Number(connections),
            Table.Number(result.PerSecond),
            Table.Ratio(result.PerSecond, each == 1 ? grouped?.PerSecond : null),
            Table.Ratio(result.PerSecond, each == 1 ? single?.PerSecond : null),
            Table.Milliseconds(result.Latency.Quantile(0.5)),
            Table.Milliseconds(result.Latency.Quantile(0.99)),
            Table.Ratio(result.Latency.Quantile(0.99)?.TotalMilliseconds, each > 1 ? null : grouped?.Latency.Quantile(0.99)?.TotalMilliseconds),
            Table.Milliseconds(result.Latency.Longest),
            Table.Number(used.Host.TotalMicroseconds / result.Done),
            Table.Number(used.Generator.TotalMicroseconds / result.Done),
            used.Written is { } written ? Table.Number(written / 1024.0 / result.Done) : Table.None,
            Table.Number(host.PeakMemory / 1048576.0),
            _table.Failures(name, result.Failed));
        if (result.Done == 0)
            _table.Fault($"{name}: nothing was done.");
        return result;
    }
}
