using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;
using FopWatch.Simulator;

namespace FopWatch.Load.Measuring;

/// <summary>How jobs that are all due at once are polled, and how much memory that takes.</summary>
internal static class DueMeasurement
{
    public const string Name = "due";

    // Far above the default of 10, and below what the host and the simulated provider can do on two processors.
    private const int PerSecond = 1000;

    public static async Task<Table> RunAsync(LoadOptions options)
    {
        var count = options.Due / 100 * 100;
        Progress.Report(string.Create(CultureInfo.InvariantCulture, $"Due: {count} jobs"));
        await using var provider = await SimulatedProvider.StartAsync();
        var ids = new JobIds(count);
        for (var i = 0; i < count; i++)
            await provider.SubmitAsync(JobOf(ids[i], i), notifyUrl: null);
        using var host = await MeasuredHost.EmbeddedAsync(
            options,
            ("StatusEndpoint", provider.StatusEndpoint.AbsoluteUri),
            ("Poll:PerSecond", PerSecond.ToString(CultureInfo.InvariantCulture)));

        // Later than the last registration.
        var due = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(5 + (count / 2000.0));
        var failed = (await RequestLoop.RunAsync(
            host.Url, connections: 8, () => new RegistrationRequests(host.Url, ids, 100, () => due - DateTimeOffset.UtcNow), TimeSpan.FromHours(1))).Failed;
        var isLate = DateTimeOffset.UtcNow > due;
        while (DateTimeOffset.UtcNow < due)
            await Task.Delay(10);

        var (began, before, atFirst, most) = (Stopwatch.GetTimestamp(), MeasuredHost.UsageOf(host), host.Memory, 0L);
        using var http = new HttpClient { BaseAddress = host.Url };
        while (await IsAnyAsync(http, "watch=watching"))
        {
            most = Math.Max(most, host.Memory);
            await Task.Delay(200);
        }

        var (took, used) = (Stopwatch.GetElapsedTime(began), MeasuredHost.UsageOf(host).Since(before));
        var table = new Table(
            "Due at once",
            "what", "jobs", "allowed polls/s", "polls/s", "of allowed", "polls per job", "host µs per poll", "MiB when due", "most MiB", "failed");
        const string What = "Jobs that are due at one moment, at the simulated provider, until all are settled";
        table.Add(
            What,
            Table.Number(count),
            Table.Number(PerSecond),
            Table.Number(count / took.TotalSeconds),
            Table.Ratio(count / took.TotalSeconds, PerSecond),
            Table.Number((double)provider.Counters.StatusQueries / count),
            Table.Number(used.Host.TotalMicroseconds / count),
            Table.Number(atFirst / 1048576.0),
            Table.Number(most / 1048576.0),
            table.Failures(What, failed));
        if (isLate)
            table.Fault("The first jobs were due before the last was registered.");
        if (await MeasuredHost.StateAsync(host, ids[count / 2]) is not "succeeded" and var state)
            table.Fault($"A job is '{state}' and not 'succeeded'.");
        return table;
    }

    private static async Task<bool> IsAnyAsync(HttpClient http, string filter)
    {
        using var page = JsonDocument.Parse(await http.GetStringAsync($"/api/jobs?source={HttpRequests.Source}&{filter}&top=1"));
        return page.RootElement.GetProperty("jobs").GetArrayLength() > 0;
    }

    private static SimulatedJob JobOf(string id, int number) => new()
    {
        Seed = number,
        Id = id,
        Shape = BodyShape.QiniuClassic,
        DoneAfter = TimeSpan.Zero,
        Items =
        [
            new()
            {
                Command = "avthumb/mp4/vb/1.25m",
                Fate = ItemFate.Succeeded,
                Outputs = [new("lessons", $"out/{id}.mp4", "FuYTvVs0nZkBZb5ZpIM2OOLzCkNK", 1000)],
            },
        ],
    };
}
