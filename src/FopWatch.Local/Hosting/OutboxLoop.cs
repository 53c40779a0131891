using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Local.Hosting;

/// <summary>Publishes events as soon as they are committed, and at the start what a crash left behind.</summary>
internal sealed class OutboxLoop(OutboxDispatcher dispatcher, OutboxSignal signal, ILogger<OutboxLoop> logger)
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await dispatcher.DrainAsync(cancellationToken);
                await signal.SleepAsync(SweepEvery, cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                // The events are still in the outbox.
                logger.PublishFailed(e);
                await signal.PauseAsync(Pause, cancellationToken);
            }
        }
    }
}
