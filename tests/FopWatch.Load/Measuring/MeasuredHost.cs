using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FopWatch.Load.Bare;
using FopWatch.Load.Generating;
using FopWatch.Simulator;

namespace FopWatch.Load.Measuring;

/// <summary>Starts the measured program as its own process.</summary>
internal static class MeasuredHost
{
    public static readonly SigningKey Key = new("load-access-key", "load-secret-key");

    /// <summary>The embedded host with one source.</summary>
    /// <param name="options">The options of the run.</param>
    /// <param name="settings">Additional settings below <c>FopWatch:Sources:media</c>.</param>
    public static Task<HostProcess> EmbeddedAsync(LoadOptions options, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            [$"Sources:{HttpRequests.Source}:Provider"] = "Qiniu",
            [$"Sources:{HttpRequests.Source}:NotifyTokens:0"] = HttpRequests.Token,

            // Nothing listens there, and no poll is due during a measurement.
            [$"Sources:{HttpRequests.Source}:StatusEndpoint"] = "http://127.0.0.1:9",
        };
        foreach (var (name, value) in settings)
            all[$"Sources:{HttpRequests.Source}:{name}"] = value;
        return HostProcess.StartAsync(all, "Warning", NewFolder(options), program: options.Host is { } file ? [file, "serve"] : null);
    }

    public static Task<HostProcess> BareAsync(LoadOptions options, string mode) =>
        HostProcess.StartAsync([], "Warning", NewFolder(options), program: [typeof(BareEndpoint).Assembly.Location, mode]);

    /// <summary>The resources used by a process and by this one.</summary>
    public static Usage UsageOf(HostProcess host)
    {
        using var self = Process.GetCurrentProcess();
        return new(host.ProcessorTime, self.TotalProcessorTime, host.BytesWritten);
    }

    /// <summary>The state of a job as answered by the HTTP API, or the HTTP status if that is not 200.</summary>
    public static async Task<string> StateAsync(HostProcess host, string id)
    {
        using var http = new HttpClient { BaseAddress = host.Url };
        using var answer = await http.GetAsync($"/api/jobs/{HttpRequests.Source}/{id}");
        if (!answer.IsSuccessStatusCode)
            return answer.StatusCode.ToString();
        using var job = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return job.RootElement.GetProperty("state").GetString()!;
    }

    private static string NewFolder(LoadOptions options)
    {
        Directory.CreateDirectory(options.DataParent);
        var folder = Path.Combine(options.DataParent, string.Create(CultureInfo.InvariantCulture, $"fopwatch-load-{Random.Shared.Next():x8}"));
        Directory.CreateDirectory(folder);
        return folder;
    }
}

/// <summary>Processor time of the host and of this process, and bytes written by the host.</summary>
internal readonly record struct Usage(TimeSpan Host, TimeSpan Generator, long? Written)
{
    public Usage Since(Usage before) => new(Host - before.Host, Generator - before.Generator, Written - before.Written);
}
