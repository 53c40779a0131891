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
    ILogger<SweepLoop> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var signal = new Signal(time);
        while (!cancellationToken.IsCancellationRequested)
        {
            troubles.Check();
            try
            {
                await store.Database.InspectAsync(cancellationToken);
                var sweep = await sweeper.SweepAsync(cancellationToken);
                logger.Swept(sweep);

                var now = time.GetUtcNow();
                await store.PurgeAsync(now - settings.Retention, now, cancellationToken);
                await events.PurgeAsync(now - settings.Retention, now, cancellationToken);
                if (store.Database.Damage is { } damage)
                    troubles.Occurred(null, TroubleKind.StoreUnavailable, damage);
                else
                    troubles.Worked(null, TroubleKind.StoreUnavailable);
            }
            catch (StoreUnavailableException e)
            {
                logger.StoreUnavailable("sweep", e);
                troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
            }

            await signal.PauseAsync(Every, cancellationToken);
        }
    }
}
