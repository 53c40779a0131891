using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Lists of jobs. Every index that a list reads begins with the source, so that a job is in as few indexes as possible. Lists of several sources, or of
/// several states, read several ranges of an index and merge them.
/// </summary>
internal static class JobLists
{
    /// <summary>The sources that have jobs: one step in the index for each.</summary>
    internal const string SourcesSql = """
        WITH RECURSIVE sources (source) AS (
            SELECT (SELECT source FROM jobs ORDER BY source LIMIT 1)
            UNION ALL
            SELECT (SELECT source FROM jobs WHERE source > sources.source ORDER BY source LIMIT 1) FROM sources WHERE source IS NOT NULL)
        SELECT source FROM sources WHERE source IS NOT NULL
        """;

    // What has an outcome is watched no longer, so the index by watch does not have it.
    private static readonly JobState[] DoneStates = [.. Enum.GetValues<JobState>().Where(IsDone)];

    /// <summary>Reads a page.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="query">What to list.</param>
    /// <param name="after">The registration time and place of the last row before; nothing for the beginning.</param>
    public static Page<JobRow> Read(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after) =>
        session.Snapshot(snapshot => ReadPage(snapshot, query, after));

    /// <summary>
    /// The statement of one range of a list. SQLite is told which index to use, since without statistics it may think that the bounds of a time
    /// narrow more than a source does.
    /// </summary>
    /// <remarks>
    /// Parameters: how many, source, state, since, registered_at and seq of the last row before, watch. Of state and watch one has the
    /// index and the other is compared row by row: few jobs are stopped or given up, and any other watch nearly follows from the state.
    /// </remarks>
    internal static string RangeSql(JobQuery query)
    {
        var conditions = new List<string> { "source = $2" };
        if (query.State is not null)
            conditions.Add("state = $3");
        if (query.Since is not null)
            conditions.Add("registered_at >= $4");
        if (query.Continuation is not null)
            conditions.Add("(registered_at, seq) < ($5, $6)");
        if (query.Watch is not null)
            conditions.Add("watch = $7");

        // In the condition itself, as SQLite takes a partial index for no parameter.
        if (query.Overdue is { } overdue)
            conditions.Add(overdue ? "overdue = 1" : "overdue = 0");

        var index = query switch
        {
            { Overdue: true } => "jobs_overdue",
            { State: not null, Watch: null or WatchStatus.Watching or WatchStatus.Done } => "jobs_by_source_state",
            { Watch: not null } => "jobs_by_source_watch",
            _ => "jobs_by_source",
        };
        if (index == "jobs_by_source_watch")
            conditions.Add("watch <> 'done'");
        return $"SELECT source, id, seq, revision, body, registered_at FROM jobs INDEXED BY {index} WHERE {string.Join(" AND ", conditions)}"
            + " ORDER BY registered_at DESC, seq DESC LIMIT $1";
    }

    private static Page<JobRow> ReadPage(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after)
    {
        var ranges = new List<SqliteDataReader>();
        try
        {
            foreach (var range in Ranges(session, query))
                ranges.Add(Open(session, range, ranges.Count, after));
            var (read, last, bytes) = (new List<JobRow>(), after, 0L);
            foreach (var rows in Merged(ranges))
            {
                // One more than asked for tells whether there is another page; its body is not read.
                if (read.Count == query.Top || bytes >= PageLimit.Bytes)
                    return new(read, Continuations.AfterJob(last.RegisteredAt, last.Seq));
                last = PlaceOf(rows);
                read.Add(JobRow.Read(rows));
                bytes += read[^1].Body.Length;
            }

            return new(read, null);
        }
        finally
        {
            foreach (var range in ranges)
                range.Dispose();
        }
    }

    private static IEnumerable<JobQuery> Ranges(SqliteSession session, JobQuery query)
    {
        var sources = query.Sources ?? SourcesOf(session);
        var states = query is { Watch: WatchStatus.Done, State: null } ? DoneStates.Select(state => (JobState?)state) : [query.State];
        return sources.SelectMany(_ => states, (of, state) => query with { Source = of, Within = null, State = state });
    }

    private static List<string> SourcesOf(SqliteSession session)
    {
        using var rows = session.Command(SourcesSql).ExecuteReader();
        var sources = new List<string>();
        while (rows.Read())
            sources.Add(rows.GetString(0));
        return sources;
    }

    private static SqliteDataReader Open(SqliteSession session, JobQuery range, int number, (long RegisteredAt, long Seq) after) => session.Command(
        number,
        RangeSql(range),
        range.Top + 1,
        range.Source,
        range.State is { } state ? WireNames.Of(state) : null,
        range.Since?.UtcTicks,
        after.RegisteredAt,
        after.Seq,
        range.Watch is { } watch ? WireNames.Of(watch) : null).ExecuteReader();

    /// <summary>The rows of all ranges in the order of the list; of each, the reader that is at it.</summary>
    private static IEnumerable<SqliteDataReader> Merged(List<SqliteDataReader> ranges)
    {
        var next = new PriorityQueue<SqliteDataReader, (long RegisteredAt, long Seq)>(
            ranges.Count, Comparer<(long RegisteredAt, long Seq)>.Create((one, other) => other.CompareTo(one)));
        foreach (var range in ranges)
            Advance(range);
        while (next.TryDequeue(out var range, out _))
        {
            yield return range;
            Advance(range);
        }

        void Advance(SqliteDataReader range)
        {
            if (range.Read())
                next.Enqueue(range, PlaceOf(range));
        }
    }

    private static (long RegisteredAt, long Seq) PlaceOf(SqliteDataReader row) => (row.GetInt64(5), row.GetInt64(2));

    private static bool IsDone(JobState state) => state is not (JobState.Waiting or JobState.Processing or JobState.Expired);
}
