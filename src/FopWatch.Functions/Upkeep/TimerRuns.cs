using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>Records the runs of the timers, so that all instances can detect silent ones.</summary>
public sealed class TimerRuns(TableTimerRuns runs, ILogger<TimerRuns> logger)
{
    /// <summary>Records that a timer runs. Does not throw if that fails.</summary>
    public async Task RanAsync(string timer, CancellationToken cancellationToken)
    {
        try
        {
            await runs.RanAsync(timer, cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            logger.TimerRunNotWritten(timer, e);
        }
    }
}
