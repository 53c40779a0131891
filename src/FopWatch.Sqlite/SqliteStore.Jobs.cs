using System.Globalization;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

internal sealed partial class SqliteStore
{
    private static readonly string[] StateNames = NamesOf<JobState>();

    private static readonly HashSet<string> StatesThatLeaveTombstones =
        [.. Enum.GetValues<JobState>().Where(Tombstone.IsLeftBy).Select(Name)];

    private static readonly string[] WatchNames = NamesOf<WatchStatus>();

    /// <inheritdoc/>
    public async ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => await Database.ReadAsync(
        session =>
        {
            using var row = session.Command("SELECT source, id, seq, revision, body, due_at IS NOT NULL FROM jobs WHERE source = $1 AND id = $2", key.Source, key.Id).ExecuteReader();
            return row.Read() ? StoredRow.Read(row) with { IsIndexed = row.GetBoolean(5) } : null;
        },
        cancellationToken) is { } found ? found.ToJob() : null;

    /// <inheritdoc/>
    public async ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) => await Database.Searches.ReadAsync(
        session =>
        {
            using var row = session.Command(ByReferenceSql, reference, source).ExecuteReader();
            return row.Read() ? StoredRow.Read(row) : null;
        },
        cancellationToken) is { } found ? found.ToJob().Job : null;

    /// <inheritdoc/>
    public ValueTask<bool> HasTombstoneAsync(JobKey key, CancellationToken cancellationToken)
    {
        var reference = Convert.FromHexString(References.Of(key));
        return Database.ReadAsync(session => session.Scalar(TombstoneSql, reference) is not null, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (job.ETag.Split('-') is not [var seqText, var revisionText]
            || !long.TryParse(seqText, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            || !long.TryParse(revisionText, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
        {
            return;
        }

        await Database.WriteAsync(
            session => session.Scalar(UnreadableSql, seq, revision) is long times
                && session.Execute(SetAsideSql, seq, (now + SetAside.Wait((int)times)).UtcTicks) > 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken)
    {
        // Written down here, on the caller's thread, to leave the one writer nothing but writing.
        var body = JobJson.Serialize(commit.Job);
        var reference = References.Of(commit.Job.Key);
        return Database.WriteAsync(session => Commit(session, commit, body, reference), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var after = query.Continuation is null ? default : Continuations.ReadJob(query.Continuation);
        var pool = query.Top > JobQuery.ShortTop ? Database.Lists : Database.Searches;
        var rows = await pool.ReadAsync(session => Rows(session, query, after), cancellationToken);
        var (jobs, unreadable) = (new List<Job>(rows.Elements.Count), new List<string>());
        foreach (var row in rows.Elements)
        {
            if (JobJson.TryDeserialize(row.Body, row.Key, out var job, out _))
                jobs.Add(job);
            else
                unreadable.Add(References.Of(row.Key));
        }

        return new(jobs, rows.Continuation) { Unreadable = unreadable };
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Books>> BooksAsync(CancellationToken cancellationToken) => Database.Lists.ReadAsync(
        session => session.Snapshot(ReadBooks), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobKey>> UnwatchedAsync(int limit, CancellationToken cancellationToken) => Database.Lists.ReadAsync<IReadOnlyList<JobKey>>(
        session =>
        {
            using var rows = session.Command(UnwatchedSql, limit).ExecuteReader();
            var keys = new List<JobKey>();
            while (rows.Read())
                keys.Add(new(rows.GetString(0), rows.GetString(1)));
            return keys;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
        ReadDueAsync(DueSql, [source, by.UtcTicks, limit, after?.DueAt.UtcTicks ?? -1, after?.Key.Id ?? ""], source, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DueJob>> DueAfterAsync(string source, DateTimeOffset after, int limit, CancellationToken cancellationToken) =>
        ReadDueAsync(DueAfterSql, [source, after.UtcTicks, limit], source, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) => Database.ReadAsync(
        session => session.Scalar(NextDueSql, source, after.UtcTicks) is long ticks ? Time(ticks) : (DateTimeOffset?)null, cancellationToken);

    private ValueTask<IReadOnlyList<DueJob>> ReadDueAsync(string sql, object?[] parameters, string source, CancellationToken cancellationToken) =>
        Database.ReadAsync<IReadOnlyList<DueJob>>(
            session =>
            {
                using var rows = session.Command(sql, parameters).ExecuteReader();
                var due = new List<DueJob>();
                while (rows.Read())
                    due.Add(new(new(source, rows.GetString(0)), Time(rows.GetInt64(1))));
                return due;
            },
            cancellationToken);

    private static Page<StoredRow> Rows(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after)
    {
        // One more than asked for tells whether there is another page; its body is not read.
        using var rows = session.Command(
            ListSql(query),
            query.Top + 1,
            query.Source,
            query.State is { } state ? Name(state) : null,
            query.Since?.UtcTicks,
            after.RegisteredAt,
            after.Seq,
            query.Watch is { } watch ? Name(watch) : null).ExecuteReader();
        var (read, last, bytes) = (new List<StoredRow>(), after, 0L);
        while (rows.Read())
        {
            if (read.Count == query.Top || bytes >= PageLimit.Bytes)
                return new(read, Continuations.AfterJob(last.RegisteredAt, last.Seq));
            last = (rows.GetInt64(5), rows.GetInt64(2));
            read.Add(StoredRow.Read(rows));
            bytes += read[^1].Body.Length;
        }

        return new(read, null);
    }

    private static string? Commit(SqliteSession session, JobCommit commit, byte[] body, string reference)
    {
        var job = commit.Job;
        var state = Name(job.State);
        var settledAt = job.IsSettled ? (job.SettledAt ?? job.UpdatedAt).UtcTicks : (long?)null;
        var dueAt = job.Watch.DueAt?.UtcTicks;
        var stopped = job.Watch.Stopped ? 1 : 0;
        var watch = Name(job.WatchStatus);

        if (Locate(session, job.Key) is not { } row)
        {
            if (commit.ETag is not null)
                return null;

            session.Execute(
                """
                INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, due_at, stopped, body, reference, watch)
                VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10)
                """,
                job.Key.Source,
                job.Key.Id,
                state,
                job.RegisteredAt.UtcTicks,
                settledAt,
                dueAt,
                stopped,
                body,
                reference,
                watch);
            var seq = session.LastInsertedRow;
            session.Execute(
                "INSERT INTO books (source, registered) VALUES ($1, 1) ON CONFLICT (source) DO UPDATE SET registered = registered + 1",
                job.Key.Source);
            Enqueue(session, commit.Event);
            return ETag(seq, 1);
        }

        var current = ETag(row.Seq, row.Revision);
        if (commit.ETag != current)
        {
            // The last commit once more, by a caller who did not get its answer: decided on the version before this one, with the
            // same result. The event need not be compared: it is a function of those two versions, and may have been published
            // and taken out since.
            var before = row.Revision == 1 ? null : ETag(row.Seq, row.Revision - 1);
            return commit.ETag == before && session.Scalar("SELECT body = $2 FROM jobs WHERE seq = $1", row.Seq, body) is 1L ? current : null;
        }

        // It could be read, or it would not have been changed.
        session.Execute("DELETE FROM unreadable_jobs WHERE seq = $1", row.Seq);

        // SQLite maintains the indexes of every column that a statement names, whether or not its value changes.
        if (row.State == state && row.SettledAt == settledAt && row.IsDue == (dueAt is not null) && row.Stopped == stopped)
        {
            session.Execute(
                "UPDATE jobs SET revision = revision + 1, due_at = $2, stopped = $3, body = $4 WHERE seq = $1", row.Seq, dueAt, stopped, body);
        }
        else
        {
            session.Execute(
                "UPDATE jobs SET revision = revision + 1, state = $2, settled_at = $3, due_at = $4, stopped = $5, body = $6, watch = $7 WHERE seq = $1",
                row.Seq,
                state,
                settledAt,
                dueAt,
                stopped,
                body,
                watch);
        }

        Enqueue(session, commit.Event);
        return ETag(row.Seq, row.Revision + 1);
    }

    private static (long Seq, long Revision, string State, long? SettledAt, bool IsDue, int Stopped)? Locate(SqliteSession session, JobKey key)
    {
        using var row = session.Command(
            "SELECT seq, revision, state, settled_at, due_at IS NOT NULL, stopped FROM jobs WHERE source = $1 AND id = $2", key.Source, key.Id).ExecuteReader();
        return row.Read()
            ? (row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4), row.GetInt32(5))
            : null;
    }

    private static void Enqueue(SqliteSession session, OutboxEvent? @event)
    {
        if (@event is null)
            return;

        session.Execute(
            "INSERT INTO outbox (source, id, version, event_id, type, time, body, redaction) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            @event.Key.Source,
            @event.Key.Id,
            @event.Version,
            @event.Id,
            @event.Type,
            @event.Time.UtcTicks,
            @event.Body,
            CommandRedaction.Version);
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
                books[source] = state == Name(JobState.Expired) ? of with { Expired = of.Expired + count }
                    : state == Name(JobState.Waiting) || state == Name(JobState.Processing) ? of with { Open = of.Open + count }
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

    private static string ETag(long seq, long revision) => string.Create(CultureInfo.InvariantCulture, $"{seq}-{revision}");

    private static string Name(JobState state) => StateNames[(int)state];

    private static string Name(WatchStatus watch) => WatchNames[(int)watch];

    private static string[] NamesOf<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()))];

    /// <summary>A job as its row has it, before its body is read.</summary>
    private sealed record StoredRow(JobKey Key, string ETag, byte[] Body)
    {
        public bool IsIndexed { get; init; }

        /// <summary>Of the columns source, id, seq, revision and body, in this order.</summary>
        public static StoredRow Read(SqliteDataReader row) => new(
            new(row.GetString(0), row.GetString(1)), SqliteStore.ETag(row.GetInt64(2), row.GetInt64(3)), row.GetFieldValue<byte[]>(4));

        public StoredJob ToJob() => JobJson.TryDeserialize(Body, Key, out var job, out var problem)
            ? new(job, ETag) { IsIndexed = IsIndexed }
            : throw new UnreadableJobException(new UnreadableJob(Key, ETag, problem));
    }
}
