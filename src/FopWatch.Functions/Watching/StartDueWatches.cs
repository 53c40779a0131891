using FopWatch.Clocks;
using FopWatch.Cloud;
using FopWatch.Diagnosis;
using FopWatch.Functions.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Watching;

/// <summary>Each minute, starts the watches of jobs that become due before the next run: see <see cref="WatchStarter"/>.</summary>
public sealed class StartDueWatches(WatchStarter starter, TimerRuns runs, Troubles troubles, SteadyTime? clock = null)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "StartDueWatches";

    /// <summary>Runs once.</summary>
    [Function(Name)]
    public async Task RunAsync(
        [TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        if (clock is not null)
            troubles.CheckClock(clock);
        troubles.Check();
        await runs.RanAsync(Name, cancellationToken);
        await starter.StartDueAsync(cancellationToken);
    }
}
