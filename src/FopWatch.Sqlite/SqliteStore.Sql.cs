using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Sqlite;

// Statements whose plans matter: the tests check that none of them scans a table or sorts.
internal sealed partial class SqliteStore
{
    internal const string DueSql =
        "SELECT id, due_at FROM jobs WHERE source = $1 AND due_at IS NOT NULL AND due_at <= $2 AND (due_at, id) > ($4, $5) ORDER BY due_at, id LIMIT $3";

    internal const string NextDueSql =
        "SELECT due_at FROM jobs WHERE source = $1 AND due_at > $2 ORDER BY due_at LIMIT 1";

    internal const string DueAfterSql =
        "SELECT id, due_at FROM jobs WHERE source = $1 AND due_at IS NOT NULL AND due_at > $2 ORDER BY due_at, id LIMIT $3";

    internal const string ByReferenceSql = "SELECT source, id, seq, revision, body FROM jobs WHERE reference = $1 AND ($2 IS NULL OR source = $2)";

    internal const string UnreadableSql = """
        INSERT INTO unreadable_jobs (seq, times) SELECT seq, 1 FROM jobs WHERE seq = $1 AND revision = $2
        ON CONFLICT (seq) DO UPDATE SET times = times + 1 RETURNING times
        """;

    /// <summary>What is settled or stopped is not put into the due index.</summary>
    internal const string SetAsideSql =
        "UPDATE jobs SET due_at = $2 WHERE seq = $1 AND (due_at IS NOT NULL OR (settled_at IS NULL AND stopped = 0))";

    internal const string PendingSql = """
        SELECT source, id, version, event_id, type, time, refusals, retry_at, body, redaction
        FROM outbox LEFT JOIN refused_events USING (seq) ORDER BY seq
        """;

    internal const string UnwatchedSql =
        "SELECT source, id FROM jobs WHERE settled_at IS NULL AND due_at IS NULL AND stopped = 0 ORDER BY source, id LIMIT $1";

    internal const string StatesSql = "SELECT source, state, count(*) FROM jobs GROUP BY source, state";

    internal const string UnpolledSql =
        "SELECT source, stopped, count(*) FROM jobs WHERE settled_at IS NULL AND due_at IS NULL GROUP BY stopped, source";

    /// <summary>What settled before a time ($1), after the place of the last row ($2, $3).</summary>
    internal const string SettledSql = """
        SELECT settled_at, seq FROM jobs
        WHERE settled_at IS NOT NULL AND settled_at < $1 AND (settled_at, seq) > ($2, $3)
        ORDER BY settled_at, seq LIMIT $4
        """;

    /// <summary>Jobs that a clock which was ahead settled count as settled now ($1): they would be kept for as long as it was ahead.</summary>
    internal const string ClampSettledSql = """
        UPDATE jobs SET settled_at = $1 WHERE seq IN (
            SELECT seq FROM jobs WHERE settled_at IS NOT NULL AND settled_at > $1 ORDER BY settled_at LIMIT $2)
        """;

    internal const string PurgeSql = """
        DELETE FROM jobs
        WHERE seq = $1 AND settled_at IS NOT NULL AND due_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.source = jobs.source AND outbox.id = jobs.id)
        RETURNING source, state, reference
        """;

    internal const string TombstoneSql = "SELECT 1 FROM tombstones WHERE reference = $1";

    internal const string LeaveTombstoneSql =
        "INSERT INTO tombstones (reference, purged_at) VALUES ($1, $2) ON CONFLICT (reference) DO UPDATE SET purged_at = excluded.purged_at";

    /// <summary>Of the tombstones that were left before a time ($1), the oldest.</summary>
    internal const string OldTombstonesSql = "SELECT reference FROM tombstones WHERE purged_at < $1 ORDER BY purged_at LIMIT $2";

    internal const string PurgeTombstonesSql = $"DELETE FROM tombstones WHERE reference IN ({OldTombstonesSql})";

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

    internal static string QuarantineSql(bool ofSource, bool continued)
    {
        var where = (ofSource, continued) switch
        {
            (true, true) => " WHERE source = $2 AND key < $3",
            (true, false) => " WHERE source = $2",
            (false, true) => " WHERE key < $3",
            (false, false) => "",
        };
        return $"SELECT key, source, correlation, reason, received_at, url, headers, body FROM quarantine{where} ORDER BY key DESC LIMIT $1";
    }
}
