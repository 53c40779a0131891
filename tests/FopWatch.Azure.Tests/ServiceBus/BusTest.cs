using Azure.Messaging.ServiceBus;
using FopWatch.Azure.ServiceBus;
using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>A peer, publishers to it, and the messages of a subscription, through the real SDK.</summary>
internal sealed class BusTest : IAsyncDisposable
{
    /// <summary>Fails within moments while a broker is down, so that a test does not wait.</summary>
    public static readonly ServiceBusRetryOptions QuickRetry = new()
    {
        Mode = ServiceBusRetryMode.Fixed,
        MaxRetries = 2,
        Delay = TimeSpan.FromMilliseconds(100),
        MaxDelay = TimeSpan.FromMilliseconds(100),
        TryTimeout = TimeSpan.FromSeconds(15),
    };

    // A limit, so that a lost message fails a test instead of blocking it for ever.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, ServiceBusReceiver> _receivers = [];
    private readonly List<ServiceBusPublisher> _publishers = [];

    private BusTest(ServiceBusPeer peer)
    {
        Peer = peer;
        Client = new(peer.ConnectionString, new ServiceBusClientOptions { RetryOptions = QuickRetry });
        Publisher = NewPublisher(new() { Retry = QuickRetry });
    }

    public ServiceBusPeer Peer { get; }

    public ServiceBusClient Client { get; }

    public ServiceBusPublisher Publisher { get; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<BusTest> StartAsync(int? maxMessageSize = null, Action<System.Text.Json.Nodes.JsonNode>? configure = null)
    {
        var config = ServiceBusPeer.LocalConfig();
        configure?.Invoke(config);
        return new(await ServiceBusPeer.StartAsync(config, maxMessageSize));
    }

    public ServiceBusPublisher NewPublisher(ServiceBusPublisherOptions options)
    {
        var publisher = new ServiceBusPublisher(ServiceBusConnection.ToEmulator(Peer.ConnectionString), options);
        _publishers.Add(publisher);
        return publisher;
    }

    public ServiceBusReceiver Receiver(string subscription) => Receiver(subscription, SubQueue.None, prefetch: 0);

    /// <summary>The next messages of a subscription in order, completed.</summary>
    public async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveAsync(string subscription, int count, SubQueue subQueue = SubQueue.None) =>
        await ReceiveAsync(
            Ordered(subscription, subQueue),
            so => count - so.Count,
            so => $"Of {count} messages in {subscription} only {so.Count} came.");

    /// <summary>All messages of a subscription. Their end is found with a later event of a separate job, which must pass the filter.</summary>
    public async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveAllAsync(string subscription)
    {
        var last = Sample.Job("the-last").Expired().ToEvent()!;
        await Publisher.PublishAsync([last], Cancelled);
        var received = await ReceiveAsync(
            Ordered(subscription),
            so => so.LastOrDefault()?.MessageId == last.Id ? 0 : 200,
            so => $"After {so.Count} messages in {subscription} the last did not come.");
        received.RemoveAt(received.Count - 1);
        return received;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var publisher in _publishers)
            await publisher.DisposeAsync();
        foreach (var receiver in _receivers.Values)
            await receiver.DisposeAsync();
        await Client.DisposeAsync();
        await Peer.DisposeAsync();
    }

    private static async Task<List<ServiceBusReceivedMessage>> ReceiveAsync(
        ServiceBusReceiver receiver,
        Func<List<ServiceBusReceivedMessage>, int> wanted,
        Func<List<ServiceBusReceivedMessage>, string> otherwise)
    {
        var received = new List<ServiceBusReceivedMessage>();
        var completions = new List<Task>();
        while (wanted(received) is > 0 and var most)
        {
            var some = await receiver.ReceiveMessagesAsync(most, Patience, Cancelled);
            Assert.True(some.Count > 0, otherwise(received));
            completions.AddRange(some.Select(message => receiver.CompleteMessageAsync(message, Cancelled)));
            received.AddRange(some);
        }

        await Task.WhenAll(completions);
        return received;
    }

    /// <summary>
    /// A client without prefetch returns messages that arrive between two calls, and receives them again behind later ones, so
    /// only a client with prefetch gets many messages in order.
    /// </summary>
    private ServiceBusReceiver Ordered(string subscription, SubQueue subQueue = SubQueue.None) => Receiver(subscription, subQueue, prefetch: 500);

    private ServiceBusReceiver Receiver(string subscription, SubQueue subQueue, int prefetch)
    {
        var key = $"{subscription}/{subQueue}/{prefetch}";
        if (!_receivers.TryGetValue(key, out var receiver))
        {
            _receivers[key] = receiver = Client.CreateReceiver(
                ServiceBusPublisherOptions.DefaultTopicName, subscription, new ServiceBusReceiverOptions { SubQueue = subQueue, PrefetchCount = prefetch });
        }

        return receiver;
    }
}
