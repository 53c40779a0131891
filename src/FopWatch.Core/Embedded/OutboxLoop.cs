using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>
/// Publishes the outbox in the embedded host: first the events that a crash left there, then each new event. In the cloud host
/// <see cref="Cloud.PromptPublisher"/> does this.
/// </summary>
/// <param name="dispatcher">Publishes.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Receives store failures.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class OutboxLoop(OutboxDispatcher dispatcher, LoopTimes times, Troubles troubles, ILogger log, TimeProvider time)
{
    private readonly WakeSignal _signal = new(time);

    /// <summary>Publishes the events in the outbox at once.</summary>
    public void Wake() => _signal.Wake();

    /// <summary>Runs until cancelled, or until the broker fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await dispatcher.DrainAsync(cancellationToken);
                await _signal.SleepAsync(times.LongestSleep, cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                // The events are still in the outbox.
                troubles.StoreFailed(e.Message);
                log.StoreUnavailable("publish events", e);
                await Task.Delay(times.Pause, time, cancellationToken);
            }
        }
    }
}
