using System.Runtime.ExceptionServices;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Statistics;

/// <summary>Reads the statistics of the sources, and learns their plans and overdue ages from them.</summary>
/// <param name="sources">The configured sources.</param>
/// <param name="statistics">The statistics.</param>
/// <param name="plans">Receives the learned plans.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class PlanReader(Sources sources, IStatistics statistics, LearnedPlans plans, ILogger log, TimeProvider time)
{
    /// <summary>The period over which the share of notified jobs is computed.</summary>
    public static readonly TimeSpan HeardWithin = TimeSpan.FromDays(7);

    // How long a notification may still arrive: providers retry for up to two hours (providers.md, section 1).
    private static readonly TimeSpan OnItsWay = TimeSpan.FromHours(2);

    // The relative change of the known numbers that makes the plans be learned again.
    private const double LeastChange = 0.05;

    private static readonly TimeSpan LongestUnchanged = TimeSpan.FromDays(1);

    private readonly Dictionary<string, Basis> _learnedFrom = new(StringComparer.Ordinal);
    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);
    private CancellationToken _replaced;

    /// <summary>Whether the settings of sources were replaced since the plans were learned.</summary>
    public bool IsOutdated => _replaced.IsCancellationRequested;

    /// <summary>Learns the plans of all sources whose numbers have changed. A source with <see cref="PlanChoice.Fixed"/> keeps the fixed plan.</summary>
    /// <exception cref="StoreUnavailableException">The store could not answer for some sources. Their earlier plans stay.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        StoreUnavailableException? unavailable = null;
        var replaced = sources.Replaced;
        var all = sources.All;
        foreach (var name in _learnedFrom.Keys.Except(all.Select(source => source.Name)).ToList())
        {
            _learnedFrom.Remove(name);
            plans.Remove(name);
        }

        foreach (var source in all)
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
        _replaced = replaced;
    }

    /// <summary>The share of jobs that are notified, from the hours of a source.</summary>
    /// <param name="hours">The hours.</param>
    /// <param name="now">The time. Recent hours are left out, because notifications of jobs that polls found may still arrive.</param>
    public static HeardShare HeardOf(IReadOnlyList<StatisticsHour> hours, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(hours);

        // An hour counts as a whole or not at all. In a recent hour late notifications are not known yet, and notified jobs alone would be biased.
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
        var basis = new Basis(known.Values.Sum(ages => ages.Jobs), known.Values.Count(IsEnough), heard, source.Poll, now);
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

    private readonly record struct Basis(double Jobs, int Classes, double Heard, PollSettings Poll, DateTimeOffset At)
    {
        public bool IsOtherThan(Basis last) =>
            Poll != last.Poll
            || Classes != last.Classes
            || Math.Abs(Jobs - last.Jobs) > LeastChange * last.Jobs
            || Math.Abs(Heard - last.Heard) > LeastChange * (1 - last.Heard)
            || (At - last.At).Duration() > LongestUnchanged;
    }
}
