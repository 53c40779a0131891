using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Publishing;

/// <summary>
/// Publishes events where no loop runs: each at once after its commit where that works, and all that wait when a sweep comes. Any number of
/// processes may do so at once: an event that two of them publish has the same id both times.
/// </summary>
/// <param name="outbox">What is committed and not published.</param>
/// <param name="dispatcher">What publishes; null where there is nowhere to publish to: events stay.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PromptPublisher(IOutbox outbox, OutboxDispatcher? dispatcher, ILogger log, TimeProvider time) : ICommittedEvents
{
    /// <summary>How long a commit may be held up by the publishing of its event.</summary>
    public static readonly TimeSpan LongestPublish = TimeSpan.FromSeconds(2);

    /// <summary>How long nothing is published at once after that failed, so that a broker that is down holds up no more commits.</summary>
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    /// <summary>How long a sweep may take: less than <c>functionTimeout</c> in host.json. What is left is the next one's.</summary>
    public static readonly TimeSpan LongestSweep = TimeSpan.FromMinutes(4);

    private long _failedAt = long.MinValue;

    /// <inheritdoc/>
    public async ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken)
    {
        if (dispatcher is null || (Volatile.Read(ref _failedAt) is > long.MinValue and var at && time.GetElapsedTime(at) < PauseAfterFailure))
            return;

        // Not for the caller to cancel: a provider that hangs up has still notified.
        using var timeout = new CancellationTokenSource(LongestPublish, time);
        try
        {
            // Not a drain: that would read every partition for every notification.
            await dispatcher.PublishAsync([committed], timeout.Token);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _failedAt, time.GetTimestamp());
            log.PublishFailed(e);
        }
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
}
