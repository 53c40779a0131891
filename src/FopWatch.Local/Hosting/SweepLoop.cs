using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Local.Storage;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Local.Hosting;

/// <summary>Sweeps every minute: checks the books, watches again what nothing watches, and deletes what is older than the retention.</summary>
internal sealed class SweepLoop(
    Sweeper sweeper,
    SqliteStore store,
    EventLog events,
    FopWatchSettings settings,
    Troubles troubles,
    TimeProvider time,
    ILogger<SweepLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var signal = new Signal(time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await store.Database.InspectAsync(stoppingToken);
                var sweep = await sweeper.SweepAsync(stoppingToken);
                logger.Swept(sweep);

                var now = time.GetUtcNow();
                await store.PurgeAsync(now - settings.Retention, now, stoppingToken);
                await events.PurgeAsync(now - settings.Retention, now, stoppingToken);
                if (store.Database.Damage is { } damage)
                    troubles.Occurred(null, TroubleKind.StoreUnavailable, damage);
                else
                    troubles.Worked(null, TroubleKind.StoreUnavailable);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                logger.StoreUnavailable("sweep", e);
                troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
            }

            troubles.Check();
            await signal.PauseAsync(Every, stoppingToken);
        }
    }
}
