using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;
using FopWatch.Local.Tests.CommandLine;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Trace;

namespace FopWatch.Local.Tests.Http;

/// <summary>
/// The embedded host's exports, and that they contain no secret. Nothing runs at the same time: OpenTelemetry merges the meters of all hosts in a
/// process, and a host that ends would end the metrics of the others.
/// </summary>
[Collection(nameof(TelemetryExportTests))]
[CollectionDefinition(nameof(TelemetryExportTests), DisableParallelization = true)]
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
    public async Task Everything_is_exported_by_OTLP_and_at_metrics_without_an_id_token_key_or_path()
    {
        await using var statusApi = await StatusStub.StartAsync();
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
    public async Task An_unreachable_endpoint_does_no_harm()
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9" });
        using var http = Client(host, null);

        using var answer = await http.PostAsync($"/api/notify/media/{Token}", new StringContent("{}"), Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9", "http/protobuf")]
    [InlineData("http://127.0.0.1:9", "grpc")]
    public async Task Failing_exports_are_a_trouble(string endpoint, string protocol)
    {
        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        });

        Assert.Equal("The collector cannot be reached", await ExportTroubleAsync(host));
    }

    [Fact]
    public async Task Exports_that_a_collector_refuses_are_a_trouble()
    {
        using var folder = new TempFolder();
        await using var refusing = await StatusStub.StartAsync();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = refusing.Endpoint.AbsoluteUri,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        });

        Assert.Equal("The collector refused an export, or its answer was not that of a collector", await ExportTroubleAsync(host));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "garbage")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://localhost")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@localhost:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "GRPC")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "secret")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a=b,secret")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a=secret%0Ab")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "Content-Type=secret")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "=secret")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "/dev/null")]
    [InlineData("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/no/such/file")]
    [InlineData("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/no/such/file")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION", "zip")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "0")]
    [InlineData("OTEL_BSP_SCHEDULE_DELAY", "soon")]
    public void A_wrong_setting_of_the_exporter_is_named_and_not_quoted(string name, string value)
    {
        var settings = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9" };
        settings[name] = value;

        var wrong = Assert.Throws<SettingsException>(() => HostSettings.Read(
            new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), HostSettings.DefaultUrls, HostSettings.DefaultData));

        var problem = Assert.Single(wrong.Problems);
        Assert.StartsWith($"{name} is ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20YTpi,x-tenant=one two")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "key=a=b")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://logs.example.com/v1/logs")]
    public async Task A_valid_setting_of_the_exporter_starts(string name, string value)
    {
        var settings = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9", [name] = value };
        HostSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), HostSettings.DefaultUrls, HostSettings.DefaultData);

        using var folder = new TempFolder();
        await using var host = await StartAsync(folder, new("http://127.0.0.1:9"), null, settings);
        Assert.NotNull(host.Services.GetService<TracerProvider>());
    }

    [Fact]
    public async Task The_program_refuses_wrong_settings_of_the_exporter_unless_there_is_no_endpoint()
    {
        using var folder = new TempFolder();
        var wrong = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "localhost:4317", ["OTEL_EXPORTER_OTLP_HEADERS"] = "secret" };

        var (exit, output, error) = await CommandProcess.RunAsync(folder.FullName, wrong, "serve", "--urls", "http://127.0.0.1:0");

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL", error, StringComparison.Ordinal);
        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS is not a list of headers", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        wrong["OTEL_EXPORTER_OTLP_ENDPOINT"] = "";
        Assert.Empty(OtlpSettings.Problems(wrong.GetValueOrDefault));
        Assert.Null(OtlpSettings.Describe(wrong.GetValueOrDefault));
    }

    [Fact]
    public void The_log_names_every_endpoint_without_its_query()
    {
        var settings = new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4318/otlp?key=secret",
            ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = "https://logs.example.com",
        };

        Assert.Equal("http://127.0.0.1:4318/otlp, logs to https://logs.example.com/", OtlpSettings.Describe(settings.GetValueOrDefault));
        settings["OTEL_SDK_DISABLED"] = "true";
        Assert.Null(OtlpSettings.Describe(settings.GetValueOrDefault));
    }

    private static async Task<string?> ExportTroubleAsync(LocalHost host)
    {
        var troubles = host.Services.GetRequiredService<Troubles>();
        for (var i = 0; i < 600; i++)
        {
            if (troubles.Current.FirstOrDefault(trouble => trouble is { Source: null, Kind: TroubleKind.TelemetryExportFails }) is { } trouble)
                return trouble.Detail;
            await Task.Delay(50, Cancelled);
        }

        return null;
    }

    [Fact]
    public async Task Metrics_need_the_key_if_there_is_one()
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
    public async Task Without_a_key_metrics_are_open_only_under_a_loopback_name()
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

    /// <summary>Receives OTLP over HTTP like a collector. Protocol buffers contain strings unencoded.</summary>
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
