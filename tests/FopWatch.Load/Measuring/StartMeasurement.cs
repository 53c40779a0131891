using System.Diagnostics;
using FopWatch.Load.Bare;
using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Measuring;

/// <summary>The time from the start of a host's process to its first 200.</summary>
internal static class StartMeasurement
{
    public const string Name = "start";

    public static async Task<Table> RunAsync(LoadOptions options)
    {
        var table = new Table("Start with an empty data folder", "what", "starts", "median ms", "longest ms", "processor ms");
        Progress.Report("Starts");
        using (var bare = await MeasuredHost.BareAsync(options, BareEndpoint.Grouped))
            await AddAsync("Kestrel, SQLite insert of the body", bare);
        using (var host = await MeasuredHost.EmbeddedAsync(options))
            await AddAsync(options.Host is null ? "FopWatch, as built" : "FopWatch, as published", host);
        return table;

        async Task AddAsync(string name, HostProcess host)
        {
            var (times, processor) = (new List<TimeSpan>(), TimeSpan.Zero);
            for (var i = 0; i < options.Starts; i++)
            {
                host.Kill();
                foreach (var file in Directory.EnumerateFiles(host.Folder))
                    File.Delete(file);
                times.Add(await TimeAsync(host));
                processor += host.ProcessorTime / options.Starts;
            }

            times.Sort();
            table.Add(
                name, Table.Number(options.Starts), Table.Milliseconds(times[options.Starts / 2]), Table.Milliseconds(times[^1]), Table.Milliseconds(processor));
        }
    }

    public static async Task<TimeSpan> TimeAsync(HostProcess host)
    {
        var began = Stopwatch.GetTimestamp();
        host.Start();
        using var connection = new HttpConnection(host.Url);
        var ready = new GetRequests(host.Url, "/health/ready").Next();
        while (true)
        {
            try
            {
                if (await connection.SendAsync(ready) == 200)
                    return Stopwatch.GetElapsedTime(began);
            }
            catch (IOException) when (host.Runs)
            {
                // The host does not listen yet.
            }

            await Task.Delay(1);
        }
    }
}
