using FopWatch.Publishing;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Cloud;

/// <summary>
/// Publishes events in the cloud host: each event right after its commit, and waiting events in a sweep. In the embedded host
/// <see cref="Embedded.OutboxLoop"/> does this.
/// </summary>
/// <remarks>
/// Commits do not wait for the broker. While it is down, notifications are still answered 200 (<c>NotificationsApi.PostAsync</c>), and their events wait in the
/// outbox. Events committed during a publication are published together afterwards. Several processes may publish at once: an event that two of them publish
/// has the same id both times.
/// </remarks>
/// <param name="outbox">The events that are committed but not published.</param>
/// <param name="dispatcher">Publishes; null if no broker is configured, so that events stay in the outbox.</param>
/// <param name="work">Runs publications in the background.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PromptPublisher(IOutbox outbox, OutboxDispatcher? dispatcher, IWorkScheduler work, ILogger log, TimeProvider time) : ICommittedEvents
{
    /// <summary>How long one publication right after a commit may take.</summary>
    public static readonly TimeSpan LongestPublish = TimeSpan.FromSeconds(2);

    /// <summary>How long events wait for the sweep after a failed publication.</summary>
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    /// <summary>How long a sweep may take: less than <c>functionTimeout</c> in host.json. The next sweep continues.</summary>
    public static readonly TimeSpan LongestSweep = TimeSpan.FromMinutes(4);

    /// <summary>The most bytes of events that wait in memory. Further events are left to the sweep.</summary>
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

    /// <summary>Waits until no publication is running in the background.</summary>
    public Task IdleAsync()
    {
        lock (_lock)
            return _publishing?.Task ?? Task.CompletedTask;
    }

    /// <summary>Publishes all waiting events. If no broker is configured, logs how many wait.</summary>
    /// <exception cref="Exception">The store or the broker failed. Unpublished events are still in the outbox.</exception>
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
                // Not a drain, which would read every partition for every notification.
                await publishing.PublishAsync(events, timeout.Token);
            }
            catch (Exception e)
            {
                Volatile.Write(ref _failedAt, time.GetTimestamp());
                log.PublishFailed(e);
            }
        }
    }

    /// <summary>The next events to publish together. After a failure all events are left to the sweep.</summary>
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
