using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Publishes what is in the outbox and takes it out: at least once, in the order of versions for each job.</summary>
public sealed class OutboxDispatcher(IOutbox outbox, IEventPublisher publisher, TimeProvider time) : IDisposable
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

                using (var activity = Telemetry.Activities.StartActivity("publish"))
                {
                    activity?.SetTag("fopwatch.events", pending.Count);
                    await publisher.PublishAsync(pending, cancellationToken);
                }

                await outbox.RemoveAsync(pending, cancellationToken);
                published += pending.Count;

                var now = time.GetUtcNow();
                foreach (var one in pending)
                    Telemetry.Published(one.Key.Source, now - one.Time);
            }
        }
        finally
        {
            _one.Release();
        }
    }
}
