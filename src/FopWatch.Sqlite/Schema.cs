using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>The schema of the database, and its migrations.</summary>
internal static class Schema
{
    /// <summary>"FopW": distinguishes FopWatch's files from other SQLite databases (<c>PRAGMA application_id</c>).</summary>
    public const int ApplicationId = 0x466F7057;

    /// <summary>The name in <c>installation</c> of the version that last changed the format.</summary>
    public const string WrittenByName = "writtenBy";

    /// <summary>
    /// The step at index n migrates from version n to n + 1. Version 0 is an empty file. A released step is never changed.
    /// </summary>
    public static readonly IReadOnlyList<string> Migrations =
    [
        // Times are ticks (100 ns) in UTC, as in DateTime.Ticks. Bodies are the last columns, so that reading other columns does not follow
        // overflow pages.
        """
        -- seq is never used twice, so that an ETag made of it can't mean another job of the same id after a purge. It also orders
        -- jobs that were registered in the same instant.
        CREATE TABLE jobs (
            seq           INTEGER PRIMARY KEY AUTOINCREMENT,
            source        TEXT    NOT NULL,
            id            TEXT    NOT NULL,
            revision      INTEGER NOT NULL,
            state         TEXT    NOT NULL,
            registered_at INTEGER NOT NULL,
            settled_at    INTEGER,
            due_at        INTEGER,
            stopped       INTEGER NOT NULL,
            body          BLOB    NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX jobs_key ON jobs (source, id);
        CREATE INDEX jobs_by_time ON jobs (registered_at);
        CREATE INDEX jobs_by_source ON jobs (source, registered_at);
        CREATE INDEX jobs_by_state ON jobs (state, registered_at);
        CREATE INDEX jobs_by_source_state ON jobs (source, state, registered_at);
        CREATE INDEX jobs_due ON jobs (source, due_at, id) WHERE due_at IS NOT NULL;
        -- Open jobs that nothing polls: stopped ones, and ones that should not exist. The columns of its condition are in it because
        -- SQLite would look them up in the rows otherwise.
        CREATE INDEX jobs_unpolled ON jobs (stopped, source, id, settled_at, due_at) WHERE settled_at IS NULL AND due_at IS NULL;
        CREATE INDEX jobs_settled ON jobs (settled_at) WHERE settled_at IS NOT NULL;

        -- Counted as jobs are created and purged; everything else in the books is counted from the jobs, so that the two check
        -- each other.
        CREATE TABLE books (
            source     TEXT    NOT NULL PRIMARY KEY,
            registered INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE outbox (
            seq      INTEGER PRIMARY KEY AUTOINCREMENT,
            source   TEXT    NOT NULL,
            id       TEXT    NOT NULL,
            version  INTEGER NOT NULL,
            event_id TEXT    NOT NULL,
            type     TEXT    NOT NULL,
            time     INTEGER NOT NULL,
            body     BLOB    NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX outbox_key ON outbox (source, id, version);

        CREATE TABLE quarantine (
            key         TEXT    NOT NULL,
            source      TEXT    NOT NULL,
            correlation TEXT,
            reason      TEXT    NOT NULL,
            received_at INTEGER NOT NULL,
            url         TEXT    NOT NULL,
            headers     TEXT    NOT NULL,
            body        BLOB    NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX quarantine_key ON quarantine (key);
        CREATE INDEX quarantine_by_source ON quarantine (source, key);

        CREATE TABLE events (
            seq      INTEGER PRIMARY KEY AUTOINCREMENT,
            event_id TEXT    NOT NULL,
            time     INTEGER NOT NULL,
            type     TEXT    NOT NULL,
            source   TEXT    NOT NULL,
            subject  TEXT    NOT NULL,
            body     BLOB    NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX events_id ON events (event_id);
        """,
        """
        -- Created once, and the same for as long as the file is used.
        CREATE TABLE installation (
            name  TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- NULL until the file is opened, which fills it in: SQL has no keyed hash.
        ALTER TABLE jobs ADD COLUMN reference TEXT;
        CREATE INDEX jobs_reference ON jobs (reference);
        """,
        """
        -- A function of state, due_at and stopped, and a column of its own so that its indexes are written only when it changes, and not with
        -- every due_at.
        ALTER TABLE jobs ADD COLUMN watch TEXT;
        UPDATE jobs SET watch = CASE
            WHEN state NOT IN ('waiting', 'processing', 'expired') THEN 'done'
            WHEN stopped = 1 THEN 'stopped'
            WHEN state = 'expired' AND due_at IS NULL THEN 'givenUp'
            ELSE 'watching'
        END;
        CREATE INDEX jobs_by_watch ON jobs (watch, registered_at);
        CREATE INDEX jobs_by_source_watch ON jobs (source, watch, registered_at);
        """,
        """
        -- The version of the rules by which the body was redacted. Earlier ones are redacted again when they are read.
        ALTER TABLE outbox ADD COLUMN redaction INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE events ADD COLUMN redaction INTEGER NOT NULL DEFAULT 0;
        """,
        """
        -- Events in the outbox that were refused; a table of its own, as it is empty nearly always and the outbox is written all the time.
        CREATE TABLE refused_events (
            seq      INTEGER PRIMARY KEY,
            refusals INTEGER NOT NULL,
            retry_at INTEGER NOT NULL
        ) STRICT;
        """,
        """
        -- An epoch begins with the first event that a process publishes, at the position of that event. Events of positions before the first are older.
        CREATE TABLE epochs (
            first INTEGER NOT NULL PRIMARY KEY,
            epoch TEXT    NOT NULL
        ) STRICT;
        """,
        """
        -- Jobs that could not be read when they were due, and how often; apart for the same reason.
        CREATE TABLE unreadable_jobs (
            seq   INTEGER PRIMARY KEY,
            times INTEGER NOT NULL
        ) STRICT;
        """,
        """
        -- The references of settled jobs that were purged, in 12 bytes. They hold no ids.
        CREATE TABLE tombstones (
            reference BLOB    NOT NULL PRIMARY KEY,
            purged_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tombstones_by_time ON tombstones (purged_at);
        """,
        """
        -- An event that is written in the transaction of its job comes once. One that waited in the outbox may come again after a crash, and only
        -- its id is in an index, since ids are random and each would cost a page.
        ALTER TABLE events ADD COLUMN was_pending INTEGER NOT NULL DEFAULT 0;
        UPDATE events SET was_pending = 1 WHERE event_id IN (SELECT event_id FROM outbox);
        DROP INDEX events_id;
        CREATE UNIQUE INDEX events_pending_id ON events (event_id) WHERE was_pending = 1;
        """,
        """
        -- A list of several sources merges those of each. What is done is listed by its states.
        DROP INDEX jobs_by_time;
        DROP INDEX jobs_by_state;
        DROP INDEX jobs_by_watch;
        DROP INDEX jobs_by_source_watch;
        CREATE INDEX jobs_by_source_watch ON jobs (source, watch, registered_at) WHERE watch <> 'done';
        """,
        """
        -- Counted with every commit, so that a sweep need not count all jobs each time.
        ALTER TABLE books ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE books ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE books ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE books ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;
        UPDATE books SET
            settled = (SELECT count(*) FROM jobs WHERE source = books.source AND state NOT IN ('waiting', 'processing', 'expired')),
            expired = (SELECT count(*) FROM jobs WHERE source = books.source AND state = 'expired'),
            stopped = (SELECT count(*) FROM jobs WHERE source = books.source AND stopped = 1 AND settled_at IS NULL AND due_at IS NULL),
            open = (SELECT count(*) FROM jobs WHERE source = books.source AND state IN ('waiting', 'processing'))
                - (SELECT count(*) FROM jobs WHERE source = books.source AND settled_at IS NULL AND due_at IS NULL);
        """,
        """
        -- The index of references, which are written into it many at once, up to a row. Rows without a reference get theirs when the file is opened.
        CREATE TABLE job_references (
            reference BLOB    NOT NULL,
            seq       INTEGER NOT NULL,
            PRIMARY KEY (reference, seq)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO job_references (reference, seq)
            SELECT unhex(reference), seq FROM jobs INDEXED BY jobs_reference WHERE reference IS NOT NULL ORDER BY reference;
        CREATE TABLE unreferenced_jobs (
            seq INTEGER PRIMARY KEY
        ) STRICT;
        INSERT INTO unreferenced_jobs (seq) SELECT seq FROM jobs INDEXED BY jobs_reference WHERE reference IS NULL;
        DROP INDEX jobs_reference;
        CREATE TABLE indexed_references (
            up_to INTEGER NOT NULL
        ) STRICT;
        INSERT INTO indexed_references (up_to) SELECT coalesce(max(seq), 0) FROM jobs;
        """,
        """
        -- Statistics: the sums of each hour as JSON, what is known of the ages of each class, and the ids of the last additions of each source.
        CREATE TABLE statistics_hours (
            source TEXT    NOT NULL,
            hour   INTEGER NOT NULL,
            sums   TEXT    NOT NULL,
            PRIMARY KEY (source, hour)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE statistics_ages (
            source TEXT NOT NULL,
            class  TEXT NOT NULL,
            ages   BLOB NOT NULL,
            PRIMARY KEY (source, class)
        ) STRICT;
        CREATE TABLE statistics_additions (
            source TEXT NOT NULL PRIMARY KEY,
            ids    TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE jobs ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX jobs_overdue ON jobs (source, registered_at) WHERE overdue = 1;
        """,
        """
        -- The last notification and the last poll of each source.
        ALTER TABLE statistics_additions ADD COLUMN latest TEXT NOT NULL DEFAULT '';
        """,
        """
        -- The words of jobs. A commit writes those of its job here, in the order of seq. The index of words, which are in no such order, follows in
        -- batches: it has those of indexed rows, and what a row was indexed by before it changed.
        CREATE TABLE searchable_jobs (
            seq        INTEGER PRIMARY KEY,
            is_indexed INTEGER NOT NULL,
            words      BLOB    NOT NULL,
            was        BLOB
        ) STRICT;
        CREATE INDEX unindexed_jobs ON searchable_jobs (seq) WHERE is_indexed = 0;
        CREATE TABLE job_words (
            source        TEXT    NOT NULL,
            word          BLOB    NOT NULL,
            registered_at INTEGER NOT NULL,
            seq           INTEGER NOT NULL,
            PRIMARY KEY (source, word, registered_at, seq)
        ) STRICT, WITHOUT ROWID;
        -- Jobs before this one have a row only if they changed since. It goes down to 1.
        CREATE TABLE searchable_from (
            seq INTEGER NOT NULL
        ) STRICT;
        INSERT INTO searchable_from (seq) SELECT coalesce(max(seq), 0) + 1 FROM jobs;
        """,
        """
        -- The positions of webhooks in the event log, those of webhooks that are in no settings any more included, and their last attempts.
        CREATE TABLE webhooks (
            name              TEXT    NOT NULL PRIMARY KEY,
            position          INTEGER NOT NULL,
            paused            TEXT,
            paused_at         INTEGER,
            failing_since     INTEGER,
            attempts          INTEGER NOT NULL,
            next_attempt_at   INTEGER,
            last_delivered_at INTEGER,
            last_status       INTEGER,
            last_error        TEXT,
            missed            INTEGER NOT NULL,
            removed_at        INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE webhook_deliveries (
            webhook      TEXT    NOT NULL,
            number       INTEGER NOT NULL,
            at           INTEGER NOT NULL,
            position     INTEGER NOT NULL,
            event_id     TEXT    NOT NULL,
            type         TEXT    NOT NULL,
            source       TEXT    NOT NULL,
            subject      TEXT    NOT NULL,
            attempt      INTEGER NOT NULL,
            status       INTEGER,
            error        TEXT,
            milliseconds INTEGER NOT NULL,
            PRIMARY KEY (webhook, number)
        ) STRICT, WITHOUT ROWID;
        """,
    ];

    /// <summary>Migrates a database in one transaction.</summary>
    /// <param name="session">A connection that may write.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="migrations">The steps that this program knows: <see cref="Migrations"/>.</param>
    /// <exception cref="StoreOpenException">The file is from another program or a newer FopWatch.</exception>
    public static void Migrate(SqliteSession session, string path, IReadOnlyList<string> migrations)
    {
        session.Execute("BEGIN IMMEDIATE");
        try
        {
            var version = ReadableVersion(session, path, migrations);
            if (version == migrations.Count)
                return;

            foreach (var migration in migrations.Skip((int)version))
                session.Execute(migration);
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
            SetVersion(session, migrations.Count);
            if (HasInstallation(session))
            {
                session.Execute(
                    "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    WrittenByName,
                    Encoding.UTF8.GetBytes(ProgramVersion.Text));
            }

            session.Execute("COMMIT");
        }
        finally
        {
            session.Rollback();
        }
    }

    /// <summary>The format of a database; 0 for a new one.</summary>
    /// <param name="session">Any connection.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="migrations">The steps that this program knows.</param>
    /// <exception cref="StoreOpenException">The file is from another program or a newer FopWatch.</exception>
    public static long ReadableVersion(SqliteSession session, string path, IReadOnlyList<string> migrations)
    {
        var version = Number(session, "PRAGMA user_version");
        if (!IsOfFopWatch(session) && (version != 0 || Number(session, "SELECT count(*) FROM sqlite_schema") != 0))
            throw OfAnotherProgram(path);
        if (version > migrations.Count)
        {
            throw new StoreOpenException(
                $"'{path}' was written by a newer FopWatch{WrittenBy(session)}: its format is {version}, and this program, FopWatch {ProgramVersion.Text}, "
                + $"reads formats up to {migrations.Count}. Run that version or a later one, or restore a backup of the data folder from before the upgrade.");
        }

        return version;
    }

    /// <summary>
    /// A part of the format that a database lacks, such as "table jobs" or "column jobs.state"; null if it is complete. Checked because any
    /// program can write the number of a format.
    /// </summary>
    /// <param name="session">A connection to a database of FopWatch whose format this program knows.</param>
    public static string? Missing(SqliteSession session)
    {
        using var whole = SqliteSession.Open(":memory:", SqliteOpenMode.Memory, TimeSpan.Zero);
        foreach (var migration in Migrations.Take((int)Number(session, "PRAGMA user_version")))
            whole.Execute(migration);
        return Parts(whole).Except(Parts(session), StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>Whether FopWatch has written a database.</summary>
    public static bool IsOfFopWatch(SqliteSession session) => Number(session, "PRAGMA application_id") == ApplicationId;

    /// <summary>The exception for a database of another program.</summary>
    public static StoreOpenException OfAnotherProgram(string path) => new($"'{path}' is a database of another program.");

    /// <summary>Writes an unchanged value to an up-to-date database: the smallest change that adds to the log.</summary>
    public static int Touch(SqliteSession session) => SetVersion(session, Migrations.Count);

    /// <summary>The tables, their columns and the named indexes, in this order.</summary>
    private static string[] Parts(SqliteSession session) => ((string)session.Scalar("""
        SELECT coalesce(group_concat(part, char(10)), '') FROM (
            SELECT 'table ' || name AS part, 1 AS place FROM sqlite_schema WHERE type = 'table'
            UNION ALL
            SELECT 'column ' || t.name || '.' || c.name, 2 FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'
            UNION ALL
            SELECT 'index ' || name, 3 FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
            ORDER BY place, part)
        """)!).Split('\n');

    private static int SetVersion(SqliteSession session, int version) =>
        session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"));

    private static string WrittenBy(SqliteSession session) =>
        HasInstallation(session) && session.Scalar("SELECT value FROM installation WHERE name = $1", WrittenByName) is byte[] version
            ? $" ({Encoding.UTF8.GetString(version)})"
            : "";

    private static bool HasInstallation(SqliteSession session) =>
        Number(session, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'installation'") == 1;

    private static long Number(SqliteSession session, string sql) => Convert.ToInt64(session.Scalar(sql), CultureInfo.InvariantCulture);
}
