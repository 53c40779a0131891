using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Core.Tests;

public sealed class FopWatchMetricsTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly Meter _meter = new(Telemetry.Name);
    private readonly FopWatchMetrics _metrics;

    public FopWatchMetricsTests() => _metrics = new(_meter, _time);

    public void Dispose() => _meter.Dispose();

    [Fact]
    public void Gauges_report_the_last_sweep()
    {
        _metrics.Swept(new()
        {
            Books = [new("a", Registered: 10, Settled: 4, Expired: 1, Open: 3, Stopped: 1)],
            Restored = 0,
            OutboxDepth = 5,
            OutboxAge = TimeSpan.FromMinutes(11),
            Quarantined = 2,
        });

        var told = Read();

        Assert.Equal(3, told["fopwatch.jobs.open a"]);
        Assert.Equal(1, told["fopwatch.jobs.unaccounted a"]);
        Assert.Equal(5, told["fopwatch.outbox.depth"]);
        Assert.Equal(660, told["fopwatch.outbox.age"]);
        Assert.Equal(2, told["fopwatch.quarantine"]);
    }

    [Fact]
    public void A_process_without_a_sweep_for_fifteen_minutes_reports_nothing()
    {
        _metrics.Swept(new() { Books = [], Restored = 0, OutboxDepth = 5, OutboxAge = TimeSpan.Zero, Quarantined = 0 });

        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.Equal(5, Read()["fopwatch.outbox.depth"]);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(Read());
    }

    [Fact]
    public void The_sweep_of_another_host_in_the_process_is_not_reported()
    {
        using var meter = new Meter(Telemetry.Name);
        new FopWatchMetrics(meter, _time).Swept(new() { Books = [], Restored = 0, OutboxDepth = 5, OutboxAge = TimeSpan.Zero, Quarantined = 0 });

        Assert.Empty(Read());
    }

    [Fact]
    public async Task A_notification_that_could_not_be_stored_is_counted_as_failed_and_not_as_received()
    {
        var counted = new ConcurrentQueue<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter == _meter && instrument.Name.StartsWith("fopwatch.notifications", StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => counted.Enqueue($"{Name(instrument, tags)}: {value}"));
        listener.Start();
        var source = new Source
        {
            Name = "no-store",
            Provider = ProviderKinds.For(ProviderKind.Qiniu),
            StatusEndpoint = new("https://api.example.com"),
            Tokens = new(["0123456789"]),
            Poll = new() { First = TimeSpan.FromMinutes(2) },
        };
        var (sources, quarantine) = (new Sources([source]), new FailingQuarantine());
        var intake = new NotificationIntake(sources, null!, quarantine, new(quarantine, null!, _time), new() { Sources = sources }, null!, _metrics, _time);
        var notification = NotificationIntake.Assess(source, new() { Url = new("https://hooks.example.com/"), Body = "no JSON"u8.ToArray() });

        await Assert.ThrowsAsync<StoreUnavailableException>(() => intake.ReceiveAsync(notification, null, TestContext.Current.CancellationToken));

        Assert.Equal(["fopwatch.notifications.failed no-store: 1"], counted);
    }

    private Dictionary<string, double> Read()
    {
        var told = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter == _meter && instrument.IsObservable)
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => told[Name(instrument, tags)] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => told[Name(instrument, tags)] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return told;
    }

    private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}";

    private sealed class FailingQuarantine : IQuarantine
    {
        private static StoreUnavailableException Down => new("The store is down.");

        public ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken) => throw Down;

        public ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken) => throw Down;

        public ValueTask<Page<QuarantinedNotification>> ListAsync(
            IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken) => throw Down;

        public ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => throw Down;

        public ValueTask<long> CountAsync(CancellationToken cancellationToken) => throw Down;
    }
}
