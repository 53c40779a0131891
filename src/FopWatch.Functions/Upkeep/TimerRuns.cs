using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Upkeep;

/// <summary>Writes down when the timers run, for all instances to see whether they do.</summary>
public sealed class TimerRuns(TableTimerRuns runs, ILogger<TimerRuns> logger)
{
    /// <summary>A timer runs. Does not keep it from its work.</summary>
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
