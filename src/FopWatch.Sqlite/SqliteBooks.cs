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

    internal const string KeptSql = "SELECT source, registered, settled, expired, open, stopped FROM books WHERE registered <> 0 ORDER BY source";

    /// <summary>How long the books are believed once all jobs were counted and they agreed.</summary>
    internal static readonly TimeSpan CountEvery = TimeSpan.FromHours(1);

    private long? _agreedAt;

    /// <summary>
    /// The books as they were kept with every commit, in one look at the database; after the start, every hour and as long as they disagree, all jobs
    /// are counted instead.
    /// </summary>
    public ValueTask<BooksCount> CountAsync(int unwatched, CancellationToken cancellationToken) => database.Lists.ReadAsync(
        session => session.Snapshot(seen => new BooksCount(ReadBooks(seen), ReadUnwatched(seen, unwatched))), cancellationToken);

    private IReadOnlyList<Books> ReadBooks(SqliteSession session)
    {
        var kept = ReadKept(session);
        if (_agreedAt is { } at && database.Time.GetElapsedTime(at) < CountEvery)
            return kept;

        var counted = Count(session);
        _agreedAt = counted.SequenceEqual(kept) && counted.All(books => books.Unaccounted == 0) ? database.Time.GetTimestamp() : null;
        return counted;
    }

    internal static List<Books> ReadKept(SqliteSession session)
    {
        using var rows = session.Command(KeptSql).ExecuteReader();
        var kept = new List<Books>();
        while (rows.Read())
            kept.Add(new(rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2), rows.GetInt64(3), rows.GetInt64(4), rows.GetInt64(5)));
        return kept;
    }

    private static List<JobKey> ReadUnwatched(SqliteSession session, int limit)
    {
        using var rows = session.Command(UnwatchedSql, limit).ExecuteReader();
        var keys = new List<JobKey>();
        while (rows.Read())
            keys.Add(new(rows.GetString(0), rows.GetString(1)));
        return keys;
    }

    private static IReadOnlyList<Books> Count(SqliteSession session)
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
