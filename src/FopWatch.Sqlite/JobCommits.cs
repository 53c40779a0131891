using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Sqlite;

/// <summary>Writes jobs and their events, on the writer's thread.</summary>
/// <param name="references">Is told of new jobs.</param>
/// <param name="log">The log into which events go with their jobs; null if another broker takes them out of the outbox.</param>
internal sealed class JobCommits(ReferenceIndex references, EventLog? log)
{
    internal const string LocateSql =
        "SELECT seq, revision, state, settled_at, due_at IS NOT NULL, stopped, overdue FROM jobs WHERE source = $1 AND id = $2";

    internal const string InsertSql = """
        INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, due_at, stopped, body, reference, watch, overdue)
        VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (source, id) DO NOTHING
        """;

    internal const string UpdateSql =
        "UPDATE jobs SET revision = revision + 1, state = $2, settled_at = $3, due_at = $4, stopped = $5, body = $6, watch = $7, overdue = $8 WHERE seq = $1";

    /// <summary>SQLite maintains the indexes of every column that a statement names, whether or not its value changes.</summary>
    internal const string UpdateBodySql = "UPDATE jobs SET revision = revision + 1, due_at = $2, stopped = $3, body = $4 WHERE seq = $1";

    internal const string HasBodySql = "SELECT 1 FROM jobs WHERE seq = $1 AND body = $2";

    /// <summary>What is settled or stopped is not put into the due index.</summary>
    internal const string SetAsideSql =
        "UPDATE jobs SET due_at = $2 WHERE seq = $1 AND (due_at IS NOT NULL OR (settled_at IS NULL AND stopped = 0))";

    internal const string UnwatchedSourceSql = "SELECT source FROM jobs WHERE seq = $1 AND settled_at IS NULL AND due_at IS NULL AND stopped = 0";

    internal const string BecameReadableSql = "DELETE FROM unreadable_jobs WHERE seq = $1";

    private readonly BookEntries _books = new();

    /// <summary>Writes a commit, in the transaction that is open.</summary>
    /// <param name="session">The writer's.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="body">The job's document.</param>
    /// <param name="reference">Its reference; null if it is not new.</param>
    /// <param name="words">Its words.</param>
    /// <returns>What <see cref="IJobStore.CommitAsync"/> returns, and whether a tombstone is the reason for null.</returns>
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
            // The last commit once more, by a caller who did not get its answer: decided on the version before this one, with the
            // same result. The event need not be compared: it is a function of those two versions, and may have been published
            // and taken out since.
            var before = stored.Revision == 1 ? null : JobRow.ETagOf(stored.Seq, stored.Revision - 1);
            return commit.ETag == before && session.Statement(HasBodySql).Bind(1, stored.Seq).Bind(2, body).Any() ? current : null;
        }

        // It could be read, or it would not have been changed.
        session.Statement(BecameReadableSql).Bind(1, stored.Seq).Run();
        Update(session, stored, row, body);
        WordIndex.Add(session, stored.Seq, words);
        WriteEvent(session, commit.Event);
        return JobRow.ETagOf(stored.Seq, stored.Revision + 1);
    }

    /// <summary>Lets an unreadable job wait, in the transaction that is open.</summary>
    /// <param name="session">The writer's.</param>
    /// <param name="seq">Its row.</param>
    /// <param name="dueAt">When it is due again.</param>
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
            row.Number(0), row.Number(1), row.Text(2), row.IsNull(3) ? null : row.Number(3), row.Number(4) != 0, row.Number(5), row.Number(6));
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

    /// <summary>What the columns of a job's row are to hold.</summary>
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

    private readonly record struct Located(long Seq, long Revision, string State, long? SettledAt, bool IsDue, long Stopped, long Overdue)
    {
        public BooksColumn Column => BookEntries.ColumnOf(State, isPolled: SettledAt is not null || IsDue, isStopped: Stopped != 0);
    }
}
