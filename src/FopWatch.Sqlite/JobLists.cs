using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Lists of jobs. Every index that a list reads begins with the source, so that each job is in as few indexes as possible. Lists of several
/// sources or states merge several ranges of an index.
/// </summary>
internal static class JobLists
{
    /// <summary>The sources that have jobs, with one index lookup each.</summary>
    internal const string SourcesSql = """
        WITH RECURSIVE sources (source) AS (
            SELECT (SELECT source FROM jobs ORDER BY source LIMIT 1)
            UNION ALL
            SELECT (SELECT source FROM jobs WHERE source > sources.source ORDER BY source LIMIT 1) FROM sources WHERE source IS NOT NULL)
        SELECT source FROM sources WHERE source IS NOT NULL
        """;

    private const string JobColumns = "source, id, seq, revision, body, registered_at";

    // Every index of a list contains these columns, so no row is read.
    internal const string PlaceColumns = "registered_at, seq";

    // Jobs with an outcome are no longer watched, so the index by watch does not contain them.
    private static readonly JobState[] DoneStates = [.. Enum.GetValues<JobState>().Where(IsDone)];

    /// <summary>Reads a page.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="query">The query.</param>
    /// <param name="after">The registration time and place of the previous row; default for the beginning.</param>
    public static Page<JobRow> Read(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after) =>
        session.Snapshot(snapshot => ReadPage(snapshot, query, after));

    /// <summary>Counts jobs, up to a maximum.</summary>
    public static JobCount Count(SqliteSession session, JobQuery query, int most) => session.Snapshot(snapshot =>
    {
        var count = 0L;
        foreach (var range in Ranges(snapshot, query))
        {
            if (count <= most)
                count += (long)snapshot.Command($"SELECT count(*) FROM ({RangeSql(range, query with { Continuation = null }, "1")})", Values(range, query, most + 1, default)).ExecuteScalar()!;
        }

        return new JobCount((int)Math.Min(count, most), count > most);
    });

    /// <summary>The places of jobs that match the filters of source, state, watch and time, in the order of the list.</summary>
    /// <param name="session">The connection, in a transaction.</param>
    /// <param name="query">The filters.</param>
    /// <param name="after">The registration time and place of the previous row.</param>
    /// <param name="wanted">The jobs to return; null for all.</param>
    /// <param name="most">How many other jobs to skip at most, in all ranges together.</param>
    /// <returns>The places. If the limit on skipped jobs is reached, the last one is the place of the last skipped job, and <c>IsEnd</c> is true.</returns>
    public static IEnumerable<((long RegisteredAt, long Seq) Place, bool IsEnd)> Places(
        SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after, JobSet? wanted, int most)
    {
        var (passed, last, ranges) = (0, (RegisteredAt: -1L, Seq: -1L), new List<SqliteStatement>());
        var next = new PriorityQueue<SqliteStatement, (long RegisteredAt, long Seq)>(
            Comparer<(long RegisteredAt, long Seq)>.Create((one, other) => other.CompareTo(one)));
        try
        {
            foreach (var range in Ranges(session, query))
            {
                ranges.Add(new(session.Connection.Handle!, RangeSql(range, query, PlaceColumns, isBounded: wanted is not null)));
                Bind(ranges[^1], [.. Values(range, query, int.MaxValue, after), wanted?.Greatest]);
                if (ranges[^1].Step())
                    next.Enqueue(ranges[^1], Place(ranges[^1]));
            }

            // The merged places are counted, not those of each range. If one range used up the limit alone, the call would end at the first place of another
            // range, and the next call would skip the same places again.
            while (next.TryPeek(out var rows, out var place))
            {
                // Bounded statements of two ranges may both return a job, because they do not compare everything.
                if (place != last)
                {
                    last = place;
                    if (wanted?.Contains(place.Seq) != false)
                    {
                        yield return (place, false);
                    }
                    else if (++passed >= most)
                    {
                        yield return (place, true);
                        break;
                    }
                }

                if (rows.Step())
                    next.DequeueEnqueue(rows, Place(rows));
                else
                    next.Dequeue();
            }
        }
        finally
        {
            foreach (var range in ranges)
                range.Dispose();
        }

        static (long RegisteredAt, long Seq) Place(SqliteStatement rows) => (rows.Number(0), rows.Number(1));
    }

    /// <summary>The sources of a query: the named ones, or all that have jobs.</summary>
    public static IReadOnlyCollection<string> SourcesOf(SqliteSession session, JobQuery query)
    {
        if (query.Sources is { } named)
            return named;
        using var rows = session.Command(SourcesSql).ExecuteReader();
        var sources = new List<string>();
        while (rows.Read())
            sources.Add(rows.GetString(0));
        return sources;
    }

    /// <summary>
    /// The statement for one range of a list. It names the index, because SQLite without statistics may assume that a time range is more
    /// selective than a source.
    /// </summary>
    /// <remarks>
    /// Parameters: limit, source, state, since, registered_at and seq of the previous row, watch, until, the greatest seq. Either state or watch uses the index, and
    /// the other is compared row by row: few jobs are stopped or given up, and any other watch nearly follows from the state. A bounded statement, by which a
    /// search passes over many places, leaves out what is in no index: the search compares it in the rows that it reads.
    /// </remarks>
    internal static string RangeSql(ListRange range, JobQuery query, string columns = JobColumns, bool isBounded = false)
    {
        var index = range switch
        {
            _ when query.Overdue == true => "jobs_overdue",
            { State: not null, Watch: null or WatchStatus.Watching or WatchStatus.Done } => "jobs_by_source_state",
            { Watch: not null } => "jobs_by_source_watch",
            _ => "jobs_by_source",
        };
        var conditions = new List<string> { "source = $2" };
        if (range.State is not null)
            conditions.Add("state = $3");
        if (query.Since is not null)
            conditions.Add("registered_at >= $4");
        if (query.Continuation is not null)
            conditions.Add("(registered_at, seq) < ($5, $6)");
        if (range.Watch is not null && !(isBounded && index == "jobs_by_source_state"))
            conditions.Add("watch = $7");
        if (query.Until is not null)
            conditions.Add("registered_at < $8");
        if (isBounded)
            conditions.Add("seq <= $9");

        // Written as a literal, because SQLite does not use a partial index for a parameter.
        if (query.Overdue is { } overdue && (overdue || !isBounded))
            conditions.Add(overdue ? "overdue = 1" : "overdue = 0");
        if (index == "jobs_by_source_watch")
            conditions.Add("watch <> 'done'");
        return $"SELECT {columns} FROM jobs INDEXED BY {index} WHERE {string.Join(" AND ", conditions)}"
            + " ORDER BY registered_at DESC, seq DESC LIMIT $1";
    }

    private static Page<JobRow> ReadPage(SqliteSession session, JobQuery query, (long RegisteredAt, long Seq) after)
    {
        var ranges = new List<SqliteDataReader>();
        try
        {
            foreach (var range in Ranges(session, query))
                ranges.Add(Open(session, range, query, JobColumns, ranges.Count, query.Top + 1, after));
            var (read, last, bytes) = (new List<JobRow>(), after, 0L);
            foreach (var rows in Merged(ranges))
            {
                // One row more than requested shows whether there is another page. Its body is not read.
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

    private static IEnumerable<ListRange> Ranges(SqliteSession session, JobQuery query)
    {
        var pairs = (query.States, query.Watches) switch
        {
            ({ Count: 0 }, { Count: 0 }) => [new(null, null)],
            (var states, { Count: 0 }) => states.Distinct().Select(state => new Standing(state, null)),
            (var states, var watches) => watches.Distinct().SelectMany(watch =>
                states.Count > 0 ? states.Distinct().Where(state => CanBe(state, watch)).Select(state => new Standing(state, watch))
                : watch == WatchStatus.Done ? DoneStates.Select(state => new Standing(state, watch))
                : [new Standing(null, watch)]),
        };
        return SourcesOf(session, query).SelectMany(_ => pairs, (source, pair) => new ListRange(source, pair.State, pair.Watch));
    }

    private static SqliteDataReader Open(
        SqliteSession session, ListRange range, JobQuery query, string columns, int number, int most, (long RegisteredAt, long Seq) after) =>
        session.Command(number, RangeSql(range, query, columns), Values(range, query, most, after)).ExecuteReader();

    private static object?[] Values(ListRange range, JobQuery query, int most, (long RegisteredAt, long Seq) after) =>
    [
        most,
        range.Source,
        range.State is { } state ? WireNames.Of(state) : null,
        query.Since?.UtcTicks,
        after.RegisteredAt,
        after.Seq,
        range.Watch is { } watch ? WireNames.Of(watch) : null,
        query.Until?.UtcTicks,
    ];

    private static void Bind(SqliteStatement statement, object?[] values)
    {
        for (var parameter = 1; parameter <= values.Length; parameter++)
        {
            // The statement has no parameter for a filter that is not set.
            if (!statement.Has(parameter))
                continue;
            _ = values[parameter - 1] switch
            {
                string text => statement.Bind(parameter, text),
                long number => statement.Bind(parameter, number),
                int number => statement.Bind(parameter, (long)number),
                _ => statement.Bind(parameter, (long?)null),
            };
        }
    }

    /// <summary>The rows of all ranges in the order of the list, each as the reader that is positioned on it.</summary>
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

    private static bool CanBe(JobState state, WatchStatus watch) =>
        watch == WatchStatus.Done ? IsDone(state) : watch == WatchStatus.GivenUp ? state == JobState.Expired : !IsDone(state);

    private readonly record struct Standing(JobState? State, WatchStatus? Watch);
}

/// <summary>A range of an index that a list reads.</summary>
/// <param name="Source">The source.</param>
/// <param name="State">The state; null for any.</param>
/// <param name="Watch">The status of the watch; null for any.</param>
internal readonly record struct ListRange(string Source, JobState? State, WatchStatus? Watch);
