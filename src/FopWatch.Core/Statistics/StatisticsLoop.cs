using FopWatch.Jobs;
using FopWatch.Running;
using Microsoft.Extensions.Logging;

namespace FopWatch.Statistics;

/// <summary>Adds the counts of a process to the store at intervals and at shutdown, and learns plans from the store.</summary>
/// <param name="collector">The counts.</param>
/// <param name="statistics">The store.</param>
/// <param name="plans">Learns the plans.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Generates the ids of additions.</param>
public sealed class StatisticsLoop(StatisticsCollector collector, IStatistics statistics, PlanReader plans, ILogger log, TimeProvider time, Random random)
{
    /// <summary>The time between two additions. A crash loses the counts since the last one.</summary>
    public static readonly TimeSpan AddEvery = TimeSpan.FromSeconds(10);

    /// <summary>The time between two checks whether to learn plans.</summary>
    public static readonly TimeSpan LearnEvery = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(3);

    // A failed addition is repeated unchanged, because it may have been added.
    private readonly Dictionary<string, StatisticsDelta> _unconfirmed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);

    /// <summary>Runs until cancelled. Then it adds the remaining counts.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            long? learned = null;
            while (true)
            {
                if (learned is not { } at || plans.IsOutdated || time.GetElapsedTime(at) >= LearnEvery)
                {
                    try
                    {
                        await plans.RefreshAsync(cancellationToken);
                        learned = time.GetTimestamp();
                    }
                    catch (StoreUnavailableException e)
                    {
                        log.StoreUnavailable("learning of plans", e);
                    }
                }

                await Task.Delay(AddEvery, time, cancellationToken);
                await AddAsync(cancellationToken);
            }
        }
        finally
        {
            using var end = new CancellationTokenSource(LongestEnd, TimeProvider.System);
            await AddAsync(end.Token);
        }
    }

    /// <summary>Adds the counts since the last time. Counts that cannot be added stay for the next time.</summary>
    public async Task AddAsync(CancellationToken cancellationToken)
    {
        foreach (var source in collector.Sources.Union(_unconfirmed.Keys).ToList())
        {
            try
            {
                if (_unconfirmed.TryGetValue(source, out var failed))
                {
                    await statistics.AddAsync(failed, cancellationToken);
                    Confirm(source);
                }

                if (collector.Take(source, NewId()) is { } counted)
                {
                    _unconfirmed[source] = counted;
                    await statistics.AddAsync(counted, cancellationToken);
                    Confirm(source);
                }

                _failing.Remove(source);
            }
            catch (StoreUnavailableException e)
            {
                log.StoreUnavailable("adding of statistics", e);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (_failing.Add(source))
                    log.StatisticsFailed("adding of statistics", source, e);
            }
        }
    }

    private void Confirm(string source)
    {
        _unconfirmed.Remove(source);
        collector.Added(source);
    }

    // Short, because a store keeps many ids in one row.
    private string NewId() => random.NextInt64(1L << 40).ToString("x10", System.Globalization.CultureInfo.InvariantCulture);
}
