using System.Diagnostics.Metrics;

namespace FopWatch.Webhooks;

/// <summary>The metrics of webhooks, which only the embedded host has.</summary>
public sealed class WebhookMetrics
{
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _missed;
    private volatile Func<IEnumerable<(string Webhook, long Behind, bool IsPaused)>>? _observed;

    /// <param name="meters">Creates the meter <see cref="Telemetry.Name"/>.</param>
    public WebhookMetrics(IMeterFactory meters)
        : this(meters.Create(Telemetry.Name))
    {
    }

    internal WebhookMetrics(Meter meter)
    {
        _attempts = meter.CreateCounter<long>(
            "fopwatch.webhooks.attempts", "{attempt}", "Attempts to deliver an event, by webhook and result.");
        _missed = meter.CreateCounter<long>(
            "fopwatch.webhooks.missed", "{event}", "Positions of the event log that the retention deleted before a webhook reached them, by webhook.");
        meter.CreateObservableGauge(
            "fopwatch.webhooks.behind",
            () => Observed().Select(one => Of(one.Behind, one.Webhook)),
            "{event}",
            "Positions of the event log that a webhook has not reached, by webhook.");
        meter.CreateObservableGauge(
            "fopwatch.webhooks.paused", () => Observed().Select(one => Of(one.IsPaused ? 1 : 0, one.Webhook)), "{webhook}", "1 for a paused webhook, else 0.");
    }

    internal void Attempted(string webhook, bool isDelivered) =>
        _attempts.Add(1, new("webhook", webhook), new("result", isDelivered ? "delivered" : "failed"));

    internal void Missed(string webhook, long positions) => _missed.Add(positions, new KeyValuePair<string, object?>("webhook", webhook));

    internal void Observe(Func<IEnumerable<(string Webhook, long Behind, bool IsPaused)>> webhooks) => _observed = webhooks;

    private IEnumerable<(string Webhook, long Behind, bool IsPaused)> Observed() => _observed?.Invoke() ?? [];

    private static Measurement<long> Of(long value, string webhook) => new(value, new KeyValuePair<string, object?>("webhook", webhook));
}
