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

    /// <summary>Finds out whether the broker lets this host send, by a link of its own: one that is open was allowed when it was opened. Sends nothing.</summary>
    /// <exception cref="ServiceBusException">The broker refused or could not be reached.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask ProveAsync(CancellationToken cancellationToken)
    {
        await using var sender = _client.CreateSender(_options.TopicName);
        (await sender.CreateMessageBatchAsync(cancellationToken)).Dispose();
    }

    /// <inheritdoc/>
    /// <remarks>
    /// An event that is too large for one message is shortened as far as it has to be, at most to the job's state, counts and a link to the job. Where
    /// the broker refuses a batch for something that is in it, its events are sent one by one, so that the refused ones keep no other from
    /// being published.
    /// </remarks>
    /// <exception cref="ServiceBusException">The broker was busy or could not be reached, also after the SDK's retries, or refuses everything.</exception>
    /// <exception cref="PartlyPublishedException">The same, or it was cancelled, after the broker had taken some of the events.</exception>
    /// <exception cref="UnpublishableEventsException">
    /// Events are too large even reduced, their bodies are damaged, or the broker refuses them: all others were published, except later ones of
    /// the same jobs.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
            return;

        using var sending = new Sending(_sender, await NewBatchAsync(cancellationToken));
        try
        {
            foreach (var one in events)
                await AddAsync(sending, one, cancellationToken);
            await sending.SendAsync(cancellationToken);
        }
        catch (Exception broken) when (sending.Published.Count > 0)
        {
            throw new PartlyPublishedException(sending.Published, broken);
        }

        sending.ThrowIfRefused();
    }

    /// <summary>Closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _client.DisposeAsync();
    }

    private async ValueTask AddAsync(Sending sending, OutboxEvent one, CancellationToken cancellationToken)
    {
        // What was refused before is sent alone, for it would spoil a batch again.
        if (one.Refusals > 0)
            await NextBatchAsync(sending, cancellationToken);
        if (sending.IsHeldBack(one))
            return;
        if (!TryPrepare(() => EventMessages.Whole(one), out var whole, out var damage))
        {
            sending.Refuse(one, damage);
            return;
        }

        if (!sending.TryAdd(one, whole))
        {
            // What does not fit behind others may well fit alone.
            await NextBatchAsync(sending, cancellationToken);
            if (sending.IsHeldBack(one))
                return;
            if (!sending.TryAdd(one, whole))
                AddShorter(sending, one);
        }

        if (one.Refusals > 0)
            await NextBatchAsync(sending, cancellationToken);
    }

    private void AddShorter(Sending sending, OutboxEvent one)
    {
        using var shorter = _messages.Shorter(one).GetEnumerator();
        Exception? damage;
        while (TryPrepare(() => shorter.MoveNext() ? shorter.Current : null, out var reduced, out damage) && reduced is not null)
        {
            if (sending.TryAdd(one, reduced))
                return;
        }

        sending.Refuse(one, damage);
    }

    private async ValueTask NextBatchAsync(Sending sending, CancellationToken cancellationToken)
    {
        if (sending.IsEmpty)
            return;
        await sending.SendAsync(cancellationToken);
        sending.Use(await NewBatchAsync(cancellationToken));
    }

    private static bool TryPrepare<T>(Func<T> prepare, [MaybeNullWhen(false)] out T message, out Exception? damage)
    {
        try
        {
            (message, damage) = (prepare(), null);
            return true;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException or KeyNotFoundException or FormatException)
        {
            // What is not JSON, or not an event, makes the JSON reader throw any of these.
            (message, damage) = (default, failure);
            return false;
        }
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
