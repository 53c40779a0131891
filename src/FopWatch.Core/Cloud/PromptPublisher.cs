using FopWatch.Publishing;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Cloud;

/// <summary>
/// Publishes events in the cloud host: each right after its commit, and all that wait when a sweep comes. In the embedded host
/// <see cref="Embedded.OutboxLoop"/> publishes.
/// </summary>
/// <remarks>
/// No commit waits for a broker. While it is down, a notification is answered 200 as always (<c>NotificationsApi.PostAsync</c>), and its event waits in the
/// outbox. Events that are committed while others are
/// being published are published together. Several processes may publish at once: an event that two of them publish has the same id both times.
/// </remarks>
/// <param name="outbox">What is committed and not published.</param>
/// <param name="dispatcher">What publishes; null where there is nowhere to publish to: events stay.</param>
/// <param name="work">Where it publishes beside the callers.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PromptPublisher(IOutbox outbox, OutboxDispatcher? dispatcher, IWorkScheduler work, ILogger log, TimeProvider time) : ICommittedEvents
{
    /// <summary>How long the publishing of events that were committed may take.</summary>
    public static readonly TimeSpan LongestPublish = TimeSpan.FromSeconds(2);

    /// <summary>How long nothing is published at once after that failed.</summary>
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    /// <summary>How long a sweep may take: less than <c>functionTimeout</c> in host.json. What is left is the next one's.</summary>
    public static readonly TimeSpan LongestSweep = TimeSpan.FromMinutes(4);

    /// <summary>The most bytes of events that wait in memory. Further ones are left to the sweep.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    private const int MostAtOnce = 100;

    private readonly Lock _lock = new();
    private readonly Queue<OutboxEvent> _waiting = new();
    private long _waitingBytes;
    private TaskCompletionSource? _publishing;
    private long _failedAt = long.MinValue;

    private bool IsPaused => Volatile.Read(ref _failedAt) is > long.MinValue and var at && time.GetElapsedTime(at) < PauseAfterFailure;

    /// <inheritdoc/>
    public void Committed(OutboxEvent committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        if (dispatcher is null || IsPaused)
            return;

        lock (_lock)
        {
            if (_waitingBytes + committed.Body.Length > MostBytes)
                return;
            _waiting.Enqueue(committed);
            _waitingBytes += committed.Body.Length;
            if (_publishing is not null)
                return;
            _publishing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        work.Start(() => PublishWaitingAsync(dispatcher));
    }

    /// <summary>Waits until nothing is being published right after its commit.</summary>
    public Task IdleAsync()
    {
        lock (_lock)
            return _publishing?.Task ?? Task.CompletedTask;
    }

    /// <summary>Publishes all that wait, or says how many do if there is nowhere to publish to.</summary>
    /// <exception cref="Exception">The store or the broker failed. What was not published is still in the outbox.</exception>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (dispatcher is null)
        {
            var (waiting, _) = await outbox.DepthAsync(cancellationToken);
            if (waiting > 0)
                log.EventsStay(IOutbox.InWords(waiting));
            return;
        }

        using var longest = new CancellationTokenSource(LongestSweep, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, longest.Token);
        try
        {
            var published = await dispatcher.DrainAsync(either.Token);
            if (published > 0)
                log.SweepPublished(published);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            log.OutboxSweepEndedEarly();
        }
    }

    private async Task PublishWaitingAsync(OutboxDispatcher publishing)
    {
        while (Next() is { Count: > 0 } events)
        {
            using var timeout = new CancellationTokenSource(LongestPublish, time);
            try
            {
                // Not a drain: that would read every partition for every notification.
                await publishing.PublishAsync(events, timeout.Token);
            }
            catch (Exception e)
            {
                Volatile.Write(ref _failedAt, time.GetTimestamp());
                log.PublishFailed(e);
            }
        }
    }

    /// <summary>What to publish together next. After a failure everything is left to the sweep.</summary>
    private List<OutboxEvent> Next()
    {
        lock (_lock)
        {
            List<OutboxEvent> events = [];
            if (IsPaused)
                _waiting.Clear();
            while (events.Count < MostAtOnce && _waiting.TryDequeue(out var one))
                events.Add(one);
            _waitingBytes = _waiting.Count == 0 ? 0 : _waitingBytes - events.Sum(one => (long)one.Body.Length);
            if (events.Count == 0)
            {
                _publishing?.TrySetResult();
                _publishing = null;
            }

            return events;
        }
    }
}
