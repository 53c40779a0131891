using System.Runtime.ExceptionServices;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Statistics;

/// <summary>Reads what is known of the sources, and learns their plans from it and when their jobs are overdue.</summary>
/// <param name="sources">The configured sources.</param>
/// <param name="statistics">The statistics.</param>
/// <param name="plans">Is given the plans.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PlanReader(Sources sources, IStatistics statistics, LearnedPlans plans, ILogger log, TimeProvider time)
{
    /// <summary>The hours by which the share of jobs is known whose notification arrives.</summary>
    public static readonly TimeSpan HeardWithin = TimeSpan.FromDays(7);

    /// <summary>How long a notification may still be on its way: providers repeat it for two hours (providers.md, section 1).</summary>
    private static readonly TimeSpan OnItsWay = TimeSpan.FromHours(2);

    /// <summary>What is known has to change by so much for the plans to be learned again.</summary>
    private const double LeastChange = 0.05;

    private static readonly TimeSpan LongestUnchanged = TimeSpan.FromDays(1);

    private readonly Dictionary<string, Basis> _learnedFrom = new(StringComparer.Ordinal);
    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);

    /// <summary>Learns of all sources whose numbers have changed. A source with the fixed plan keeps it.</summary>
    /// <exception cref="StoreUnavailableException">The store could not answer for some of them. What was learned of these before stays.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        StoreUnavailableException? unavailable = null;
        foreach (var source in sources.All)
        {
            try
            {
                await RefreshAsync(source, cancellationToken);
                _failing.Remove(source.Name);
            }
            catch (StoreUnavailableException e)
            {
                unavailable = e;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (_failing.Add(source.Name))
                    log.StatisticsFailed("learning of plans", source.Name, e);
            }
        }

        if (unavailable is not null)
            ExceptionDispatchInfo.Throw(unavailable);
    }

    /// <summary>How many jobs are notified, from the hours of a source.</summary>
    /// <param name="hours">The hours.</param>
    /// <param name="now">The time. The notifications of what polls found lately may still come.</param>
    public static HeardShare HeardOf(IReadOnlyList<StatisticsHour> hours, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(hours);

        // All of an hour count, or none: the late ones of a poll are not known yet, and without it the notified ones would stand alone.
        var (notified, polled, later) = (0d, 0d, 0d);
        foreach (var hour in hours.Where(hour => hour.Hour + TimeSpan.FromHours(1) + OnItsWay <= now))
        {
            notified += hour.Sums[HourSum.Heard];
            polled += hour.Sums[HourSum.Found];
            later += hour.Sums[HourSum.NotifiedLate];
        }

        return new(notified, polled, Math.Min(later, polled));
    }

    private async Task RefreshAsync(Source source, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var known = (await statistics.ReadAgesAsync(source.Name, now, cancellationToken))
            .ToDictionary(one => one.Class, one => one.Ages, StringComparer.Ordinal);
        var isLearned = source.Poll.Plan == PlanChoice.Learned;
        var heard = isLearned
            ? HeardOf(await statistics.ReadHoursAsync(source.Name, now - HeardWithin, now + TimeSpan.FromHours(1), cancellationToken), now).ForPlans
            : 0;
        var basis = new Basis(known.Values.Sum(ages => ages.Jobs), known.Values.Count(IsEnough), heard, now);
        if (_learnedFrom.TryGetValue(source.Name, out var last) && !basis.IsOtherThan(last))
            return;
        plans.Set(
            source.Name,
            isLearned ? SourcePlans.Learn(known, source.Poll, heard, source.Poll.PerJob) : null,
            known.Where(one => IsEnough(one.Value) && !CommandClass.IsIdle(one.Key))
                .ToDictionary(one => one.Key, ISurvivalCurve (one) => AgeCurve.Observed(one.Value), StringComparer.Ordinal),
            OverdueAges.Of(known));
        _learnedFrom[source.Name] = basis;
    }

    private static bool IsEnough(KnownAges ages) => ages.Jobs >= PlanLearner.LeastJobs;

    private readonly record struct Basis(double Jobs, int Classes, double Heard, DateTimeOffset At)
    {
        public bool IsOtherThan(Basis last) =>
            Classes != last.Classes
            || Math.Abs(Jobs - last.Jobs) > LeastChange * last.Jobs
            || Math.Abs(Heard - last.Heard) > LeastChange * (1 - last.Heard)
            || (At - last.At).Duration() > LongestUnchanged;
    }
}
