using System.Diagnostics.Tracing;
using FopWatch.Diagnosis;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Api;

/// <summary>Reports failed exports by OTLP. The exporter reports them in its event source only.</summary>
/// <param name="troubles">Gets the failures.</param>
public sealed class ExportFailures(Troubles troubles) : EventListener, IHostedService
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        ArgumentNullException.ThrowIfNull(eventSource);
        if (eventSource.Name == Exporter)
            EnableEvents(eventSource, EventLevel.Verbose);
    }

    /// <inheritdoc/>
    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        ArgumentNullException.ThrowIfNull(eventData);
        if (eventData.EventSource.Name != Exporter)
            return;

        // The texts of the events are not passed on: they quote URLs and the collector's answers.
        switch (eventData.EventName)
        {
            case "ExportSuccess":
                troubles.Worked(null, TroubleKind.TelemetryExportFails);
                break;
            case "FailedToReachCollector" or "TransientHttpError" or "RequestTimedOut" or "OperationUnexpectedlyCanceled":
                troubles.Occurred(null, TroubleKind.TelemetryExportFails, $"The collector cannot be reached");
                break;
            case "ExportFailure" or "HttpRequestFailed" or "GrpcStatusWarning" or "ExportMethodException":
                troubles.Occurred(null, TroubleKind.TelemetryExportFails, $"The collector refused an export, or its answer was not that of a collector");
                break;
        }
    }
}
