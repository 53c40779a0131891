using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Sqlite;

/// <summary>Writes jobs and their events, on the writer's thread.</summary>
/// <param name="references">The index to which new jobs are added.</param>
/// <param name="log">The log to which events are written with their jobs; null if another broker publishes them from the outbox.</param>
internal sealed class JobCommits(ReferenceIndex references, EventLog? log)
{
    internal const string LocateSql = """
        SELECT seq, revision, state, settled_at, due_at IS NOT NULL, stopped, overdue, EXISTS (SELECT 1 FROM unreadable_jobs WHERE seq = jobs.seq)
        FROM jobs WHERE source = $1 AND id = $2
        """;

    internal const string InsertSql = """
        INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, due_at, stopped, body, reference, watch, overdue)
        VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (source, id) DO NOTHING
        """;

    internal const string UpdateSql =
        "UPDATE jobs SET revision = revision + 1, state = $2, settled_at = $3, due_at = $4, stopped = $5, body = $6, watch = $7, overdue = $8 WHERE seq = $1";

    /// <summary>
    /// Names fewer columns, because SQLite maintains the indexes of every named column, even if its value does not change.
    /// </summary>
    internal const string UpdateBodySql = "UPDATE jobs SET revision = revision + 1, due_at = $2, stopped = $3, body = $4 WHERE seq = $1";

    internal const string HasBodySql = "SELECT 1 FROM jobs WHERE seq = $1 AND body = $2";

    /// <summary>Settled and stopped jobs are not put into the due index.</summary>
    internal const string SetAsideSql =
        "UPDATE jobs SET due_at = $2 WHERE seq = $1 AND (due_at IS NOT NULL OR (settled_at IS NULL AND stopped = 0))";

    internal const string UnwatchedSourceSql = "SELECT source FROM jobs WHERE seq = $1 AND settled_at IS NULL AND due_at IS NULL AND stopped = 0";

    internal const string BecameReadableSql = "DELETE FROM unreadable_jobs WHERE seq = $1";

    private readonly BookEntries _books = new();

    /// <summary>Writes a commit in the open transaction.</summary>
    /// <param name="session">The writer's session.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="body">The document of the job.</param>
    /// <param name="reference">The reference of a new job; null for a known job.</param>
    /// <param name="words">The words of the job.</param>
    /// <returns>The result of <see cref="IJobStore.CommitAsync"/>, and whether a tombstone is the reason for null.</returns>
    public (string? ETag, bool HasTombstone) Write(SqliteSession session, JobCommit commit, byte[] body, string? reference, byte[] words) =>
        reference is not null && Tombstone.KeepsOut(commit.Job.Origin) && SqliteJobs.HasTombstone(session, reference)
            ? (null, true)
            : (WriteJob(session, commit, body, reference, words), false);

    private string? WriteJob(SqliteSession session, JobCommit commit, byte[] body, string? reference, byte[] words)
    {
        var row = new Columns(commit.Job);
        if (reference is not null && TryInsert(session, row, body, reference))
        {
            var seq = session.LastInsertedRow;
            _books.Add(session, commit.Job.Key.Source, row.Column);
            references.Add(session, reference, seq);
            WordIndex.Add(session, seq, words);
            WriteEvent(session, commit.Event);
            return JobRow.ETagOf(seq, 1);
        }

        if (Locate(session, commit.Job.Key) is not { } stored)
            return null;

        var current = JobRow.ETagOf(stored.Seq, stored.Revision);
        if (commit.ETag != current)
        {
            // A repetition of the last commit by a caller that did not receive its answer: decided on the previous version, with the same
            // result. The event need not be compared. It is a function of the two versions, and may have been published and removed since.
            var before = stored.Revision == 1 ? null : JobRow.ETagOf(stored.Seq, stored.Revision - 1);
            return commit.ETag == before && session.Statement(HasBodySql).Bind(1, stored.Seq).Bind(2, body).Any() ? current : null;
        }

        // A job that was changed could be read.
        if (stored.WasUnreadable)
            session.Statement(BecameReadableSql).Bind(1, stored.Seq).Run();
        Update(session, stored, row, body);
        WordIndex.Add(session, stored.Seq, words);
        WriteEvent(session, commit.Event);
        return JobRow.ETagOf(stored.Seq, stored.Revision + 1);
    }

    /// <summary>Delays an unreadable job in the open transaction.</summary>
    /// <param name="session">The writer's session.</param>
    /// <param name="seq">The row of the job.</param>
    /// <param name="dueAt">The next due time.</param>
    public void SetAside(SqliteSession session, long seq, DateTimeOffset dueAt)
    {
        var row = session.Statement(UnwatchedSourceSql).Bind(1, seq);
        var source = row.Step() ? row.Text(0) : null;
        row.Reset();
        if (session.Statement(SetAsideSql).Bind(1, seq).Bind(2, dueAt.UtcTicks).Run() > 0 && source is not null)
            _books.Move(session, source, BooksColumn.None, BooksColumn.Open);
    }

    private static bool TryInsert(SqliteSession session, Columns row, byte[] body, string reference) => session.Statement(InsertSql)
        .Bind(1, row.Key.Source)
        .Bind(2, row.Key.Id)
        .Bind(3, row.State)
        .Bind(4, row.RegisteredAt)
        .Bind(5, row.SettledAt)
        .Bind(6, row.DueAt)
        .Bind(7, row.Stopped)
        .Bind(8, body)
        .Bind(9, reference)
        .Bind(10, row.Watch)
        .Bind(11, row.Overdue)
        .Run() == 1;

    private void Update(SqliteSession session, Located stored, Columns row, byte[] body)
    {
        if (stored.State == row.State && stored.SettledAt == row.SettledAt && stored.IsDue == (row.DueAt is not null) && stored.Stopped == row.Stopped
            && stored.Overdue == row.Overdue)
        {
            session.Statement(UpdateBodySql).Bind(1, stored.Seq).Bind(2, row.DueAt).Bind(3, row.Stopped).Bind(4, body).Run();
            return;
        }

        _books.Move(session, row.Key.Source, stored.Column, row.Column);
        session.Statement(UpdateSql)
            .Bind(1, stored.Seq)
            .Bind(2, row.State)
            .Bind(3, row.SettledAt)
            .Bind(4, row.DueAt)
            .Bind(5, row.Stopped)
            .Bind(6, body)
            .Bind(7, row.Watch)
            .Bind(8, row.Overdue)
            .Run();
    }

    private static Located? Locate(SqliteSession session, JobKey key)
    {
        var row = session.Statement(LocateSql).Bind(1, key.Source).Bind(2, key.Id);
        if (!row.Step())
            return null;
        var located = new Located(
            row.Number(0), row.Number(1), row.Text(2), row.IsNull(3) ? null : row.Number(3), row.Number(4) != 0, row.Number(5), row.Number(6), row.Number(7) != 0);
        row.Reset();
        return located;
    }

    private void WriteEvent(SqliteSession session, OutboxEvent? @event)
    {
        if (@event is null || log?.TryAppend(session, @event) == true)
            return;
        SqliteOutbox.Enqueue(session, @event);
        log?.Enqueued(session);
    }

    /// <summary>The values for the columns of a job's row.</summary>
    private readonly struct Columns(Job job)
    {
        public JobKey Key { get; } = job.Key;

        public string State { get; } = WireNames.Of(job.State);

        public long RegisteredAt { get; } = job.RegisteredAt.UtcTicks;

        public long? SettledAt { get; } = job.IsSettled ? (job.SettledAt ?? job.UpdatedAt).UtcTicks : null;

        public long? DueAt { get; } = job.Watch.DueAt?.UtcTicks;

        public long Stopped { get; } = job.WatchStatus == WatchStatus.Stopped ? 1 : 0;

        public string Watch { get; } = WireNames.Of(job.WatchStatus);

        public long Overdue { get; } = job.IsOverdue ? 1 : 0;

        public BooksColumn Column => BookEntries.ColumnOf(State, isPolled: SettledAt is not null || DueAt is not null, isStopped: Stopped != 0);
    }

    private readonly record struct Located(long Seq, long Revision, string State, long? SettledAt, bool IsDue, long Stopped, long Overdue, bool WasUnreadable)
    {
        public BooksColumn Column => BookEntries.ColumnOf(State, isPolled: SettledAt is not null || IsDue, isStopped: Stopped != 0);
    }
}
