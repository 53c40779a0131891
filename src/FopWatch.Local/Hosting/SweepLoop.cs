using FopWatch.Api;
using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Settings;
using FopWatch.Sqlite;
using FopWatch.Watching;

namespace FopWatch.Local.Hosting;

/// <summary>Sweeps every minute: checks the books, watches again what nothing watches, and deletes what is older than the retention.</summary>
internal sealed class SweepLoop(
    Sweeper sweeper,
    SqliteStore store,
    EventLog events,
    FopWatchSettings settings,
    Troubles troubles,
    SteadyTime time,
    ILogger<SweepLoop> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var signal = new Signal(time);
        while (!cancellationToken.IsCancellationRequested)
        {
            troubles.CheckClock(time);
            troubles.Check();
            try
            {
                await store.Database.InspectAsync(cancellationToken);
                var sweep = await sweeper.SweepAsync(cancellationToken);
                logger.Swept(sweep);

                await store.ClockMarks.WriteTimeAsync(time.GetUtcNow(), cancellationToken);
                await PurgeAsync(cancellationToken);
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

    private async Task PurgeAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var before = now - settings.Retention;
        if (!await store.ClockMarks.AllowAsync(before, cancellationToken))
        {
            logger.PurgePutOff(PurgeMark.SecondLook);
            return;
        }

        await store.PurgeAsync(before, now, cancellationToken);
        await events.PurgeAsync(before, now, cancellationToken);
    }
}
