using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Upkeep;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>Sweeps at intervals: checks the books, restores missing watches, and deletes jobs and events older than the retention.</summary>
/// <param name="sweeper">Checks the books.</param>
/// <param name="store">The store.</param>
/// <param name="purge">Deletes old jobs and events.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Receives store failures, store damage and clock jumps.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
/// <param name="clock">The same clock, if it detects jumps; else null.</param>
public sealed class SweepLoop(
    Sweeper sweeper,
    IStoreUpkeep store,
    RetentionPurge purge,
    LoopTimes times,
    Troubles troubles,
    ILogger log,
    TimeProvider time,
    SteadyTime? clock = null)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (clock is not null)
                troubles.CheckClock(clock);
            troubles.Check();
            try
            {
                await SweepAsync(cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                log.StoreUnavailable("sweep", e);
                troubles.StoreFailed(e.Message);
            }

            await Task.Delay(times.SweepEvery, time, cancellationToken);
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await store.InspectAsync(cancellationToken);
        log.Swept(await sweeper.SweepAsync(cancellationToken));
        await store.KeepTimeAsync(time.GetUtcNow(), cancellationToken);
        await purge.RunAsync((before, now) => store.PurgeAsync(before, now, cancellationToken), cancellationToken);
        if (store.Damage is { } damage)
            troubles.StoreFailed(damage);
        else
            troubles.Worked(null, TroubleKind.StoreUnavailable);
    }
}
