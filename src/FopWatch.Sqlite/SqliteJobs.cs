using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Sqlite;

/// <summary>The jobs: a row each, with the document and the columns that are looked for.</summary>
/// <param name="database">The database.</param>
/// <param name="log">The log into which the events of commits go at once; null if another broker takes them out of the outbox.</param>
internal sealed class SqliteJobs(SqliteDatabase database, EventLog? log) : IJobStore
{
    // Statements whose plans matter: the tests check that none of them scans a table or sorts.
    internal const string ByReferenceSql = "SELECT source, id, seq, revision, body FROM jobs WHERE reference = $1 AND ($2 IS NULL OR source = $2)";

    internal const string TombstoneSql = "SELECT 1 FROM tombstones WHERE reference = $1";

    internal const string UnreadableSql = """
        INSERT INTO unreadable_jobs (seq, times) SELECT seq, 1 FROM jobs WHERE seq = $1 AND revision = $2
        ON CONFLICT (seq) DO UPDATE SET times = times + 1 RETURNING times
        """;

    /// <summary>What is settled or stopped is not put into the due index.</summary>
    internal const string SetAsideSql =
        "UPDATE jobs SET due_at = $2 WHERE seq = $1 AND (due_at IS NOT NULL OR (settled_at IS NULL AND stopped = 0))";

    private readonly SqliteBooks _books = new(database);

    /// <inheritdoc/>
    public JobReferences References => database.References;

    /// <inheritdoc/>
    public async ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => await database.ReadAsync(
        session =>
        {
            using var row = session.Command("SELECT source, id, seq, revision, body, due_at IS NOT NULL FROM jobs WHERE source = $1 AND id = $2", key.Source, key.Id).ExecuteReader();
            return row.Read() ? JobRow.Read(row) with { IsIndexed = row.GetBoolean(5) } : null;
        },
        cancellationToken) is { } found ? found.ToJob() : null;

    /// <inheritdoc/>
    public async ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) => await database.Searches.ReadAsync(
        session =>
        {
            using var row = session.Command(ByReferenceSql, reference, source).ExecuteReader();
            return row.Read() ? JobRow.Read(row) : null;
        },
        cancellationToken) is { } found ? found.ToJob().Job : null;

    /// <inheritdoc/>
    public ValueTask<bool> HasTombstoneAsync(JobKey key, CancellationToken cancellationToken)
    {
        var reference = Convert.FromHexString(References.Of(key));
        return database.ReadAsync(session => session.Scalar(TombstoneSql, reference) is not null, cancellationToken);
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

        await database.WriteAsync(
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
        return database.WriteAsync(session => Commit(session, commit, body, reference), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var after = query.Continuation is null ? default : Continuations.ReadJob(query.Continuation);
        var pool = query.Top > JobQuery.ShortTop ? database.Lists : database.Searches;
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
    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => new([new BooksPart("", [], null)]);

    /// <inheritdoc/>
    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) => _books.CountAsync(unwatched, cancellationToken);

    /// <summary>
    /// The statement of a list: one per combination of filters, each with the index made for it. SQLite is told which, since
    /// without statistics it may think that the bounds of a time narrow more than a source does.
    /// </summary>
    /// <remarks>
    /// Parameters: how many, source, state, since, registered_at and seq of the last row before, watch. Of state and watch one has the
    /// index and the other is compared row by row: few jobs are stopped or given up, and any other watch nearly follows from the state.
    /// </remarks>
    internal static string ListSql(JobQuery query)
    {
        var conditions = new List<string>();
        if (query.Source is not null)
            conditions.Add("source = $2");
        if (query.State is not null)
            conditions.Add("state = $3");
        if (query.Since is not null)
            conditions.Add("registered_at >= $4");
        if (query.Continuation is not null)
            conditions.Add("(registered_at, seq) < ($5, $6)");
        if (query.Watch is not null)
            conditions.Add("watch = $7");

        var ofSource = query.Source is not null;
        var index = query switch
        {
            { State: not null, Watch: null or WatchStatus.Watching or WatchStatus.Done } => ofSource ? "jobs_by_source_state" : "jobs_by_state",
            { Watch: not null } => ofSource ? "jobs_by_source_watch" : "jobs_by_watch",
            _ => ofSource ? "jobs_by_source" : "jobs_by_time",
        };
        var where = conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", conditions);
        return $"SELECT source, id, seq, revision, body, registered_at FROM jobs INDEXED BY {index}{where} ORDER BY registered_at DESC, seq DESC LIMIT $1";
    }

    private static Page<JobRow> Rows(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after)
    {
        // One more than asked for tells whether there is another page; its body is not read.
        using var rows = session.Command(
            ListSql(query),
            query.Top + 1,
            query.Source,
            query.State is { } state ? WireNames.Of(state) : null,
            query.Since?.UtcTicks,
            after.RegisteredAt,
            after.Seq,
            query.Watch is { } watch ? WireNames.Of(watch) : null).ExecuteReader();
        var (read, last, bytes) = (new List<JobRow>(), after, 0L);
        while (rows.Read())
        {
            if (read.Count == query.Top || bytes >= PageLimit.Bytes)
                return new(read, Continuations.AfterJob(last.RegisteredAt, last.Seq));
            last = (rows.GetInt64(5), rows.GetInt64(2));
            read.Add(JobRow.Read(rows));
            bytes += read[^1].Body.Length;
        }

        return new(read, null);
    }

    private string? Commit(SqliteSession session, JobCommit commit, byte[] body, string reference)
    {
        var job = commit.Job;
        var state = WireNames.Of(job.State);
        var settledAt = job.IsSettled ? (job.SettledAt ?? job.UpdatedAt).UtcTicks : (long?)null;
        var dueAt = job.Watch.DueAt?.UtcTicks;
        var stopped = job.WatchStatus == WatchStatus.Stopped ? 1 : 0;
        var watch = WireNames.Of(job.WatchStatus);

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
            WriteEvent(session, commit.Event);
            return JobRow.ETagOf(seq, 1);
        }

        var current = JobRow.ETagOf(row.Seq, row.Revision);
        if (commit.ETag != current)
        {
            // The last commit once more, by a caller who did not get its answer: decided on the version before this one, with the
            // same result. The event need not be compared: it is a function of those two versions, and may have been published
            // and taken out since.
            var before = row.Revision == 1 ? null : JobRow.ETagOf(row.Seq, row.Revision - 1);
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

        WriteEvent(session, commit.Event);
        return JobRow.ETagOf(row.Seq, row.Revision + 1);
    }

    private void WriteEvent(SqliteSession session, OutboxEvent? @event)
    {
        if (@event is null || log?.TryAppend(session, @event) == true)
            return;
        SqliteOutbox.Enqueue(session, @event);
        if (log is not null)
            session.AfterCommit(() => log.Defer(@event.Id));
    }

    private static (long Seq, long Revision, string State, long? SettledAt, bool IsDue, int Stopped)? Locate(SqliteSession session, JobKey key)
    {
        using var row = session.Command(
            "SELECT seq, revision, state, settled_at, due_at IS NOT NULL, stopped FROM jobs WHERE source = $1 AND id = $2", key.Source, key.Id).ExecuteReader();
        return row.Read()
            ? (row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetBoolean(4), row.GetInt32(5))
            : null;
    }
}
