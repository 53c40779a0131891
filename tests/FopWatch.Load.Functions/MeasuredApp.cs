using System.Net.Http.Json;
using FopWatch.Load.Generating;

namespace FopWatch.Load.Functions;

/// <summary>An app under a Functions host, with its own Azurite.</summary>
internal sealed class MeasuredApp : IAsyncDisposable
{
    private const string BareProject = "tests/FopWatch.Functions.Bare";

    private readonly FunctionsHost _host;

    private MeasuredApp(FunctionsHost host, Azurite azurite) => (_host, Azurite) = (host, azurite);

    public Azurite Azurite { get; }

    public Uri Url => _host.Url;

    public HttpClient Http => _host.Http;

    public (TimeSpan Host, TimeSpan Workers, TimeSpan Storage) ProcessorTime
    {
        get
        {
            var (host, workers) = _host.ProcessorTime();
            return (host, workers, Azurite.ProcessorTime());
        }
    }

    public static Task<MeasuredApp> BareAsync() => StartAsync(BareProject);

    /// <summary>The cloud host with one source.</summary>
    /// <param name="settings">Additional app settings.</param>
    public static Task<MeasuredApp> FopWatchAsync(params (string Name, string Value)[] settings) => StartAsync(
        FunctionsHost.Project,
        [
            ("FopWatch__Sources__media__Provider", "Qiniu"),
            ("FopWatch__Sources__media__NotifyTokens__0", HttpRequests.Token),
            ("FopWatch__Sources__media__Trust", "Token"),
            ("FopWatch__Sources__media__StatusEndpoint", "http://127.0.0.1:9"),
            .. settings,
        ]);

    public async Task RegisterAsync(JobIds ids, int count, int each, TimeSpan firstPollAfter)
    {
        for (var first = 0; first < count; first += each)
        {
            var jobs = Enumerable.Range(first, each).Select(i => new { source = HttpRequests.Source, id = ids[i], firstPollAfter = firstPollAfter.TotalSeconds });
            using var answer = await Http.PostAsJsonAsync("/api/jobs", jobs);
            answer.EnsureSuccessStatusCode();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await Azurite.DisposeAsync();
    }

    private static async Task<MeasuredApp> StartAsync(string project, params (string Name, string Value)[] settings)
    {
        var azurite = await Azurite.StartAllAsync();
        try
        {
            // As in Azure, where nothing reads the console.
            var all = new Dictionary<string, string>
            {
                ["AzureWebJobsStorage"] = azurite.ConnectionString,
                ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Production",
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["AzureFunctionsJobHost__Logging__Console__IsEnabled"] = "false",
            };
            foreach (var (name, value) in settings)
                all[name] = value;
            return new(await FunctionsHost.StartAsync(all, project), azurite);
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }
}
