using Azure.Messaging.ServiceBus;
using FopWatch.Publishing;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Publishes events to a Service Bus topic.</summary>
/// <remarks>
/// Events go in batches, one after the other, each only when the one before it is durable at the broker; so their order is kept, and
/// with it that of every job's events. A batch is stored whole or not at all. Where an answer gets lost, the batch is sent again under
/// the same message ids: the topic's duplicate detection drops it, and without that a subscriber recognises it by version.
/// </remarks>
public sealed class ServiceBusPublisher : IEventPublisher, IAsyncDisposable
{
    private readonly ServiceBusPublisherOptions _options;
    private readonly EventMessages _messages;
    private readonly ServiceBusClient _client;
    private readonly ServiceBusSender _sender;

    /// <summary>A publisher that connects when it is opened or first publishes.</summary>
    /// <param name="connection">The Service Bus.</param>
    /// <param name="options">Where and how.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    public ServiceBusPublisher(ServiceBusConnection connection, ServiceBusPublisherOptions options)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(options);
        options.ThrowIfWrong();
        _options = options;
        _messages = new(options.ApiUrl);
        _client = connection.Open(options.Retry);
        _sender = _client.CreateSender(options.TopicName);
    }

    /// <summary>Connects, so that the first to publish need not wait for it.</summary>
    /// <exception cref="ServiceBusException">The broker refused or could not be reached; publishing tries anew.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken) => (await NewBatchAsync(cancellationToken)).Dispose();

    /// <inheritdoc/>
    /// <remarks>
    /// An event that is too large for one message is shortened as far as it has to be, at most to the job's state, counts and a link to the job; it
    /// does not keep the others from being published.
    /// </remarks>
    /// <exception cref="ServiceBusException">
    /// The broker refused, was busy or could not be reached, also after the SDK's retries; or, with the reason
    /// <see cref="ServiceBusFailureReason.MessageSizeExceeded"/>, an event is too large even reduced: all others were published then.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
            return;

        var tooLarge = new List<string>();
        var batch = await NewBatchAsync(cancellationToken);
        try
        {
            foreach (var one in events)
            {
                var whole = EventMessages.Whole(one);
                if (batch.TryAddMessage(whole))
                    continue;

                // What does not fit behind others may well fit alone.
                if (batch.Count > 0)
                {
                    await _sender.SendMessagesAsync(batch, cancellationToken);
                    batch.Dispose();
                    batch = await NewBatchAsync(cancellationToken);
                    if (batch.TryAddMessage(whole))
                        continue;
                }

                if (!_messages.Shorter(one).Any(batch.TryAddMessage))
                    tooLarge.Add(one.Id);
            }

            if (batch.Count > 0)
                await _sender.SendMessagesAsync(batch, cancellationToken);

            if (tooLarge.Count > 0)
            {
                throw new ServiceBusException(
                    $"Even reduced, these events are larger than {batch.MaxSizeInBytes} bytes: {string.Join(", ", tooLarge)}.",
                    ServiceBusFailureReason.MessageSizeExceeded,
                    _options.TopicName);
            }
        }
        finally
        {
            batch.Dispose();
        }
    }

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _client.DisposeAsync();
    }

    private async ValueTask<ServiceBusMessageBatch> NewBatchAsync(CancellationToken cancellationToken)
    {
        var batch = await _sender.CreateMessageBatchAsync(cancellationToken);
        if (_options.MaxMessageBytes is not { } limit || limit >= batch.MaxSizeInBytes)
            return batch;

        // Asking for more than the broker allows would be an error, so its limit has to be known first.
        batch.Dispose();
        return await _sender.CreateMessageBatchAsync(new() { MaxSizeInBytes = limit }, cancellationToken);
    }
}
