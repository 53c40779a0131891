using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>Deletes jobs that settled long ago, and old tombstones.</summary>
internal sealed class JobPurge(SqliteDatabase database)
{
    /// <summary>Jobs that settled before a time ($1), after the previous row ($2, $3).</summary>
    internal const string SettledSql = """
        SELECT settled_at, seq FROM jobs
        WHERE settled_at IS NOT NULL AND settled_at < $1 AND (settled_at, seq) > ($2, $3)
        ORDER BY settled_at, seq LIMIT $4
        """;

    /// <summary>
    /// Jobs with a settling time in the future, from a clock that was ahead, count as settled now ($1). Otherwise they would be kept longer
    /// by that difference.
    /// </summary>
    internal const string ClampSettledSql = """
        UPDATE jobs SET settled_at = $1 WHERE seq IN (
            SELECT seq FROM jobs WHERE settled_at IS NOT NULL AND settled_at > $1 ORDER BY settled_at LIMIT $2)
        """;

    internal const string PurgeSql = """
        DELETE FROM jobs
        WHERE seq = $1 AND settled_at IS NOT NULL AND due_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.source = jobs.source AND outbox.id = jobs.id)
        RETURNING source, state, reference, registered_at
        """;

    internal const string LeaveTombstoneSql =
        "INSERT INTO tombstones (reference, purged_at) VALUES ($1, $2) ON CONFLICT (reference) DO UPDATE SET purged_at = excluded.purged_at";

    /// <summary>The oldest tombstones from before a time ($1).</summary>
    internal const string OldTombstonesSql = "SELECT reference FROM tombstones WHERE purged_at < $1 ORDER BY purged_at LIMIT $2";

    internal const string PurgeTombstonesSql = $"DELETE FROM tombstones WHERE reference IN ({OldTombstonesSql})";

    // Small enough that other commits do not wait long for a batch: a row is in several indexes.
    private const int PurgeAtOnce = 32;

    // Tombstones are small, and in one index.
    private const int TombstonesAtOnce = 256;

    private static readonly HashSet<string> StatesThatLeaveTombstones =
        [.. Enum.GetValues<JobState>().Where(Tombstone.IsLeftBy).Select(WireNames.Of)];

    private readonly BookEntries _books = new();

    /// <summary>
    /// Deletes jobs that settled before a time, except those with unpublished events and those that are watched again. Open jobs are never
    /// deleted. Jobs with an outcome leave tombstones, and old tombstones are deleted. Jobs with a settling time in the future, from a
    /// clock that was ahead, count as settled now.
    /// </summary>
    /// <param name="settledBefore">The time.</param>
    /// <param name="now">The current time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The number of deleted jobs.</returns>
    /// <exception cref="StoreUnavailableException">The store is unavailable. Some jobs may have been deleted.</exception>
    public async ValueTask<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await database.InBatchesAsync((session, _) => ClampSome(session, now.UtcTicks), 0, cancellationToken);
        var oldest = (now - Tombstone.Lifetime).UtcTicks;
        await database.InBatchesAsync((session, _) => PurgeTombstones(session, oldest), 0, cancellationToken);
        return await database.InBatchesAsync(
            (session, after) => PurgeSome(session, settledBefore.UtcTicks, now.UtcTicks, after), (SettledAt: 0L, Seq: 0L), cancellationToken);
    }

    private static Batch<int> ClampSome(SqliteSession session, long now) =>
        new(0, session.Execute(ClampSettledSql, now, PurgeAtOnce) == PurgeAtOnce ? 0 : null);

    private static Batch<int> PurgeTombstones(SqliteSession session, long before)
    {
        var deleted = session.Execute(PurgeTombstonesSql, before, TombstonesAtOnce);
        return new(deleted, deleted == TombstonesAtOnce ? 0 : null);
    }

    // Each place is visited once per purge, so that batches do not read remaining jobs again.
    private Batch<(long SettledAt, long Seq)> PurgeSome(SqliteSession session, long settledBefore, long now, (long SettledAt, long Seq) after)
    {
        var settled = new List<(long SettledAt, long Seq)>();
        using (var rows = session.Command(SettledSql, settledBefore, after.SettledAt, after.Seq, PurgeAtOnce).ExecuteReader())
        {
            while (rows.Read())
                settled.Add((rows.GetInt64(0), rows.GetInt64(1)));
        }

        var deleted = 0;
        foreach (var (_, seq) in settled)
        {
            if (Purge(session, seq) is not var (source, state, reference, registeredAt))
                continue;
            session.Execute("DELETE FROM unreadable_jobs WHERE seq = $1", seq);
            if (StatesThatLeaveTombstones.Contains(state))
                session.Execute(LeaveTombstoneSql, Convert.FromHexString(reference), now);
            database.ByReference.Remove(session, reference, seq);
            WordIndex.Remove(session, source, registeredAt, seq);
            _books.Remove(session, source, BookEntries.ColumnOf(state, isPolled: true, isStopped: false));
            deleted++;
        }

        return new(deleted, settled.Count == PurgeAtOnce ? settled[^1] : null);
    }

    private static (string Source, string State, string Reference, long RegisteredAt)? Purge(SqliteSession session, long seq)
    {
        using var row = session.Command(PurgeSql, seq).ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3)) : null;
    }
}
