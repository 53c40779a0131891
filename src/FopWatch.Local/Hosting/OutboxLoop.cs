using FopWatch.Publishing;

namespace FopWatch.Local.Hosting;

/// <summary>Publishes events as soon as they are committed, and at the start what a crash left behind.</summary>
internal sealed class OutboxLoop(OutboxDispatcher dispatcher, OutboxSignal signal, ILogger<OutboxLoop> logger)
    : BackgroundService
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await dispatcher.DrainAsync(stoppingToken);
                await signal.SleepAsync(SweepEvery, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it was, the events are still in the outbox.
                logger.PublishFailed(e);
                await signal.PauseAsync(Pause, stoppingToken);
            }
        }
    }
}
