using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>Counts jobs by their rows, and finds those that nothing watches.</summary>
internal sealed class SqliteBooks(SqliteDatabase database)
{
    internal const string UnwatchedSql =
        "SELECT source, id FROM jobs WHERE settled_at IS NULL AND due_at IS NULL AND stopped = 0 ORDER BY source, id LIMIT $1";

    internal const string StatesSql = "SELECT source, state, count(*) FROM jobs GROUP BY source, state";

    internal const string UnpolledSql =
        "SELECT source, stopped, count(*) FROM jobs WHERE settled_at IS NULL AND due_at IS NULL GROUP BY stopped, source";

    /// <summary>Counts all jobs, in one look at the database.</summary>
    public ValueTask<BooksCount> CountAsync(int unwatched, CancellationToken cancellationToken) => database.Lists.ReadAsync(
        session => session.Snapshot(seen => new BooksCount(ReadBooks(seen), ReadUnwatched(seen, unwatched))), cancellationToken);

    private static List<JobKey> ReadUnwatched(SqliteSession session, int limit)
    {
        using var rows = session.Command(UnwatchedSql, limit).ExecuteReader();
        var keys = new List<JobKey>();
        while (rows.Read())
            keys.Add(new(rows.GetString(0), rows.GetString(1)));
        return keys;
    }

    private static IReadOnlyList<Books> ReadBooks(SqliteSession session)
    {
        var books = new SortedDictionary<string, Books>(StringComparer.Ordinal);
        using (var rows = session.Command("SELECT source, registered FROM books WHERE registered <> 0").ExecuteReader())
        {
            while (rows.Read())
                books[rows.GetString(0)] = Of(rows.GetString(0)) with { Registered = rows.GetInt64(1) };
        }

        using (var rows = session.Command(StatesSql).ExecuteReader())
        {
            while (rows.Read())
            {
                var (source, state, count) = (rows.GetString(0), rows.GetString(1), rows.GetInt64(2));
                var of = Of(source);
                books[source] = state == WireNames.Of(JobState.Expired) ? of with { Expired = of.Expired + count }
                    : state == WireNames.Of(JobState.Waiting) || state == WireNames.Of(JobState.Processing) ? of with { Open = of.Open + count }
                    : of with { Settled = of.Settled + count };
            }
        }

        // What waits or is being processed is open as far as something polls it.
        using (var rows = session.Command(UnpolledSql).ExecuteReader())
        {
            while (rows.Read())
            {
                var (source, stopped, count) = (rows.GetString(0), rows.GetBoolean(1), rows.GetInt64(2));
                var of = Of(source);
                books[source] = of with { Open = of.Open - count, Stopped = of.Stopped + (stopped ? count : 0) };
            }
        }

        return [.. books.Values];

        Books Of(string source) => books.GetValueOrDefault(source) ?? new(source, 0, 0, 0, 0, 0);
    }
}
