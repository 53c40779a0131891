using FopWatch.Statistics;
using FopWatch.Upkeep;

namespace FopWatch.Sqlite;

/// <summary>The maintenance of a data folder: its jobs, published events and statistics.</summary>
internal sealed class SqliteUpkeep(SqliteDatabase database, JobPurge jobs, EventLog events, ClockMarks marks, WordIndex words, IStatistics statistics) : IStoreUpkeep
{
    public string? Damage => database.Damage;

    public ValueTask InspectAsync(CancellationToken cancellationToken) => database.InspectAsync(cancellationToken);

    public ValueTask KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken) => marks.WriteTimeAsync(now, cancellationToken);

    public ValueTask IndexAsync(CancellationToken cancellationToken) => words.KeepAsync(cancellationToken);

    public async ValueTask<(int Deleted, bool IsComplete)> PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var deleted = await jobs.PurgeAsync(before, now, cancellationToken);
        await events.PurgeAsync(before, now, cancellationToken);
        await statistics.PurgeAsync(now, cancellationToken);
        return (deleted, true);
    }
}
