using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Upkeep;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>Updates the indexes that are written after commits.</summary>
/// <param name="store">The store.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Receives store failures.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class IndexLoop(IStoreUpkeep store, LoopTimes times, Troubles troubles, ILogger log, TimeProvider time)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await store.IndexAsync(cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                log.StoreUnavailable("index jobs", e);
                troubles.StoreFailed(e.Message);
            }

            await Task.Delay(times.IndexEvery, time, cancellationToken);
        }
    }
}
