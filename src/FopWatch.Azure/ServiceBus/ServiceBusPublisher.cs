using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Azure.Messaging.ServiceBus;
using FopWatch.Publishing;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Publishes events to a Service Bus topic.</summary>
/// <remarks>
/// Events are sent in batches. A batch is sent only when the previous one is durable at the broker, which preserves the order of events. A batch is
/// stored as a whole or not at all. If an answer is lost, the batch is sent again with the same message ids: the topic's duplicate detection drops it,
/// and without that, a subscriber recognises the repetition by the version.
/// </remarks>
public sealed class ServiceBusPublisher : IEventPublisher, IAsyncDisposable
{
    private readonly ServiceBusPublisherOptions _options;
    private readonly EventMessages _messages;
    private readonly ServiceBusClient _client;
    private readonly ServiceBusSender _sender;

    /// <summary>A publisher that connects when it is opened or first publishes.</summary>
    /// <param name="connection">The Service Bus.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is invalid. The message names it.</exception>
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

    /// <summary>Connects, so that the first publication need not wait for it.</summary>
    /// <exception cref="ServiceBusException">The broker refused or could not be reached. Publishing retries.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken) => (await NewBatchAsync(cancellationToken)).Dispose();

    /// <summary>Checks that the broker lets this host send. Opens a new link, because an open one was authorised when it was opened. Sends nothing.</summary>
    /// <exception cref="ServiceBusException">The broker refused or could not be reached.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not publish to the topic.</exception>
    public async ValueTask ProveAsync(CancellationToken cancellationToken)
    {
        await using var sender = _client.CreateSender(_options.TopicName);
        (await sender.CreateMessageBatchAsync(cancellationToken)).Dispose();
    }

    /// <inheritdoc/>
    /// <remarks>
    /// An event that is too large for one message is shortened as far as necessary, at most to the job's state, counts and a link to the job. If the broker
    /// refuses a batch because of its content, its events are sent one by one, so that a refused event does not block others.
    /// </remarks>
    /// <exception cref="ServiceBusException">The broker was busy or unreachable, even after the SDK's retries, or refuses everything.</exception>
    /// <exception cref="PartlyPublishedException">The same, or a cancellation, after the broker had accepted some of the events.</exception>
    /// <exception cref="UnpublishableEventsException">
    /// Events are too large even when reduced, their bodies are damaged, or the broker refuses them. All others were published, except later events of
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
        // An event that was refused before is sent alone, because it would fail a batch again.
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
            // An event that does not fit into the rest of a batch may fit alone.
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
            // The JSON reader throws any of these for a body that is not JSON, or not an event.
            (message, damage) = (default, failure);
            return false;
        }
    }

    private async ValueTask<ServiceBusMessageBatch> NewBatchAsync(CancellationToken cancellationToken)
    {
        var batch = await _sender.CreateMessageBatchAsync(cancellationToken);
        if (_options.MaxMessageBytes is not { } limit || limit >= batch.MaxSizeInBytes)
            return batch;

        // A larger size than the broker allows is an error, so its limit must be known first.
        batch.Dispose();
        return await _sender.CreateMessageBatchAsync(new() { MaxSizeInBytes = limit }, cancellationToken);
    }
}
