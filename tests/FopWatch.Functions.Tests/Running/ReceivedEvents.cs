using Azure.Messaging.ServiceBus;
using FopWatch.Azure.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Functions.Tests.Running;

/// <summary>Every message of the subscription <c>all</c>, as it arrives.</summary>
internal sealed class ReceivedEvents : IAsyncDisposable
{
    private readonly ServiceBusClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, SortedDictionary<long, JobEvent>> _events = [];
    private readonly List<string> _contradictions = [];
    private readonly Task _receiving;

    public ReceivedEvents(string connectionString)
    {
        _client = new(connectionString);
        _receiving = ReceiveAsync(_stopping.Token);
    }

    public int Received { get; private set; }

    /// <summary>The number of repeated messages.</summary>
    public int Repetitions { get; private set; }

    /// <summary>The settled events of a job by version, each once.</summary>
    public IReadOnlyList<JobEvent> SettledEvents(JobKey key)
    {
        lock (_lock)
            return _events.TryGetValue(key, out var events) ? [.. events.Values.Where(one => one.Type == JobEvent.SettledType)] : [];
    }

    /// <summary>Descriptions of the messages that are invalid for a subscriber.</summary>
    public IReadOnlyList<string> Contradictions()
    {
        lock (_lock)
            return [.. _contradictions];
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _receiving;
        await _client.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        await using var receiver = _client.CreateReceiver(
            ServiceBusPublisherOptions.DefaultTopicName, "all", new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete });
        try
        {
            while (true)
            {
                foreach (var message in await receiver.ReceiveMessagesAsync(200, TimeSpan.FromSeconds(10), cancellationToken))
                    Take(message);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    private void Take(ServiceBusReceivedMessage message)
    {
        lock (_lock)
        {
            Received++;
            if (!JobEvent.TryParse(message.Body.ToMemory(), out var received) || received.Id != message.MessageId)
            {
                _contradictions.Add($"the message {message.MessageId} is not an event with that id");
                return;
            }

            var key = new JobKey(received.Data.Source, received.Subject);
            if (!_events.TryGetValue(key, out var events))
                _events[key] = events = [];
            if (!events.TryAdd(received.Data.Version, received))
            {
                Repetitions++;
                if (events[received.Data.Version].Id != received.Id)
                    _contradictions.Add($"version {received.Data.Version} of {key} came as {events[received.Data.Version].Id} and as {received.Id}");
            }
        }
    }
}
