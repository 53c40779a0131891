using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FopWatch.Contract.Tests.Http;
using FopWatch.Local.Hosting;
using FopWatch.Local.Tests.Storage;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Trace;

namespace FopWatch.Local.Tests.Http;

/// <summary>What the embedded host exports, and that no secret is in it.</summary>
public sealed class TelemetryExportTests
{
    private const string ApiKey = "sentinel-api-key-95aa11";
    private const string Token = "sentinel-token-4be201";
    private const string AccessKey = "sentinel-ak-77d0";
    private const string SecretKey = "sentinel-sk-0c77";
    private const string Id = "z0.sentinel-id-5d1b";
    private const string Correlation = "sentinel-lesson";
    private const string Words = "sentinel-words";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_is_exported_by_OTLP_and_scraped_at_metrics_and_holds_no_id_token_key_or_path()
    {
        await using var statusApi = await StatusApi.StartAsync();
        await using var collector = await Collector.StartAsync();
        using var folder = new TempFolder();
        string scraped;
        await using (var host = await StartAsync(folder, statusApi.Endpoint, ApiKey, collector.Settings))
        {
            await SendTrafficAsync(host);
            var logs = host.Services.GetRequiredService<ILoggerFactory>();
            logs.CreateLogger("FopWatch.Test").Log(LogLevel.Error, default, "A test fails", new InvalidOperationException(Words), (text, _) => text);
            logs.CreateLogger("Microsoft.Test").Log(LogLevel.Information, default, Words, null, (text, _) => text);

            using var http = Client(host, ApiKey);
            scraped = await http.GetStringAsync("/metrics", Cancelled);
        }

        var exported = collector.Text;
        foreach (var expected in (string[])
            [
                "fopwatch_notifications_total{", "fopwatch_polls_total{", "http_server_request_duration_seconds_count{",
                "http_client_request_duration_seconds_count{", "dotnet_gc_", "http_route=\"/api/notify/{source}/{token}/{correlation?}\"",
            ])
        {
            Assert.Contains(expected, scraped, StringComparison.Ordinal);
        }

        Assert.Equal(["/v1/logs", "/v1/metrics", "/v1/traces"], collector.Paths);
        foreach (var expected in (string[])
            [
                "fopwatch.notifications", "fopwatch.polls", "http.server.request.duration", "http.client.request.duration", "dotnet.gc.",
                "POST /api/notify/{source}/{token}/{correlation?}", "Microsoft.AspNetCore", "System.Net.Http", "fopwatch.answer",
                "A test fails", "System.InvalidOperationException", "service.name",
            ])
        {
            Assert.Contains(expected, exported, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("sentinel", scraped, StringComparison.Ordinal);
        Assert.DoesNotContain("sentinel", exported, StringComparison.Ordinal);
        Assert.DoesNotContain("url.path", exported, StringComparison.Ordinal);
        Assert.DoesNotContain("url.full", exported, StringComparison.Ordinal);
        Assert.DoesNotContain("url.query", exported, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_endpoint_there_is_no_tracing_and_no_exported_log()
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, []);

        Assert.Null(host.Services.GetService<TracerProvider>());
        Assert.Null(host.Services.GetService<LoggerProvider>());
        Assert.DoesNotContain(host.Services.GetServices<ILoggerProvider>(), provider => provider is OpenTelemetryLoggerProvider);
    }

    [Fact]
    public async Task An_endpoint_that_nobody_listens_at_does_no_harm()
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9" });
        using var http = Client(host, null);

        using var answer = await http.PostAsync($"/api/notify/media/{Token}", new StringContent("{}"), Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Metrics_need_the_key_where_there_is_one()
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), ApiKey, []);
        using var stranger = Client(host, null);
        using var operatorsClient = Client(host, ApiKey);

        using var refused = await stranger.GetAsync("/metrics", Cancelled);
        using var answered = await operatorsClient.GetAsync("/metrics", Cancelled);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, answered.StatusCode));
    }

    [Fact]
    public async Task Without_a_key_metrics_are_open_under_a_loopback_name_only()
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, []);
        using var http = Client(host, null);
        using var tunnelled = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Host = "hooks.example.com" } };

        using var open = await http.GetAsync("/metrics", Cancelled);
        using var refused = await http.SendAsync(tunnelled, Cancelled);
        using var posted = await http.PostAsync("/metrics", null, Cancelled);

        Assert.Equal("text/plain", open.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.MisdirectedRequest, HttpStatusCode.MethodNotAllowed),
            (open.StatusCode, refused.StatusCode, posted.StatusCode));
    }

    private static async Task SendTrafficAsync(LocalHost host)
    {
        using var http = Client(host, ApiKey);
        http.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        http.DefaultRequestHeaders.Add("tracestate", "vendor=sentinel");
        http.DefaultRequestHeaders.UserAgent.ParseAdd("sentinel/1.0");
        var body = $$"""{"id":"{{Id}}","code":3,"items":[{"cmd":"sentinel","code":3,"error":"sentinel"}]}""";
        foreach (var (method, path, sent) in ((HttpMethod, string, string?)[])
            [
                (HttpMethod.Post, "/api/jobs", $$$"""{"source":"media","id":"{{{Id}}}","metadata":{"sentinel":"sentinel"}}"""),
                (HttpMethod.Post, $"/api/jobs/media/{Id}/poll", null),
                (HttpMethod.Post, $"/api/notify/media/{Token}/{Correlation}", body),
                (HttpMethod.Post, $"/api/notify/media/{Token}x", body),
                (HttpMethod.Post, $"/api/notify/media/{Token}", "sentinel garbage"),
                (HttpMethod.Get, $"/api/jobs/media/{Id}?wait=0.1&sentinel=1", null),
                (HttpMethod.Get, $"/nowhere/{Id}?sentinel=1", null),
                (new HttpMethod("SENTINEL"), $"/api/jobs/media/{Id}", null),
                (HttpMethod.Get, "/api/jobs?continuation=sentinel", null),
            ])
        {
            using var request = new HttpRequestMessage(method, path) { Content = sent is null ? null : new StringContent(sent) };
            request.Headers.TryAddWithoutValidation("Authorization", $"Qiniu {AccessKey}:sentinel-signature");
            using var answer = await http.SendAsync(request, Cancelled);
            Assert.NotEqual(HttpStatusCode.InternalServerError, answer.StatusCode);
        }
    }

    private static HttpClient Client(LocalHost host, string? apiKey)
    {
        var http = new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(30) };
        if (apiKey is not null)
            http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        return http;
    }

    private static Task<LocalHost> StartAsync(TempFolder folder, Uri statusApi, string? apiKey, Dictionary<string, string?> telemetry) => LocalHost.StartAsync(
        new()
        {
            Shared = FopWatchSettings.Read(
            [
                new("Sources:media:Provider", "Qiniu"),
                new("Sources:media:StatusEndpoint", statusApi.AbsoluteUri),
                new("Sources:media:NotifyTokens:0", Token),
                new($"Sources:media:Keys:{AccessKey}", SecretKey),
            ]),
            Urls = "http://127.0.0.1:0",
            Data = folder.FullName,
            ApiKey = apiKey,
            OpenTelemetry = telemetry,
        },
        TimeProvider.System,
        logging => logging.SetMinimumLevel(LogLevel.Information),
        Cancelled);

    /// <summary>Receives OTLP over HTTP, as a collector does. Protocol buffers hold text as it is.</summary>
    private sealed class Collector(WebApplication app, ConcurrentQueue<(string Path, byte[] Body)> received) : IAsyncDisposable
    {
        public Dictionary<string, string?> Settings => new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        };

        public IEnumerable<string> Paths => received.Select(one => one.Path).Distinct().Order(StringComparer.Ordinal);

        public string Text => string.Join('\n', received.Select(one => Encoding.Latin1.GetString(one.Body)));

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var received = new ConcurrentQueue<(string Path, byte[] Body)>();
            app.Run(async context =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                received.Enqueue((context.Request.Path, body.ToArray()));
                context.Response.ContentType = "application/x-protobuf";
            });
            await app.StartAsync(Cancelled);
            return new(app, received);
        }

        public async ValueTask DisposeAsync() => await app.DisposeAsync();
    }
}
