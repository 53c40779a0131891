using FopWatch.Jobs;
using FopWatch.Statistics;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Upkeep;

/// <summary>
/// Adds the statistics of an instance to the store while its worker runs, and when it ends. An instance removed without notice loses the counts of its
/// last seconds.
/// </summary>
internal sealed class KeepStatistics(Func<StatisticsLoop> loop, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await loop().RunAsync(stoppingToken);
            }
            catch (StoreUnavailableException)
            {
                // The store is not open yet.
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                // The Functions host shows the worker's output, but drops its log outside of invocations.
                await Console.Error.WriteLineAsync($"The statistics failed with {failure.GetType().Name}. They are retried.");
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
