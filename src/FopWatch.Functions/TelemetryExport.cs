using Azure.Core;
using Azure.Monitor.OpenTelemetry.Exporter;
using FopWatch.Api;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace FopWatch.Functions;

/// <summary>
/// Exports the telemetry of the core and of the Functions worker to Application Insights, to an OTLP endpoint, or to both, as the standard environment
/// variables say. Without them, no OpenTelemetry assembly is loaded.
/// </summary>
internal static class TelemetryExport
{
    private const string ApplicationInsights = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary>With <c>Authorization=AAD</c>, Application Insights accepts telemetry only from identities with a role. The Functions host reads it too.</summary>
    private const string ApplicationInsightsAuthentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>The timeout of a flush, in milliseconds.</summary>
    private const int LongestFlush = 5000;

    /// <summary>The problems for which the exporter would throw when the host starts.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration)
    {
        if (configuration[ApplicationInsights] is not { Length: > 0 } text)
            yield break;

        var pairs = text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(pair => pair.Split('=', 2, StringSplitOptions.TrimEntries))
            .ToList();
        if (pairs.Exists(pair => pair is not [{ Length: > 0 }, { Length: > 0 }])
            || !pairs.Exists(pair => string.Equals(pair[0], "InstrumentationKey", StringComparison.OrdinalIgnoreCase))
            || pairs.Exists(pair => pair[0].EndsWith("Endpoint", StringComparison.OrdinalIgnoreCase) && !Uri.TryCreate(pair[1], UriKind.Absolute, out _)))
        {
            yield return $"{ApplicationInsights} is not a connection string of Application Insights";
        }
    }

    /// <summary>Adds the exporters that are configured.</summary>
    /// <returns>Whether any is configured.</returns>
    public static bool AddTelemetryExport(this IServiceCollection services, IConfiguration configuration, TokenCredential credential)
    {
        var applicationInsights = configuration[ApplicationInsights] is { Length: > 0 };
        var otlp = configuration[OtlpSettings.Endpoint] is { Length: > 0 };
        if (!applicationInsights && !otlp)
            return false;
        Add(services, applicationInsights, otlp, configuration[ApplicationInsightsAuthentication] is { Length: > 0 } ? credential : null);
        return true;
    }

    // A separate method, so that the assemblies are loaded only when it is called.
    private static void Add(IServiceCollection services, bool applicationInsights, bool otlp, TokenCredential? credential)
    {
        var telemetry = services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(traces => traces.AddSource(Telemetry.Name))
            .WithMetrics(metrics => metrics.AddMeter(Telemetry.Name));
        services.AddSingleton(provider => new MetricsFlush(() => provider.GetService<MeterProvider>()?.ForceFlush(LongestFlush)));
        if (applicationInsights)
            telemetry.UseAzureMonitorExporter(options => options.Credential = credential);
        if (otlp)
        {
            telemetry.UseOtlpExporter();
            services.AddHostedService<ExportFailures>();
        }
    }
}

/// <summary>
/// Exports the metrics now. An instance started for a timer may end before the exporter's next period, and the sweep's measurements would be lost.
/// </summary>
public sealed class MetricsFlush(Action flush)
{
    /// <summary>Exports the metrics. Waits for a few seconds at most.</summary>
    public void Flush() => flush();
}
