using FopWatch.Jobs;

namespace FopWatch.Statistics;

/// <summary>What a process adds to the statistics of a source at once.</summary>
/// <param name="Id">Names this addition, so that one whose answer was lost can be repeated: 1 to 32 of <c>a-z 0-9</c>.</param>
/// <param name="Source">The source.</param>
/// <param name="At">When it is added.</param>
/// <param name="Hours">The sums by hour, each the beginning of an hour in UTC; at most <see cref="MostHours"/>.</param>
/// <param name="Ages">What became known of ages, by <see cref="CommandClass"/>.</param>
public sealed record StatisticsDelta(
    string Id, string Source, DateTimeOffset At, IReadOnlyDictionary<DateTimeOffset, HourSums> Hours, IReadOnlyDictionary<string, KnownAges> Ages)
{
    /// <summary>The most hours of one addition.</summary>
    public const int MostHours = 24;

    /// <summary>What happened last.</summary>
    public LatestActivity Latest { get; init; }
}

/// <summary>The sums of an hour.</summary>
/// <param name="Source">The source.</param>
/// <param name="Hour">The beginning of the hour in UTC.</param>
/// <param name="Sums">The sums.</param>
public sealed record StatisticsHour(string Source, DateTimeOffset Hour, HourSums Sums);

/// <summary>What is known of the ages of a class.</summary>
/// <param name="Class">The <see cref="CommandClass"/>.</param>
/// <param name="Ages">The ages, weighted by how long ago they became known.</param>
public sealed record KnownClass(string Class, KnownAges Ages);

/// <summary>
/// Keeps statistics: sums, so that any number of processes add to them in any order. They are no books: a process that crashes loses what it has not added.
/// Every method throws <see cref="StoreUnavailableException"/> where the store cannot answer now.
/// </summary>
public interface IStatistics
{
    /// <summary>How long the sums of an hour are kept, and a class that no job is of any more.</summary>
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    /// <summary>
    /// Adds all of it or nothing. One that failed, and may have been added nevertheless, is repeated as it was: it counts once, unless
    /// <see cref="StatisticsRows.RememberedAdditions"/> others came in between.
    /// </summary>
    ValueTask AddAsync(StatisticsDelta delta, CancellationToken cancellationToken);

    /// <summary>The hours from a time up to another one, the first before the last, which is not included. Hours without sums are left out.</summary>
    /// <param name="source">The source.</param>
    /// <param name="from">The first hour.</param>
    /// <param name="before">What follows the last hour.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>What happened last at a source, over all processes; nothing for a source of which nothing was added.</summary>
    ValueTask<LatestActivity> ReadLatestAsync(string source, CancellationToken cancellationToken);

    /// <summary>What is known of the ages of each class of a source, as it counts at a time.</summary>
    ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes the hours that are older than <see cref="Lifetime"/>, and the classes to which nothing was added since; and hours and classes later than
    /// <see cref="StatisticsRows.MostAhead"/> from now, which a wrong clock made.
    /// </summary>
    ValueTask PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
