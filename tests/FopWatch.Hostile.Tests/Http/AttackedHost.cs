using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>The embedded host on a free port with its own data folder, its log, and sockets to it.</summary>
internal sealed class AttackedHost : IAsyncDisposable
{
    public const string Token = "right-token-3f9d0c51";
    public const string OtherToken = "other-token-a61be0f2";

    private readonly string _folder;

    private AttackedHost(LocalHost host, string folder, CapturedLog log, string? apiKey)
    {
        (Host, _folder, Log) = (host, folder, log);
        Http = new() { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };
        if (apiKey is not null)
            Http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
    }

    public LocalHost Host { get; }

    public HttpClient Http { get; }

    public CapturedLog Log { get; }

    public string Folder => _folder;

    public static async Task<AttackedHost> StartAsync(
        Dictionary<string, string?>? settings = null, string? apiKey = null, TimeProvider? time = null)
    {
        var folder = Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        var log = new CapturedLog();
        var host = await LocalHost.StartAsync(
            new() { Shared = FopWatchSettings.Read(settings ?? TwoSources()), Urls = "http://127.0.0.1:0", Data = folder, ApiKey = apiKey },
            time ?? TimeProvider.System,
            // As in the command line: at Information the framework logs paths, which contain tokens.
            logging => logging.SetMinimumLevel(LogLevel.Trace).AddFilter("Microsoft", LogLevel.Warning).AddProvider(log),
            TestContext.Current.CancellationToken);
        return new(host, folder, log, apiKey);
    }

    /// <summary>Two sources with keys, behind a public URL: <c>media</c> at Qiniu and <c>video</c> at Wangsu.</summary>
    public static Dictionary<string, string?> TwoSources(Uri? statusEndpoint = null)
    {
        // Port 9 is the discard port: nothing listens there.
        var endpoint = (statusEndpoint ?? new("http://127.0.0.1:9")).AbsoluteUri;
        return new()
        {
            ["PublicUrl"] = "https://hooks.example.com",
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = endpoint,
            ["Sources:media:NotifyTokens:0"] = Token,
            ["Sources:media:Keys:ak-media"] = "sentinel-secret-of-media",
            ["Sources:video:Provider"] = "WangsuFops",
            ["Sources:video:StatusEndpoint"] = endpoint,
            ["Sources:video:NotifyTokens:0"] = OtherToken,
            ["Sources:video:Keys:ak-video"] = "sentinel-secret-of-video",
            ["Sources:second:Provider"] = "Qiniu",
            ["Sources:second:StatusEndpoint"] = endpoint,
            ["Sources:second:NotifyTokens:0"] = OtherToken,
            ["Sources:second:Keys:ak-second"] = "sentinel-secret-of-second",
        };
    }

    public RawConnection Connect() => new(Host.Url);

    public async Task<HttpResponseMessage> NotifyAsync(string path, byte[] body, string? authorization = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<QuarantineList> QuarantineAsync() =>
        (await Http.GetFromJsonAsync("/api/quarantine?top=100", ApiJson.Default.QuarantineList, TestContext.Current.CancellationToken))!;

    public async Task<JobList> JobsAsync(string query = "") =>
        (await Http.GetFromJsonAsync("/api/jobs?top=1000" + query, ApiJson.Default.JobList, TestContext.Current.CancellationToken))!;

    public async Task<JobRecord> JobAsync(string source, string id) =>
        (await Http.GetFromJsonAsync($"/api/jobs/{source}/{id}", ContractsJson.Default.JobRecord, TestContext.Current.CancellationToken))!;

    /// <summary>Everything that a stranger sees of an answer, except its time.</summary>
    public static async Task<string> SeenAsync(HttpResponseMessage answer)
    {
        var seen = new StringBuilder().Append((int)answer.StatusCode).Append('\n');
        foreach (var header in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Date").OrderBy(header => header.Key, StringComparer.Ordinal))
            seen.Append(header.Key).Append(": ").AppendJoin(", ", header.Value).Append('\n');
        return seen.Append(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ToString();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
