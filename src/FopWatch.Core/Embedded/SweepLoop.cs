using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Upkeep;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>Sweeps now and then: checks the books, watches again what nothing watches, and deletes what is older than the retention.</summary>
/// <param name="sweeper">Checks the books.</param>
/// <param name="store">The store.</param>
/// <param name="purge">Deletes what is old.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Is told of a store that fails or is damaged, and of a clock that jumped.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
/// <param name="clock">The same where it can tell a jump; null if it cannot.</param>
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
                troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
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
            troubles.Occurred(null, TroubleKind.StoreUnavailable, damage);
        else
            troubles.Worked(null, TroubleKind.StoreUnavailable);
    }
}
