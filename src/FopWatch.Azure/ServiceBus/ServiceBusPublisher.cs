using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
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
    /// <exception cref="ServiceBusException">The broker refused, was busy or could not be reached, also after the SDK's retries.</exception>
    /// <exception cref="UnpublishableEventsException">Events are too large even reduced, or their bodies are damaged: all others were published.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
            return;

        var unpublishable = new List<OutboxEvent>();
        Exception? damage = null;
        var batch = await NewBatchAsync(cancellationToken);
        try
        {
            foreach (var one in events)
            {
                if (!TryPrepare(() => EventMessages.Whole(one), out var whole))
                {
                    unpublishable.Add(one);
                    continue;
                }

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

                using var shorter = _messages.Shorter(one).GetEnumerator();
                bool added;
                do
                {
                    added = TryPrepare(() => shorter.MoveNext() ? shorter.Current : null, out var reduced) && batch.TryAddMessage(reduced);
                    if (!added && reduced is null)
                    {
                        unpublishable.Add(one);
                        break;
                    }
                }
                while (!added);
            }

            if (batch.Count > 0)
                await _sender.SendMessagesAsync(batch, cancellationToken);

            if (unpublishable.Count > 0)
            {
                throw new UnpublishableEventsException(
                    $"{unpublishable.Count} events are larger than {batch.MaxSizeInBytes} bytes even reduced, or damaged: {string.Join(", ", unpublishable.Select(one => one.Id))}.",
                    unpublishable,
                    damage);
            }
        }
        finally
        {
            batch.Dispose();
        }

        bool TryPrepare(Func<ServiceBusMessage?> prepare, [NotNullWhen(true)] out ServiceBusMessage? message)
        {
            message = null;
            try
            {
                message = prepare();
            }
            catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException or KeyNotFoundException or FormatException)
            {
                // What is not JSON, or not an event, makes the JSON reader throw any of these.
                damage ??= failure;
            }

            return message is not null;
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
