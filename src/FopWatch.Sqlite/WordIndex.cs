using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>
/// The index of the words of jobs. Words are unordered, so each would cost a commit a page. A commit therefore writes only the words of its
/// job, next to those of earlier jobs. Batches insert them into the index, and between batches the writer is free for others.
/// </summary>
internal sealed class WordIndex(SqliteDatabase database)
{
    internal const string AddSql = """
        INSERT INTO searchable_jobs (seq, is_indexed, words) VALUES ($1, 0, $2)
        ON CONFLICT (seq) DO UPDATE SET was = CASE WHEN is_indexed = 1 THEN words ELSE was END, is_indexed = 0, words = excluded.words
        WHERE words <> excluded.words
        """;

    internal const string BackfillSql = "INSERT INTO searchable_jobs (seq, is_indexed, words) VALUES ($1, 0, $2) ON CONFLICT (seq) DO NOTHING";

    internal const string RowSql = "SELECT is_indexed, words, was FROM searchable_jobs WHERE seq = $1";

    internal const string UnindexedSql = """
        SELECT jobs.source, jobs.registered_at, searchable_jobs.seq, words, was
        FROM searchable_jobs INDEXED BY unindexed_jobs JOIN jobs ON jobs.seq = searchable_jobs.seq WHERE is_indexed = 0 ORDER BY searchable_jobs.seq LIMIT $1
        """;

    internal const string AnyUnindexedSql = "SELECT 1 FROM searchable_jobs INDEXED BY unindexed_jobs WHERE is_indexed = 0 LIMIT 1";

    internal const string InsertSql = "INSERT INTO job_words (source, word, registered_at, seq) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

    internal const string DeleteSql = "DELETE FROM job_words WHERE source = $1 AND word = $2 AND registered_at = $3 AND seq = $4";

    internal const string IndexedSql = "UPDATE searchable_jobs INDEXED BY unindexed_jobs SET is_indexed = 1, was = NULL WHERE is_indexed = 0 AND seq <= $1";

    internal const string FromSql = "SELECT seq FROM searchable_from";

    internal const string EarlierSql = "SELECT seq, source, id, body FROM jobs WHERE seq < $1 ORDER BY seq DESC LIMIT $2";

    // Small enough that commits do not wait long for a batch.
    private const int AtOnce = 64;
    private const int EarlierAtOnce = 32;
    private const int EarlierBytesAtOnce = 1024 * 1024;

    /// <summary>Stores the words of a job, in the open transaction.</summary>
    public static void Add(SqliteSession session, long seq, byte[] words)
    {
        if (words.Length > 0)
            session.Statement(AddSql).Bind(1, seq).Bind(2, words).Run();
    }

    /// <summary>Removes the words of a deleted job, in the open transaction.</summary>
    public static void Remove(SqliteSession session, string source, long registeredAt, long seq)
    {
        var row = session.Statement(RowSql).Bind(1, seq);
        if (!row.Step())
            return;
        var indexed = row.Number(0) != 0 ? row.Bytes(1) : row.IsNull(2) ? [] : row.Bytes(2);
        row.Reset();
        foreach (var word in JobWords.Each(indexed))
            Write(session, DeleteSql, new(source, word.ToArray(), registeredAt, seq));
        session.Execute("DELETE FROM searchable_jobs WHERE seq = $1", seq);
    }

    /// <summary>Whether the words of all jobs are known. This is false until the jobs of earlier versions have been processed.</summary>
    public static bool HasAll(SqliteSession session) => session.Scalar(FromSql) is long and <= 1;

    /// <summary>Indexes new words, and continues with the jobs of earlier versions. It can be interrupted at any time.</summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable. Some words may have been indexed.</exception>
    public async ValueTask KeepAsync(CancellationToken cancellationToken)
    {
        if (await database.Lists.ReadAsync(session => session.Scalar(AnyUnindexedSql) is not null || !HasAll(session), cancellationToken))
            await database.InBatchesAsync((session, _) => KeepSome(session), 0, cancellationToken);
    }

    private static Batch<int> KeepSome(SqliteSession session)
    {
        var (earlier, indexed) = (BackfillSome(session), IndexSome(session));
        return new(earlier + indexed, earlier > 0 || indexed == AtOnce ? 0 : null);
    }

    private static int IndexSome(SqliteSession session)
    {
        var (added, removed, indexed, last) = (new List<Entry>(), new List<Entry>(), 0, 0L);
        for (var rows = session.Statement(UnindexedSql).Bind(1, AtOnce); rows.Step(); indexed++)
        {
            (var source, var registeredAt, last) = (rows.Text(0), rows.Number(1), rows.Number(2));
            var now = EntriesOf(rows.Bytes(3), source, registeredAt, last);
            if (rows.IsNull(4))
            {
                added.AddRange(now);
                continue;
            }

            var was = EntriesOf(rows.Bytes(4), source, registeredAt, last);
            added.AddRange(now.Except(was));
            removed.AddRange(was.Except(now));
        }

        // In index order.
        added.Sort();
        foreach (var entry in added)
            Write(session, InsertSql, entry);
        removed.Sort();
        foreach (var entry in removed)
            Write(session, DeleteSql, entry);
        if (indexed > 0)
            session.Statement(IndexedSql).Bind(1, last).Run();
        return indexed;
    }

    private static List<Entry> EntriesOf(byte[] words, string source, long registeredAt, long seq) =>
        [.. JobWords.Each(words).Select(word => new Entry(source, word.ToArray(), registeredAt, seq))];

    /// <returns>The number of jobs processed.</returns>
    private static int BackfillSome(SqliteSession session)
    {
        if (session.Scalar(FromSql) is not long from || from <= 1)
            return 0;

        var (seen, bytes, found) = (0, 0L, new List<(long Seq, byte[] Words)>());
        using (var rows = session.Command(EarlierSql, from, EarlierAtOnce).ExecuteReader())
        {
            while (bytes < EarlierBytesAtOnce && rows.Read())
            {
                (seen, from) = (seen + 1, rows.GetInt64(0));
                var body = rows.GetFieldValue<byte[]>(3);
                bytes += body.Length;
                if (JobJson.TryDeserialize(body, new(rows.GetString(1), rows.GetString(2)), out var job, out _) && JobWords.Of(job) is { Length: > 0 } words)
                    found.Add((from, words));
            }
        }

        foreach (var (seq, words) in found)
            session.Statement(BackfillSql).Bind(1, seq).Bind(2, words).Run();
        session.Execute("UPDATE searchable_from SET seq = $1", seen == 0 ? 1 : from);
        return seen;
    }

    private static void Write(SqliteSession session, string sql, Entry entry) =>
        session.Statement(sql).Bind(1, entry.Source).Bind(2, entry.Word).Bind(3, entry.RegisteredAt).Bind(4, entry.Seq).Run();

    /// <summary>A row of the index. It compares in index order.</summary>
    private readonly record struct Entry(string Source, byte[] Word, long RegisteredAt, long Seq) : IComparable<Entry>
    {
        public int CompareTo(Entry other) =>
            string.CompareOrdinal(Source, other.Source) is not 0 and var bySource ? bySource
            : Word.AsSpan().SequenceCompareTo(other.Word) is not 0 and var byWord ? byWord
            : (RegisteredAt, Seq).CompareTo((other.RegisteredAt, other.Seq));

        public bool Equals(Entry other) => CompareTo(other) == 0;

        public override int GetHashCode() => HashCode.Combine(Source, RegisteredAt, Seq, Word.Length);
    }
}
