using FopWatch.Diagnosis;
using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Publishes what is in the outbox and takes it out: at least once, in the order of versions for each job.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="publisher">Where events go.</param>
/// <param name="time">The clock.</param>
/// <param name="troubles">Is told whether publishing works; null if nobody is to be warned.</param>
public sealed class OutboxDispatcher(IOutbox outbox, IEventPublisher publisher, TimeProvider time, Troubles? troubles = null) : IDisposable
{
    private const int BatchSize = 256;

    private readonly SemaphoreSlim _one = new(1, 1);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    /// <summary>
    /// Publishes everything that waits. A crash between publishing and taking out publishes an event again, under the same id.
    /// </summary>
    /// <returns>How many events were published.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="Exception">What the publisher threw. What was not published is still in the outbox.</exception>
    public async Task<int> DrainAsync(CancellationToken cancellationToken)
    {
        // Two dispatchers at once would be safe, but would publish out of order.
        await _one.WaitAsync(cancellationToken);
        try
        {
            var published = 0;
            while (true)
            {
                var pending = await outbox.PendingAsync(BatchSize, cancellationToken);
                if (pending.Count == 0)
                    return published;

                await PublishAsync(pending, cancellationToken);
                published += pending.Count;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// Publishes given events and takes them out, beside whatever else is being published: for an event that was just committed,
    /// without a look at all that waits. One that was committed before may be published after it.
    /// </summary>
    /// <param name="events">Events in the outbox, in the order to publish them.</param>
    /// <param name="cancellationToken">Cancels. What was not published is still in the outbox.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="Exception">What the publisher threw. What was not published is still in the outbox.</exception>
    public async Task PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        using (var activity = Telemetry.Activities.StartActivity("publish"))
        {
            activity?.SetTag("fopwatch.events", events.Count);
            try
            {
                await publisher.PublishAsync(events, cancellationToken);
            }
            catch (Exception failure) when (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                troubles?.Occurred(null, TroubleKind.PublishingFails, InWords(failure));
                if (failure is UnpublishableEventsException unpublishable)
                    await RemoveAsync([.. events.Except(unpublishable.Events)], cancellationToken);
                throw;
            }

            troubles?.Worked(null, TroubleKind.PublishingFails);
        }

        await RemoveAsync(events, cancellationToken);
    }

    private async Task RemoveAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var published = time.GetUtcNow();
        await outbox.RemoveAsync(events, cancellationToken);
        foreach (var one in events)
            Telemetry.Published(one.Key.Source, published - one.Time);
    }

    /// <summary>The first line: the rest of what brokers' clients say is for those who develop them.</summary>
    private static string InWords(Exception failure)
    {
        const int MaxLength = 200;
        var line = failure.Message.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end];
        return $"{failure.GetType().Name}: {(line.Length > MaxLength ? line[..MaxLength] : line)}";
    }
}
