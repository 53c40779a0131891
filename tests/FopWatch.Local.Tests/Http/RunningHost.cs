using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using FopWatch.Webhooks;

namespace FopWatch.Local.Tests.Http;

/// <summary>The real embedded host on a free port, with its own data folder and an HTTP client.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    public const string Token = "right-token";

    private HostSettings _settings;
    private LocalHost _host = null!;

    private RunningHost(HostSettings settings) => _settings = settings;

    /// <summary>Its log, at the levels of <c>serve</c>.</summary>
    public CapturedLog Log { get; } = new();

    public HttpClient Http { get; private set; } = null!;

    public LocalHost Host => _host;

    public string Folder => _settings.Data;

    /// <summary>Starts a host.</summary>
    /// <param name="settings">Settings below <c>FopWatch</c>. Without sources, there is one of each provider, with token trust.</param>
    /// <param name="statusEndpoint">The endpoint of their status API.</param>
    /// <param name="apiKey">The API key, if any.</param>
    /// <param name="time">The clock.</param>
    /// <param name="transportTime">The clock of waits for clients.</param>
    public static async Task<RunningHost> StartAsync(
        Dictionary<string, string?>? settings = null,
        Uri? statusEndpoint = null,
        string? apiKey = null,
        TimeProvider? time = null,
        TimeProvider? transportTime = null)
    {
        var (shared, webhooks) = Read(settings ?? TokenSources(statusEndpoint));
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
        var host = new RunningHost(new()
        {
            Shared = shared,
            Webhooks = webhooks,
            Urls = "http://127.0.0.1:0",
            Data = folder,
            ApiKey = apiKey,
            TransportTime = transportTime ?? TimeProvider.System,
        });
        await host.RestartAsync(time ?? TimeProvider.System);
        return host;
    }

    /// <summary>One source of each provider, with token trust: <c>media</c>, <c>files</c> and <c>video</c>.</summary>
    public static Dictionary<string, string?> TokenSources(Uri? statusEndpoint = null)
    {
        // Port 9 is the discard port: nothing listens there.
        var endpoint = (statusEndpoint ?? new("http://127.0.0.1:9")).AbsoluteUri;
        return new()
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = endpoint,
            ["Sources:media:NotifyTokens:0"] = Token,
            ["Sources:media:Trust"] = "Token",
            ["Sources:files:Provider"] = "WangsuFmgr",
            ["Sources:files:StatusEndpoint"] = endpoint,
            ["Sources:files:NotifyTokens:0"] = Token,
            ["Sources:files:Trust"] = "Token",
            ["Sources:video:Provider"] = "WangsuFops",
            ["Sources:video:StatusEndpoint"] = endpoint,
            ["Sources:video:NotifyTokens:0"] = Token,
            ["Sources:video:Trust"] = "Token",
        };
    }

    public async Task StopAsync()
    {
        Http.Dispose();
        await _host.DisposeAsync();
    }

    /// <summary>Starts on the same folder, on another port unless one is given, with other settings if any are given.</summary>
    public async Task RestartAsync(TimeProvider? time = null, Dictionary<string, string?>? settings = null, Uri? url = null)
    {
        if (url is not null)
            _settings = _settings with { Urls = url.AbsoluteUri };
        if (settings is not null)
        {
            var (shared, webhooks) = Read(settings);
            _settings = _settings with { Shared = shared, Webhooks = webhooks };
        }

        _host = await LocalHost.StartAsync(_settings, time ?? TimeProvider.System, Logging, TestContext.Current.CancellationToken);
        Http = new() { BaseAddress = _host.Url, Timeout = TimeSpan.FromSeconds(30) };
        if (_settings.ApiKey is { } key)
            Http.DefaultRequestHeaders.Add("X-Api-Key", key);
    }

    public Task<HttpResponseMessage> NotifyAsync(string source, byte[] body, string contentType = "application/json", string suffix = "") =>
        PostAsync($"/api/notify/{source}/{Token}{suffix}", body, contentType);

    public Task<HttpResponseMessage> NotifyAsync(string source, string body, string suffix = "") =>
        NotifyAsync(source, Encoding.UTF8.GetBytes(body), suffix: suffix);

    public Task<HttpResponseMessage> PostAsync(string path, string body) => PostAsync(path, Encoding.UTF8.GetBytes(body), "application/json");

    public async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string contentType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await Http.PostAsync(path, content, TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> PostAsync(string path) => PostAsync(path, [], "application/json");

    public async Task<JobRecord> JobAsync(string source, string id, string query = "") =>
        (await Http.GetFromJsonAsync($"/api/jobs/{source}/{id}{query}", ContractsJson.Default.JobRecord, TestContext.Current.CancellationToken))!;

    public async Task<QuarantineList> QuarantineAsync() =>
        (await Http.GetFromJsonAsync("/api/quarantine?top=100", ApiJson.Default.QuarantineList, TestContext.Current.CancellationToken))!;

    public static async Task<Problem> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal(Problem.ContentType, response.Content.Headers.ContentType?.MediaType);
        var body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return JsonSerializer.Deserialize(body, ApiJson.Default.Problem)!;
    }

    private static (FopWatchSettings Shared, IReadOnlyList<Webhook> Webhooks) Read(Dictionary<string, string?> settings) =>
        FopWatchSettings.Read(settings, (reader, shared) => (shared, WebhookSettings.Read(reader, [.. shared.Sources.All.Select(source => source.Name)])));

    private void Logging(ILoggingBuilder logging) =>
        logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddProvider(Log);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_settings.Data, recursive: true);
    }
}
