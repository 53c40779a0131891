using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Overviews;

/// <summary>Reads the status of the sources. The cost does not depend on the number of jobs.</summary>
/// <remarks>
/// In Table Storage an overview takes 2 queries for the books. For each source it takes a read, a query per 1,000 hours (at least the last 7 days), a query of
/// the due index and one of the list of overdue jobs per bucket, a few more if many jobs are due or overdue, and a query per 1,000 notifications in quarantine
/// (at most 10,000). SQLite reads the stored books and index ranges. If every notification of a day had a wrong signature, 5 notifications in quarantine are
/// read too.
/// </remarks>
/// <param name="jobs">Provides the books.</param>
/// <param name="due">The due index.</param>
/// <param name="quarantine">The quarantine.</param>
/// <param name="statistics">The statistics.</param>
/// <param name="collector">The counts of this process that are not written yet.</param>
/// <param name="plans">The learned plans of this process.</param>
/// <param name="troubles">The troubles of this process.</param>
/// <param name="time">The clock.</param>
public sealed class OverviewReader(
    IJobStore jobs, IDueIndex due, IQuarantine quarantine, IStatistics statistics, StatisticsCollector collector, LearnedPlans plans, Troubles troubles, TimeProvider time)
{
    /// <summary>The most hours. Statistics are not kept longer.</summary>
    public const int MostHours = 2160;

    /// <summary>The number at which due polls and overdue jobs stop counting.</summary>
    public const int CountedUpTo = 1000;

    private const int SourcesAtOnce = 4;
    private const int LookedAt = 5;

    // How long a poll may be due before it counts as held back. In the cloud host a watch starts within seconds.
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>Reads an overview.</summary>
    /// <param name="of">The sources.</param>
    /// <param name="hours">The number of hours: 1 to <see cref="MostHours"/>.</param>
    /// <param name="withInstallation">Whether to include findings about the whole installation.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<Overview> ReadAsync(IEnumerable<Source> of, int hours, bool withInstallation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hours, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hours, MostHours);
        var now = time.GetUtcNow();
        var parts = await jobs.PartsAsync(cancellationToken);
        var current = troubles.Current;
        var sources = of.OrderBy(source => source.Name, StringComparer.Ordinal).ToList();
        var read = new (SourceOverview Overview, IEnumerable<OverviewHour> Hours)[sources.Count];
        await Parallel.ForAsync(
            0,
            sources.Count,
            new ParallelOptions { MaxDegreeOfParallelism = SourcesAtOnce, CancellationToken = cancellationToken },
            async (i, cancelled) => read[i] = await ReadAsync(sources[i], hours, BooksOf(sources[i].Name, parts, now), current, now, cancelled));
        return new()
        {
            At = now,
            Hours = hours,
            CountedUpTo = CountedUpTo,
            Findings = Findings.Ordered(current.Where(trouble => withInstallation && trouble.Source is null).Select(Finding.Of)),
            Sources = [.. read.Select(one => one.Overview)],
            Timeline = [.. read.SelectMany(one => one.Hours)],
        };
    }

    private async Task<(SourceOverview Overview, IEnumerable<OverviewHour> Hours)> ReadAsync(
        Source source, int hours, CountedBooks? books, IReadOnlyList<Trouble> current, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var thisHour = StatisticsCollector.HourOf(now);
        var (week, first) = (now - PlanReader.HeardWithin, thisHour - ((hours - 1) * Hour));
        var (counted, happened) = collector.Pending(source.Name);
        var stored = await statistics.ReadHoursAsync(source.Name, week < first ? week : first, thisHour + Hour, cancellationToken);
        var known = With(stored, counted, source.Name);
        var wanted = known.Where(hour => hour.Hour >= first).ToList();
        var latest = (await statistics.ReadLatestAsync(source.Name, cancellationToken)).With(happened).At(now);
        var dueNow = await due.DueAsync(source.Name, now, CountedUpTo, cancellationToken);
        var signs = new SourceSigns
        {
            Source = source,
            Now = now,
            Hours = [.. known.Where(hour => hour.Hour >= week)],
            Latest = latest,
            Books = books,
            HeldBack = [.. dueNow.Select(job => job.DueAt).TakeWhile(at => at <= now - Prompt)],
            Quarantined = await quarantine.SizeAsync(source.Name, cancellationToken),
            Overdue = (await jobs.CountAsync(new JobQuery { Source = source.Name, Overdue = true }, CountedUpTo, cancellationToken)).Count,
            Troubles = [.. current.Where(trouble => trouble.Source == source.Name)],
        };
        if (signs.IsEverySignatureWrong())
            signs = signs with { WrongSignatures = await WrongSignaturesAsync(source, cancellationToken) };

        var overview = new SourceOverview
        {
            Name = source.Name,
            Provider = source.Provider.Kind,
            Books = books,
            DueNow = dueNow.Count,
            HeldBack = signs.HeldBack.Count,
            Quarantined = signs.Quarantined.Notifications,
            Overdue = signs.Overdue,
            LastNotificationAt = latest.NotifiedAt,
            LastPoll = latest.PolledAt is { } at ? new(at, latest.Answer == PollAnswer.None ? null : latest.Answer) : null,
            Heard = HeardJobs.From(PlanReader.HeardOf(signs.Hours, now)),
            Lag = Quantiles.From(wanted.Select(hour => hour.Sums), HourHistogram.Lag),
            Detection = new(null, Quantiles.From(wanted.Select(hour => hour.Sums), HourHistogram.DelayByPoll)),
            Plan = plans.Of(source.Name) is null ? PlanInUse.Fixed : PlanInUse.Learned,
            Findings = Findings.Of(signs),
        };
        return (overview, wanted.Select(OverviewHour.Of));
    }

    private static List<StatisticsHour> With(IReadOnlyList<StatisticsHour> stored, IReadOnlyDictionary<DateTimeOffset, HourSums> counted, string source)
    {
        var all = new SortedDictionary<DateTimeOffset, HourSums>(stored.ToDictionary(hour => hour.Hour, hour => hour.Sums));
        foreach (var (hour, sums) in counted)
        {
            if (!all.TryGetValue(hour, out var sum))
                all[hour] = sum = new();
            sum.Add(sums);
        }

        return [.. all.Select(hour => new StatisticsHour(source, hour.Key, hour.Value))];
    }

    private async Task<IReadOnlyList<SignatureDiagnosis>> WrongSignaturesAsync(Source source, CancellationToken cancellationToken)
    {
        var budget = new HashBudget();
        var kept = await quarantine.ListAsync([source.Name], LookedAt, null, cancellationToken);
        return [.. kept.Elements.Select(one => one.ToRequest())
            .Where(request => source.Provider.Verify(request, source.Keys) == Trust.Invalid)
            .Select(request => source.Provider.Diagnose(request, source, budget))
            .OfType<SignatureDiagnosis>()];
    }

    // Null until every part was counted: the sum of some parts would be mistaken for the whole.
    private static CountedBooks? BooksOf(string source, IReadOnlyList<BooksPart> parts, DateTimeOffset now)
    {
        // A source that never had a job has no part.
        var own = parts.Where(part => part.Source is null || part.Source == source).ToList();
        if (own.Exists(part => part.CountedAt is null))
            return null;
        var books = own.SelectMany(part => part.Books).Where(one => one.Source == source).Aggregate(new Books(source, 0, 0, 0, 0, 0), (sum, one) => sum.Plus(one));
        return new(books.Registered, books.Settled, books.Expired, books.Open, books.Stopped, books.Unaccounted, own.Select(part => part.CountedAt!.Value).Append(now).Min());
    }
}
