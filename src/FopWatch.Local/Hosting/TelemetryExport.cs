using System.Diagnostics;
using FopWatch.Api;
using FopWatch.Settings;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Exports the telemetry of FopWatch, ASP.NET Core, HttpClient and the runtime. <c>GET /metrics</c> has the metrics for Prometheus. If an
/// OTLP endpoint is configured, metrics, traces and logs are exported to it. Without one, there are no traces and no exported logs.
/// </summary>
internal static class TelemetryExport
{
    /// <summary>The prefix of OpenTelemetry's settings.</summary>
    public const string SettingsPrefix = "OTEL_";

    public const string MetricsPath = "/metrics";

    /// <summary>Adds the exporters.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="settings">OpenTelemetry's own settings. Its exporters read them from the application's configuration.</param>
    public static void AddTelemetryExport(this WebApplicationBuilder builder, IReadOnlyDictionary<string, string?> settings)
    {
        builder.Configuration.AddInMemoryCollection(settings);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService("fopwatch", serviceVersion: ProgramVersion.Text)

                // Added again because the last detector wins: OTEL_SERVICE_NAME overrides the name above.
                .AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics
                .AddMeter(Telemetry.Name)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter());
        if (settings.GetValueOrDefault(OtlpSettings.Endpoint) is not { Length: > 0 })
            return;

        telemetry
            .WithTracing(traces => traces
                .AddSource(Telemetry.Name)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddProcessor(new SpanRedaction()))
            .WithLogging(
                logs => logs.AddProcessor(new LogRedaction()),
                logs => (logs.IncludeScopes, logs.IncludeFormattedMessage) = (false, true))
            .UseOtlpExporter();
        builder.Services.AddHostedService<ExportFailures>();

        // At Information, the frameworks log the paths of requests, which hold tokens and ids.
        builder.Logging
            .AddFilter<OpenTelemetryLoggerProvider>("Microsoft", LogLevel.Warning)
            .AddFilter<OpenTelemetryLoggerProvider>("System", LogLevel.Warning);
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapPrometheusScrapingEndpoint(MetricsPath)
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]))
            .WithMetadata(new NeedsAttribute(KeyRights.Read) { EverySource = true })
            .WithTags("health")
            .Describe(
                "metrics",
                "Metrics in Prometheus' format (embedded host)",
                "The metrics of FopWatch, ASP.NET Core, HttpClient and the .NET runtime. An `Accept` header that asks for `application/openmetrics-text` gets OpenMetrics. No value holds an id, a token, a key or a path.");

    /// <summary>
    /// Keeps only those attributes of a framework's span that cannot hold a token, an id or a key. A path, a query, a URL, a client's
    /// address or the text of an exception can hold one.
    /// </summary>
    private sealed class SpanRedaction : BaseProcessor<Activity>
    {
        private static readonly HashSet<string> Kept =
        [
            "error.type", "http.request.method", "http.response.status_code", "http.route", "network.protocol.version", "server.address",
            "server.port", "url.scheme",
        ];

        public override void OnEnd(Activity data)
        {
            // The caller sent it, and child spans inherit it.
            data.TraceStateString = null;
            if (data.Source.Name == Telemetry.Name)
                return;

            foreach (var name in data.TagObjects.Select(tag => tag.Key).Where(name => !Kept.Contains(name)).ToList())
                data.SetTag(name, null);
            data.SetStatus(data.Status);
        }
    }

    /// <summary>Exports the type and stack of a logged exception, but not its message, which may quote a request.</summary>
    private sealed class LogRedaction : BaseProcessor<LogRecord>
    {
        public override void OnEnd(LogRecord data)
        {
            if (data.Exception is not { } exception)
                return;

            data.Exception = null;
            data.Attributes =
            [
                .. data.Attributes ?? [],
                new("exception.type", exception.GetType().FullName),
                new("exception.stacktrace", exception.StackTrace ?? ""),
            ];
        }
    }
}
