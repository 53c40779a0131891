using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>Counts jobs by their rows, and finds jobs that nothing watches.</summary>
internal sealed class SqliteBooks(SqliteDatabase database)
{
    internal const string UnwatchedSql =
        "SELECT source, id FROM jobs WHERE settled_at IS NULL AND due_at IS NULL AND stopped = 0 ORDER BY source, id LIMIT $1";

    internal const string StatesSql = "SELECT source, state, count(*) FROM jobs GROUP BY source, state";

    internal const string UnpolledSql =
        "SELECT source, stopped, count(*) FROM jobs WHERE settled_at IS NULL AND due_at IS NULL GROUP BY stopped, source";

    internal const string KeptSql = """
        SELECT source, registered, settled, expired, open, stopped FROM books
        WHERE registered <> 0 OR settled <> 0 OR expired <> 0 OR open <> 0 OR stopped <> 0 ORDER BY source
        """;

    private const string CorrectSql = """
        INSERT INTO books (source, registered, settled, expired, open, stopped) VALUES ($1, 0, $2, $3, $4, $5)
        ON CONFLICT (source) DO UPDATE SET settled = excluded.settled, expired = excluded.expired, open = excluded.open, stopped = excluded.stopped
        """;

    /// <summary>How long the books are trusted after all jobs were counted.</summary>
    internal static readonly TimeSpan CountEvery = TimeSpan.FromHours(1);

    // The timestamp of the last count of all jobs; 0 before the first.
    private long _countedAt;

    private bool IsCountDue => Volatile.Read(ref _countedAt) is var at && (at == 0 || database.Time.GetElapsedTime(at) >= CountEvery);

    /// <summary>
    /// The books as maintained with every commit, from one snapshot of the database. After the start and every hour, all jobs are counted
    /// instead, and the books are corrected where they differ. The number of registered jobs is never corrected, because counts are checked
    /// against it.
    /// </summary>
    public async ValueTask<BooksCount> CountAsync(int unwatched, CancellationToken cancellationToken)
    {
        var (kept, counted, some) = await database.Lists.ReadAsync(
            session => session.Snapshot(seen => (ReadKept(seen), IsCountDue ? Count(seen) : null, ReadUnwatched(seen, unwatched))), cancellationToken);
        if (counted is null)
            return new(kept, some);

        var isWrong = !counted.SequenceEqual(kept);
        if (isWrong)
            await database.WriteAsync(CorrectAtLast, cancellationToken);
        Volatile.Write(ref _countedAt, database.Time.GetTimestamp());
        return new(counted, some) { WereCorrected = isWrong };
    }

    // Runs last, so that the commits of the same transaction count too.
    private static int CorrectAtLast(SqliteSession session)
    {
        session.Transaction.AtLast(Correct);
        return 0;
    }

    private static void Correct(SqliteSession session)
    {
        session.Execute("UPDATE books SET settled = 0, expired = 0, open = 0, stopped = 0");
        foreach (var books in Count(session))
            session.Execute(CorrectSql, books.Source, books.Settled, books.Expired, books.Open, books.Stopped);
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

        // A waiting or processing job is open if something polls it.
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
