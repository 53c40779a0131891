using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Wording;

namespace FopWatch.Publishing;

/// <summary>Publishes the events of the outbox and removes them: at least once, and for each job in the order of versions.</summary>
/// <param name="outbox">The outbox.</param>
/// <param name="publisher">Publishes to the broker.</param>
/// <param name="troubles">Receives failures and recoveries of publishing.</param>
/// <param name="metrics">Measures the delay of events.</param>
/// <param name="time">The clock.</param>
public sealed class OutboxDispatcher(
    IOutbox outbox, IEventPublisher publisher, Troubles troubles, FopWatchMetrics metrics, TimeProvider time) : IDisposable
{
    private const int BatchSize = 256;
    private const int MostRefused = 1000;

    // A drain runs as long as there are events, so its memory is bounded. The next drain starts afresh.
    private const int MostSetAside = 10_000;

    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(15);

    // Not a semaphore: its cancellable wait continues on another thread, and a simulated history has only one thread.
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _isDraining;

    // Jobs with a refused event, as far as this process knows.
    private readonly ConcurrentDictionary<JobKey, bool> _refused = new();

    /// <summary>Cancels drains that wait for their turn.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var next))
                next.TrySetCanceled();
        }
    }

    /// <summary>
    /// Publishes all waiting events. A crash between publication and removal publishes an event again, under the same id. An event that the broker refuses
    /// is set aside and blocks only later events of its job.
    /// </summary>
    /// <returns>How many events were published.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="Exception">The exception of the publisher. Unpublished events are still in the outbox.</exception>
    public async Task<int> DrainAsync(CancellationToken cancellationToken)
    {
        // Concurrent drains would be safe, but would publish out of order.
        await TurnAsync(cancellationToken);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var published = 0;
            var setAside = new Dictionary<(JobKey Key, long Version), DateTimeOffset>();
            while (setAside.Count < MostSetAside)
            {
                var pending = await outbox.PendingAsync(BatchSize, cancellationToken);

                // A store whose clock is ahead returns an event too early. Later events of its job must not overtake it.
                var now = time.GetUtcNow();
                var early = pending.Where(one => setAside.GetValueOrDefault((one.Key, one.Version)) > now).Select(one => one.Key).ToHashSet();
                if (early.Count > 0)
                    pending = [.. pending.Where(one => !early.Contains(one.Key))];
                if (pending.Count == 0)
                    break;

                published += await SendAsync(pending, setAside, isDrain: true, cancellationToken);
            }

            return published;
        }
        finally
        {
            EndTurn();
        }
    }

    /// <summary>
    /// Publishes the given events and removes them, concurrently with other publications. It serves events that were just committed, without reading the
    /// outbox. An event that was committed earlier may be published later, unless this process knows that it was refused.
    /// </summary>
    /// <param name="events">Events in the outbox, in the order to publish them.</param>
    /// <param name="cancellationToken">Cancels. Unpublished events are still in the outbox.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="Exception">The exception of the publisher. Unpublished events are still in the outbox.</exception>
    public async Task PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (!_refused.IsEmpty)
            events = [.. events.Where(one => !_refused.ContainsKey(one.Key))];
        if (events.Count > 0)
            await SendAsync(events, [], isDrain: false, cancellationToken);
    }

    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (!_isDraining)
            {
                _isDraining = true;
                return;
            }

            _waiting.Enqueue(turn);
        }

        using (cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn))
            await turn.Task;
    }

    private void EndTurn()
    {
        lock (_lock)
        {
            // Skip cancelled waiters.
            while (_waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult())
                    return;
            }

            _isDraining = false;
        }
    }

    private async Task<int> SendAsync(
        IReadOnlyList<OutboxEvent> events, Dictionary<(JobKey Key, long Version), DateTimeOffset> setAside, bool isDrain, CancellationToken cancellationToken)
    {
        if (events.Any(one => one.Problem is not null))
        {
            // They block no other event: they cannot be published, so there is no order to keep.
            var unreadable = events.Where(one => one.Problem is not null).ToList();
            foreach (var one in unreadable)
                troubles.Occurred(one.Key.Source, TroubleKind.UnreadableEvents, Sentence.VerbatimOrNull(one.Problem));
            await SetAsideAsync([.. unreadable.Select(one => one with { Refusals = Math.Max(one.Refusals, OutboxTurns.HoldsBack) })], setAside, cancellationToken);
            events = [.. events.Where(one => one.Problem is null)];
            if (events.Count == 0)
                return 0;
        }

        var (published, refusal, failure) = (events, (UnpublishableEventsException?)null, (Exception?)null);
        using (var activity = Telemetry.Activities.StartActivity("publish"))
        {
            activity?.SetTag("fopwatch.events", events.Count);
            try
            {
                await publisher.PublishAsync(events, cancellationToken);
            }
            catch (UnpublishableEventsException e)
            {
                (published, refusal) = ([.. events.Except(e.Events).Except(e.HeldBack)], e);
            }
            catch (PartlyPublishedException e) when (e.InnerException is { } broken)
            {
                (published, failure) = (e.Published, broken);
            }
            catch (Exception e)
            {
                (published, failure) = ([], e);
            }
        }

        if (failure is null)
            troubles.Worked(null, TroubleKind.PublishingFails);
        else if (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
            troubles.Occurred(null, TroubleKind.PublishingFails, Sentence.Verbatim(InWords(failure)));

        // A drain writes this even if it was cancelled meanwhile, so that no event is published twice. After a commit the write is not worth the wait: the next
        // drain publishes the remaining events again.
        using var longest = new CancellationTokenSource(LongestWrite, time);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(isDrain ? CancellationToken.None : cancellationToken, longest.Token);
        if (refusal is not null)
        {
            // When full, entries that are no longer refused cost only a minute's delay.
            if (_refused.Count >= MostRefused)
                _refused.Clear();
            foreach (var one in refusal.Events)
            {
                _refused[one.Key] = true;
                troubles.Occurred(one.Key.Source, TroubleKind.EventsRefused, Sentence.Verbatim(InWords(refusal.InnerException ?? refusal)));
            }

            await SetAsideAsync(refusal.Events, setAside, writing.Token);
        }

        if (published.Count > 0)
        {
            var now = time.GetUtcNow();
            await outbox.RemoveAsync(published, writing.Token);
            foreach (var one in published)
            {
                if (_refused.TryRemove(one.Key, out _))
                    troubles.Worked(one.Key.Source, TroubleKind.EventsRefused);
                metrics.Published(one.Key.Source, now - one.Time);
            }
        }

        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return published.Count;
    }

    private async Task SetAsideAsync(
        IReadOnlyList<OutboxEvent> events, Dictionary<(JobKey Key, long Version), DateTimeOffset> setAside, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        events = [.. events.Select(one => one with { Refusals = one.Refusals + 1, RetryAt = now + SetAside.Wait(one.Refusals + 1) })];
        foreach (var one in events)
            setAside[(one.Key, one.Version)] = one.RetryAt ?? now;
        await outbox.SetAsideAsync(events, cancellationToken);
    }

    /// <summary>The first line of the message. Brokers' clients add lines that help only their developers.</summary>
    private static string InWords(Exception failure)
    {
        const int MaxLength = 200;
        var line = failure.Message.AsSpan().TrimStart();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end];
        return $"{failure.GetType().Name}: {TextCut.Of(line.ToString(), MaxLength)}";
    }
}
