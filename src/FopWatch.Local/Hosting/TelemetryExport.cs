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
/// Exports the telemetry of FopWatch, ASP.NET Core, HttpClient and the runtime: metrics at <c>GET /metrics</c> for Prometheus, and all of it
/// by OTLP where an endpoint is configured. Without one there are no traces, no exporter and no exported logs.
/// </summary>
internal static class TelemetryExport
{
    /// <summary>What the names of OpenTelemetry's settings begin with.</summary>
    public const string SettingsPrefix = "OTEL_";

    /// <summary>The path that Prometheus scrapes.</summary>
    public const string MetricsPath = "/metrics";

    /// <summary>Adds the exporters.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="settings">OpenTelemetry's own settings, which its exporters read from the application's configuration.</param>
    public static void AddTelemetryExport(this WebApplicationBuilder builder, IReadOnlyDictionary<string, string?> settings)
    {
        builder.Configuration.AddInMemoryCollection(settings);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource
                .AddService("fopwatch", serviceVersion: ProgramVersion.Text)

                // Again, because the later one wins: OTEL_SERVICE_NAME goes before the name above.
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

        // What the frameworks log at Information has the paths of requests, in which tokens and ids are.
        builder.Logging
            .AddFilter<OpenTelemetryLoggerProvider>("Microsoft", LogLevel.Warning)
            .AddFilter<OpenTelemetryLoggerProvider>("System", LogLevel.Warning);
    }

    /// <summary>Maps the route that Prometheus scrapes.</summary>
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
    /// Keeps of a framework's span only attributes that cannot hold a token, an id or a key: a path, a query, a URL, a client's
    /// address and the text of an exception can.
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
            // It comes from whoever called, and is inherited.
            data.TraceStateString = null;
            if (data.Source.Name == Telemetry.Name)
                return;

            foreach (var name in data.TagObjects.Select(tag => tag.Key).Where(name => !Kept.Contains(name)).ToList())
                data.SetTag(name, null);
            data.SetStatus(data.Status);
        }
    }

    /// <summary>Keeps of an exception in the log its type and stack, and not its message, which may quote what somebody sent.</summary>
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
