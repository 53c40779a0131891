using System.Diagnostics;
using System.Text;
using Azure.Messaging.ServiceBus;
using FopWatch.Load.Generating;
using FopWatch.Load.Measuring;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Functions;

/// <summary>How soon a subscriber of the Service Bus peer has an event of the cloud host.</summary>
internal static class CloudEventMeasurement
{
    private const double PerSecond = 50;
    private const string Topic = "fopwatch-events";
    private const string Subscription = "all";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<Table> RunAsync(LoadOptions options)
    {
        Progress.Report("Cloud: events");
        var table = new Table(
            "Cloud host: notification to message", "what", "notifications/s", "messages", "p50 ms", "p95 ms", "p99 ms", "longest ms", "failed");
        await using var bus = await ServiceBusPeer.StartAsync();
        await using var app = await MeasuredApp.FopWatchAsync(("FopWatch__ServiceBus__ConnectionString", bus.ConnectionString));
        var warm = new JobIds();
        await RequestLoop.RunAsync(app.Url, CloudIntakeMeasurement.Connections, () => new NotificationRequests(app.Url, warm), options.WarmUp, PerSecond);

        var jobs = new SentJobs((int)(PerSecond * options.Seconds.TotalSeconds) + 1);
        await using var client = new ServiceBusClient(bus.ConnectionString);
        await using var receiver = client.CreateReceiver(
            Topic, Subscription, new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete, PrefetchCount = 100 });
        using var stopping = new CancellationTokenSource();
        var received = new Histogram();
        var receiving = ReceiveAsync(receiver, jobs, received, stopping.Token);
        var result = await RequestLoop.RunAsync(app.Url, CloudIntakeMeasurement.Connections, () => jobs.Requests(app.Url), options.Seconds, PerSecond);
        for (var waited = TimeSpan.Zero; received.Count < result.Done && waited < Patience; waited += TimeSpan.FromMilliseconds(100))
            await Task.Delay(100);
        await stopping.CancelAsync();
        await receiving;

        if (received.Count != result.Done)
            table.Fault($"{result.Done} notifications and {received.Count} messages");
        Add("notification sent to message received at the Service Bus peer", received);
        Add("notification due at that rate to its answer", result.Latency);
        return table;

        void Add(string name, Histogram histogram) =>
            table.Add(name, [Table.Number(result.PerSecond), .. Table.Delays(histogram), table.Failures(name, result.Failed)]);
    }

    private static async Task ReceiveAsync(ServiceBusReceiver receiver, SentJobs jobs, Histogram received, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // One by one: a call for several messages waits for more when it has one.
                var message = await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(5), cancellationToken);
                var now = Stopwatch.GetTimestamp();
                if (message?.ApplicationProperties.TryGetValue("cloudEvents:subject", out var id) == true && jobs.SentAt(Encoding.UTF8.GetBytes($"{id}")) is { } sent)
                    received.Add(Stopwatch.GetElapsedTime(sent, now));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Enough messages were received, or no more arrive.
        }
    }
}
