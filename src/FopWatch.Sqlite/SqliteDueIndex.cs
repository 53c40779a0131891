using FopWatch.Watching;

namespace FopWatch.Sqlite;

/// <summary>The due index: jobs by due time.</summary>
internal sealed class SqliteDueIndex(SqliteDatabase database) : IDueIndex
{
    internal const string DueSql =
        "SELECT id, due_at FROM jobs WHERE source = $1 AND due_at IS NOT NULL AND due_at <= $2 AND (due_at, id) > ($4, $5) ORDER BY due_at, id LIMIT $3";

    internal const string NextDueSql =
        "SELECT due_at FROM jobs WHERE source = $1 AND due_at > $2 ORDER BY due_at LIMIT 1";

    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DueJob>>(
            session =>
            {
                using var rows = session
                    .Command(DueSql, [source, by.UtcTicks, limit, after?.DueAt.UtcTicks ?? -1, after?.Key.Id ?? ""])
                    .ExecuteReader();
                var due = new List<DueJob>();
                while (rows.Read())
                    due.Add(new(new(source, rows.GetString(0)), StoredTime.Of(rows.GetInt64(1))));
                return due;
            },
            cancellationToken);

    public ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Scalar(NextDueSql, source, after.UtcTicks) is long ticks ? StoredTime.Of(ticks) : (DateTimeOffset?)null, cancellationToken);
}
