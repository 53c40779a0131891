using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Overviews;

/// <summary>Reports the plans by which this process polls, and their expected polls and delays, from the statistics.</summary>
/// <remarks>
/// It costs two reads of statistics per source. Computing the optimum of a class takes as long as learning its plan. So one source is computed at a time, and
/// its report is cached for <see cref="Kept"/> unless the process learns other plans.
/// </remarks>
/// <param name="statistics">The statistics.</param>
/// <param name="plans">The learned plans of this process.</param>
/// <param name="time">The clock.</param>
public sealed class PlanReportReader(IStatistics statistics, LearnedPlans plans, TimeProvider time) : IDisposable
{
    /// <summary>The most ages of a plan that are reported.</summary>
    public const int MostAges = 200;

    /// <summary>How long the report of a source is cached.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, KeptReport> _kept = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);

    private const int Decimals = 3;
    private const int ShareDecimals = 6;

    /// <summary>Reads the plans of sources.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<PlanReport> ReadAsync(IEnumerable<Source> of, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(of);
        var reports = new List<SourcePlanReport>();
        foreach (var source in of.OrderBy(source => source.Name, StringComparer.Ordinal))
            reports.Add(KeptOf(source.Name) ?? await InTurnAsync(source, cancellationToken));
        return new(reports);
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private SourcePlanReport? KeptOf(string source) =>
        _kept.GetValueOrDefault(source) is { } kept && ReferenceEquals(kept.Plans, plans.Of(source)) && time.GetElapsedTime(kept.At) < Kept ? kept.Report : null;

    private async Task<SourcePlanReport> InTurnAsync(Source source, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (KeptOf(source.Name) is { } kept)
                return kept;
            var learned = plans.Of(source.Name);
            var report = await ComputeAsync(source, learned, cancellationToken);
            _kept[source.Name] = new(report, learned, time.GetTimestamp());
            return report;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<SourcePlanReport> ComputeAsync(Source source, SourcePlans? learned, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var known = (await statistics.ReadAgesAsync(source.Name, now, cancellationToken))
            .Where(one => one.Ages.Jobs > 0)
            .OrderByDescending(one => one.Ages.Jobs).ThenBy(one => one.Class, StringComparer.Ordinal).ToList();
        var heard = PlanReader.HeardOf(await statistics.ReadHoursAsync(source.Name, now - PlanReader.HeardWithin, now, cancellationToken), now);
        var overdue = plans.OverdueOf(source.Name);
        var all = new KnownAges();
        foreach (var one in known.Where(one => !CommandClass.IsIdle(one.Class)))
            all.Add(one.Ages);
        return new()
        {
            Name = source.Name,
            Plan = learned is null ? PlanInUse.Fixed : PlanInUse.Learned,
            Reason = learned is not null ? null
                : source.Poll.Plan == PlanChoice.Fixed ? (Sentence)$"Poll:Plan is Fixed"
                : ComparedPlan.WhyFixed(all.Jobs),
            Heard = HeardJobs.From(heard),
            OfSource = all.Jobs > 0 ? Report(null, all, learned?.OfSource?.Ages, PlanInUse.Learned, true) : null,
            Classes = [.. known.Select((one, rank) => OfClass(one, rank))],
        };

        ClassPlanReport OfClass(KnownClass one, int rank)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // The class of a job is unknown before its first poll, so the source's plan decides that poll.
            var first = learned?.OfSource?.WaitAt(TimeSpan.Zero) ?? source.Poll.First;
            if (CommandClass.IsIdle(one.Class))
            {
                // After it, idle-time tasks are polled Max apart, whatever the plan.
                var idle = new PollAges([first.TotalSeconds], source.Poll.Max.TotalSeconds, source.Poll.Deadline.TotalSeconds);
                var report = Report(one.Class, one.Ages, idle, PlanInUse.Fixed, rank < SourcePlans.MostPlans);
                return report with { Fixed = new(report.ExpectedPolls, report.ExpectedDelay) };
            }

            var own = learned?.OfClasses.GetValueOrDefault(one.Class);
            var ages = own?.AgesAfter(first.TotalSeconds) ?? learned?.OfSource?.Ages;
            return Report(one.Class, one.Ages, ages, own is null ? PlanInUse.Source : PlanInUse.Learned, rank < SourcePlans.MostPlans);
        }

        ClassPlanReport Report(string? name, KnownAges ages, PollAges? plan, PlanInUse use, bool withOptimum)
        {
            var overdueAfter = name is null ? overdue?.OfSource : overdue?.For(name);
            var compared = ComparedPlan.Of(
                AgeCurve.Observed(ages), plan, source.Poll, heard.ForPlans, withOptimum && ages.Jobs >= PlanLearner.LeastJobs);
            var (shown, areCut) = compared.Ages.UpTo(MostAges);
            return new()
            {
                Class = name,
                Known = Rounded(ages.Jobs),
                Plan = plan is null ? PlanInUse.Fixed : use,
                Ages = [.. shown.Select(Rounded)],
                AgesCut = areCut,
                ExpectedPolls = Rounded(compared.Spent.Polls),
                ExpectedDelay = Rounded(compared.Spent.Delay),
                OverdueAfter = overdueAfter is { } age ? Rounded(age.TotalSeconds) : null,
                Efficiency = compared.Efficiency is { } efficiency ? Rounded(efficiency) : null,
                Fixed = new(Rounded(compared.FixedSpent.Polls), Rounded(compared.FixedSpent.Delay)),
                Optimum = compared.OptimalDelay is { } optimal ? new(Rounded(optimal)) : null,
                Histogram = Histogram(ages),
            };
        }
    }

    private static List<AgeRange> Histogram(KnownAges ages)
    {
        var (over, jobs) = (ages.Over.ToArray(), ages.Jobs);
        var (first, last) = (Array.FindIndex(over, one => one > 0), Array.FindLastIndex(over, one => one > 0));
        var ranges = new List<AgeRange>();
        for (var bucket = first; bucket <= last; bucket++)
            ranges.Add(new(Rounded(ages.Buckets.From(bucket)), Rounded(ages.Buckets.From(bucket + 1)), Math.Round(over[bucket] / jobs, ShareDecimals)));
        return ranges;
    }

    private static double Rounded(double number) => Math.Round(number, Decimals);

    private sealed record KeptReport(SourcePlanReport Report, SourcePlans? Plans, long At);
}
