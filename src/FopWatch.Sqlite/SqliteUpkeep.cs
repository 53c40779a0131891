using FopWatch.Upkeep;

namespace FopWatch.Sqlite;

/// <summary>The upkeep of a data folder: its jobs and its published events.</summary>
internal sealed class SqliteUpkeep(SqliteStore store) : IStoreUpkeep
{
    /// <inheritdoc/>
    public string? Damage => store.Database.Damage;

    /// <inheritdoc/>
    public ValueTask InspectAsync(CancellationToken cancellationToken) => store.Database.InspectAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken) => store.ClockMarks.WriteTimeAsync(now, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<(int Deleted, bool IsComplete)> PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var deleted = await store.PurgeAsync(before, now, cancellationToken);
        await store.Events.PurgeAsync(before, now, cancellationToken);
        return (deleted, true);
    }
}
