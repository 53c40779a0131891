using FopWatch.Jobs;

namespace FopWatch.Statistics;

/// <summary>One addition of a process to the statistics of a source.</summary>
/// <param name="Id">The id of the addition, so that it can be repeated if its answer was lost: 1 to 32 of <c>a-z 0-9</c>.</param>
/// <param name="Source">The source.</param>
/// <param name="At">The time of the addition.</param>
/// <param name="Hours">The sums by the start of their hour in UTC; at most <see cref="MostHours"/>.</param>
/// <param name="Ages">The new ages, by <see cref="CommandClass"/>.</param>
public sealed record StatisticsDelta(
    string Id, string Source, DateTimeOffset At, IReadOnlyDictionary<DateTimeOffset, HourSums> Hours, IReadOnlyDictionary<string, KnownAges> Ages)
{
    /// <summary>The most hours in one addition.</summary>
    public const int MostHours = 24;

    /// <summary>The last activity.</summary>
    public LatestActivity Latest { get; init; }
}

/// <summary>The sums of an hour.</summary>
/// <param name="Source">The source.</param>
/// <param name="Hour">The start of the hour in UTC.</param>
/// <param name="Sums">The sums.</param>
public sealed record StatisticsHour(string Source, DateTimeOffset Hour, HourSums Sums);

/// <summary>The known ages of a class.</summary>
/// <param name="Class">The <see cref="CommandClass"/>.</param>
/// <param name="Ages">The ages, weighted by the time since they became known.</param>
public sealed record KnownClass(string Class, KnownAges Ages);

/// <summary>
/// Stores statistics. They are sums, so any number of processes can add to them in any order. Unlike the books they are not exact: a process that crashes loses
/// the counts that it has not added. Every method throws <see cref="StoreUnavailableException"/> if the store cannot answer now.
/// </summary>
public interface IStatistics
{
    /// <summary>How long the sums of an hour are kept, and a class without new jobs.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>
    /// Adds all of it or nothing. Repeat a failed addition unchanged, because it may have been added: it counts once, unless
    /// <see cref="StatisticsRows.RememberedAdditions"/> others came in between.
    /// </summary>
    ValueTask AddAsync(StatisticsDelta delta, CancellationToken cancellationToken);

    /// <summary>The hours from one time up to another, excluded, in ascending order. Hours without sums are left out.</summary>
    /// <param name="source">The source.</param>
    /// <param name="from">The first hour.</param>
    /// <param name="before">The first hour that is excluded.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>The last activity of a source over all processes; empty if there is none.</summary>
    ValueTask<LatestActivity> ReadLatestAsync(string source, CancellationToken cancellationToken);

    /// <summary>The known ages of each class of a source, weighted for a time.</summary>
    ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes hours older than <see cref="Lifetime"/>, and classes to which nothing was added since. Also deletes hours and classes later than
    /// <see cref="StatisticsRows.MostAhead"/> from now, which a wrong clock wrote.
    /// </summary>
    ValueTask PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
