using System.Diagnostics;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>No frequent statement scans a table or sorts, and a million watched jobs are no burden.</summary>
public class SqlitePlanTests
{
    private const int Many = 1_000_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Statements => new()
    {
        { SqliteDueIndex.DueSql, "SEARCH jobs USING COVERING INDEX jobs_due (source=? AND (due_at,id)>(?,?) AND due_at<?)" },
        { SqliteDueIndex.NextDueSql, "SEARCH jobs USING COVERING INDEX jobs_due (source=? AND due_at>?)" },
        { Sqlite.EventLog.AnyWaitsSql, "SCAN outbox USING COVERING INDEX outbox_key" },
        { Sqlite.EventLog.WaitsSql, "SEARCH outbox USING COVERING INDEX outbox_key (source=? AND id=?)" },
        { ReferenceIndex.FindRowSql, "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)" },
        { SqliteBooks.UnwatchedSql, "SEARCH jobs USING COVERING INDEX jobs_unpolled (stopped=?)" },
        { SqliteBooks.StatesSql, "SCAN jobs USING COVERING INDEX jobs_by_source_state" },
        { SqliteBooks.UnpolledSql, "SCAN jobs USING COVERING INDEX jobs_unpolled" },
        { Sqlite.EventLog.ReadSql, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" },
        { Sqlite.EventLog.OldestSql, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" },
        { Sqlite.EventLog.PurgeSql, "SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
        { JobSearch.ByIdSql, "SEARCH jobs USING INDEX jobs_key (source=? AND id>? AND id<?)" },
        { JobSearch.AllByIdSql, "SEARCH jobs USING COVERING INDEX jobs_key (source=? AND id>? AND id<?)" },
        { JobSearch.AllByWordSql, "SEARCH job_words USING PRIMARY KEY (source=? AND word=?)" },
        { JobSearch.AllByPrefixSql, "SEARCH job_words USING PRIMARY KEY (source=? AND word>? AND word<?)" },
        { JobSearch.ByWordSql, "SEARCH job_words USING PRIMARY KEY (source=? AND word=? AND (registered_at,seq)<(?,?))" },
        { JobSearch.ByPrefixSql, "SEARCH job_words USING PRIMARY KEY (source=? AND word>? AND word<?)" },
        { WordIndex.AnyUnindexedSql, "SCAN searchable_jobs USING COVERING INDEX unindexed_jobs" },
        { WordIndex.IndexedSql, "SEARCH searchable_jobs USING INDEX unindexed_jobs (seq<?)" },
        { WordIndex.RowSql, "SEARCH searchable_jobs USING INTEGER PRIMARY KEY (rowid=?)" },
        { WordIndex.EarlierSql, "SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)" },
        { JobPurge.SettledSql, "SEARCH jobs USING COVERING INDEX jobs_settled (settled_at>? AND settled_at<?)" },
        { SqliteJobs.TombstoneSql, "SEARCH tombstones USING PRIMARY KEY (reference=?)" },
        { JobPurge.OldTombstonesSql, "SEARCH tombstones USING COVERING INDEX tombstones_by_time (purged_at<?)" },
        { SqliteStatistics.HoursSql, "SEARCH statistics_hours USING PRIMARY KEY (source=? AND hour>? AND hour<?)" },
        { SqliteStatistics.LatestSql, "SEARCH statistics_additions USING PRIMARY KEY (source=?)" },
        { SqliteQuarantine.SizeSql, "SEARCH quarantine USING INDEX quarantine_by_source (source=?)" },
        { SqliteQuarantine.ListSql(sources: null, continued: false), "SCAN quarantine USING INDEX quarantine_key" },
        { SqliteQuarantine.ListSql(sources: null, continued: true), "SEARCH quarantine USING INDEX quarantine_key (key<?)" },
        { SqliteQuarantine.ListSql(sources: 1, continued: false), "SEARCH quarantine USING INDEX quarantine_by_source (source=?)" },
        { SqliteQuarantine.ListSql(sources: 1, continued: true), "SEARCH quarantine USING INDEX quarantine_by_source (source=? AND key<?)" },
    };

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_statement_uses_its_index_and_the_order_of_that_index(string sql, string plan)
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal([plan], await PlanAsync(temp.Store, sql));
    }

    [Fact]
    public async Task A_job_is_located_with_a_lookup_of_unreadable_ones()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SEARCH jobs USING INDEX jobs_key (source=? AND id=?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH unreadable_jobs USING INTEGER PRIMARY KEY (rowid=?)"],
            await PlanAsync(temp.Store, JobCommits.LocateSql));
    }

    [Fact]
    public async Task Pending_events_are_read_in_order_with_a_lookup_of_refused_ones()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SCAN outbox", "SEARCH refused_events USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"],
            await PlanAsync(temp.Store, SqliteOutbox.PendingSql));
    }

    [Theory]
    [InlineData(false, "SEARCH kept USING COVERING INDEX quarantine_by_source (source=?)")]
    [InlineData(true, "SEARCH kept USING COVERING INDEX quarantine_by_source (source=? AND key<?)")]
    public async Task The_quarantine_of_several_sources_is_read_without_that_of_others(bool continued, string search)
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SEARCH quarantine USING INDEX quarantine_key (key=?)", "LIST SUBQUERY 1", "SCAN json_each VIRTUAL TABLE INDEX 1:", search, "USE TEMP B-TREE FOR ORDER BY"],
            await PlanAsync(temp.Store, SqliteQuarantine.ListSql(sources: 2, continued)));
    }

    [Fact]
    public async Task A_job_is_found_by_its_reference_through_the_reference_index()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SEARCH job_references USING PRIMARY KEY (reference=?)", "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"],
            await PlanAsync(temp.Store, ReferenceIndex.FindSql));
    }

    [Theory]
    [InlineData(WordIndex.UnindexedSql)]
    [InlineData(JobSearch.UnindexedSql)]
    public async Task Jobs_that_are_not_yet_in_the_word_index_are_found_without_reading_others(string sql)
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(["SCAN searchable_jobs USING INDEX unindexed_jobs", "SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)"], await PlanAsync(temp.Store, sql));
    }

    [Fact]
    public async Task A_job_that_a_search_examines_is_read_by_its_row_id()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH searchable_jobs USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"],
            await PlanAsync(temp.Store, JobSearch.RowSql));
    }

    [Fact]
    public async Task A_job_is_purged_by_its_key_and_its_events_are_looked_up_by_theirs()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal(
            ["SEARCH jobs USING INTEGER PRIMARY KEY (rowid=?)", "CORRELATED SCALAR SUBQUERY 1", "SEARCH outbox USING COVERING INDEX outbox_key (source=? AND id=?)"],
            await PlanAsync(temp.Store, JobPurge.PurgeSql));
    }

    [Fact]
    public async Task Jobs_that_settled_in_the_future_are_found_by_their_settling_time()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Contains("SEARCH jobs USING COVERING INDEX jobs_settled (settled_at>?)", await PlanAsync(temp.Store, JobPurge.ClampSettledSql));
    }

    [Theory]
    [InlineData(false, "jobs_by_source")]
    [InlineData(true, "jobs_by_source_state")]
    public async Task Every_combination_of_filters_has_its_index(bool state, string index)
    {
        await using var temp = await TempStore.OpenAsync();
        foreach (var since in new[] { false, true })
        {
            foreach (var continued in new[] { false, true })
            {
                var query = new JobQuery
                {
                    Source = "media",
                    Since = since ? DateTimeOffset.UnixEpoch : null,
                    Continuation = continued ? "any" : null,
                };

                var step = Assert.Single(await PlanAsync(temp.Store, JobLists.RangeSql(new("media", state ? JobState.Failed : null, null), query)));

                Assert.Matches($"USING INDEX {index}( |$)", step);
                Assert.Contains("source=?", step, StringComparison.Ordinal);
                Assert.Equal(state, step.Contains("state=?", StringComparison.Ordinal));
                Assert.Equal(since, step.Contains("registered_at>", StringComparison.Ordinal));
                Assert.Equal(continued, step.Contains("(registered_at,rowid)<(?,?)", StringComparison.Ordinal) || step.Contains("registered_at<?", StringComparison.Ordinal));
            }
        }
    }

    [Theory]
    [InlineData(null, WatchStatus.Stopped, "jobs_by_source_watch", "watch=?")]
    [InlineData(JobState.Waiting, WatchStatus.Stopped, "jobs_by_source_watch", "watch=?")]
    [InlineData(JobState.Expired, WatchStatus.GivenUp, "jobs_by_source_watch", "watch=?")]
    [InlineData(JobState.Failed, WatchStatus.Done, "jobs_by_source_state", "state=?")]
    [InlineData(JobState.Waiting, WatchStatus.Watching, "jobs_by_source_state", "state=?")]
    public async Task A_list_by_watch_has_its_index_and_with_a_state_the_narrower_one(JobState? state, WatchStatus watch, string index, string columns)
    {
        await using var temp = await TempStore.OpenAsync();
        var query = new JobQuery { Source = "media", Since = DateTimeOffset.UnixEpoch };

        var step = Assert.Single(await PlanAsync(temp.Store, JobLists.RangeSql(new("media", state, watch), query)));

        Assert.Contains($"USING INDEX {index} (source=? AND {columns} AND registered_at>?", step, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, null, "jobs_by_source")]
    [InlineData(null, null, false, "jobs_by_source")]
    [InlineData(JobState.Failed, null, null, "jobs_by_source_state")]
    [InlineData(JobState.Failed, WatchStatus.Done, false, "jobs_by_source_state")]
    [InlineData(JobState.Waiting, WatchStatus.Watching, null, "jobs_by_source_state")]
    public async Task A_search_goes_through_the_places_of_a_list_without_looking_up_their_rows(JobState? state, WatchStatus? watch, bool? overdue, string index)
    {
        await using var temp = await TempStore.OpenAsync();
        var query = new JobQuery { Source = "media", Continuation = "any", Overdue = overdue };

        var step = Assert.Single(await PlanAsync(temp.Store, JobLists.RangeSql(new("media", state, watch), query, JobLists.PlaceColumns, isBounded: true)));

        Assert.Contains($"USING COVERING INDEX {index} (source=?", step, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_are_counted_by_their_ids_in_the_index_alone()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Contains("SEARCH jobs USING COVERING INDEX jobs_key (source=? AND id>? AND id<?)", await PlanAsync(temp.Store, JobSearch.CountByIdSql));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(JobState.Processing, null)]
    [InlineData(JobState.Processing, WatchStatus.Watching)]
    public async Task A_list_of_overdue_jobs_reads_no_others(JobState? state, WatchStatus? watch)
    {
        await using var temp = await TempStore.OpenAsync();
        var query = new JobQuery { Source = "media", Overdue = true, Since = DateTimeOffset.UnixEpoch };

        var step = Assert.Single(await PlanAsync(temp.Store, JobLists.RangeSql(new("media", state, watch), query)));

        Assert.Contains("USING INDEX jobs_overdue (source=? AND registered_at>?", step, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sources_of_a_list_are_found_by_one_index_step_each()
    {
        await using var temp = await TempStore.OpenAsync();

        var steps = await PlanAsync(temp.Store, JobLists.SourcesSql);

        Assert.Single(steps, step => step.StartsWith("SEARCH jobs USING COVERING INDEX jobs_", StringComparison.Ordinal) && step.EndsWith("(source>?)", StringComparison.Ordinal));
        Assert.Single(steps, step => step.StartsWith("SCAN jobs USING COVERING INDEX jobs_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_settled_job_is_written_to_four_indexes_with_its_commit()
    {
        await using var temp = await TempStore.OpenAsync();
        await temp.Store.Jobs.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);

        var indexes = (string)temp.Scalar("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'jobs' AND sql IS NOT NULL")!;
        var holding = indexes.Split(',').Where(index => temp.Scalar($"SELECT count(*) FROM jobs INDEXED BY {index} WHERE {ConditionOf(index)}") is 1L);

        Assert.Equal(["jobs_by_source", "jobs_by_source_state", "jobs_key", "jobs_settled"], holding.Order(StringComparer.Ordinal));

        string ConditionOf(string index) =>
            ((string)temp.Scalar("SELECT sql FROM sqlite_schema WHERE name = $1", index)!).Split(" WHERE ") is [_, var condition] ? condition : "true";
    }

    [Fact]
    public async Task A_million_watched_jobs_cost_a_tick_no_more_than_a_few()
    {
        await using var temp = await TempStore.OpenAsync();
        Fill(temp.DatabasePath);
        var store = temp.Store;
        var now = new DateTimeOffset(Many / 2, TimeSpan.Zero);

        var due = await FastAsync(async () => await store.Due.DueAsync("media", now, 100, Cancelled));
        Assert.Equal(Enumerable.Range(1, 100).Select(i => $"j{i:0000000}"), due.Select(job => job.Key.Id));
        Assert.Equal(now.AddTicks(1), await FastAsync(async () => await store.Due.NextDueAsync("media", now, Cancelled)));
        Assert.Empty(await FastAsync(async () => await store.Due.DueAsync("media", new(0, TimeSpan.Zero), 100, Cancelled)));

        Assert.Null(await FastAsync(async () => await store.Database.ReadAsync(session => session.Scalar(SqliteBooks.UnwatchedSql, 100), Cancelled)));
        var count = await FastAsync(async () => await store.Jobs.CountAsync("", 100, Cancelled), TimeSpan.FromSeconds(2));
        Assert.Empty(count.Unwatched);
        Assert.Equal(new Books("media", Many, 0, 0, Many, 0), Assert.Single(count.Books));

        // The 100,000 oldest: their rows are no jobs, so they are answered as unreadable ones.
        var old = await FastAsync(async () => await store.Jobs.ListAsync(new() { IdPrefix = "j00", Top = 100 }, Cancelled), TimeSpan.FromSeconds(1));
        Assert.Equal(100, old.Unreadable.Count);
        Assert.Equal(new JobCount(99_999, AtLeast: false), await FastAsync(async () => await store.Jobs.CountAsync(new JobQuery { IdPrefix = "j00" }, 100_000, Cancelled), TimeSpan.FromSeconds(1)));

        // The best of several tries: the machine may be busy, but a scan would never be this quick.
        static async Task<T> FastAsync<T>(Func<Task<T>> read, TimeSpan? limit = null)
        {
            var (best, answer) = (TimeSpan.MaxValue, default(T));
            for (var i = 0; i < 3; i++)
            {
                var start = Stopwatch.GetTimestamp();
                answer = await read();
                var elapsed = Stopwatch.GetElapsedTime(start);
                best = elapsed < best ? elapsed : best;
            }

            Assert.InRange(best, TimeSpan.Zero, limit ?? TimeSpan.FromMilliseconds(20));
            return answer!;
        }
    }

    private static void Fill(string path)
    {
        using var session = SqliteSession.Open(path, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        session.Execute("PRAGMA synchronous = OFF");
        session.Execute("PRAGMA cache_size = -200000");
        session.Execute("BEGIN");
        using (var command = session.Connection.CreateCommand())
        {
            command.CommandTimeout = 0;
            command.CommandText = $$"""
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Many}})
                INSERT INTO jobs (source, id, revision, state, watch, registered_at, due_at, stopped, body)
                SELECT 'media', printf('j%07d', i), 1, 'waiting', 'watching', i, i, 0, x'7B7D' FROM n
                """;
            command.ExecuteNonQuery();
        }

        session.Execute($"INSERT INTO books (source, registered) VALUES ('media', {Many})");
        session.Execute("COMMIT");
    }

    private static async Task<IReadOnlyList<string>> PlanAsync(SqliteStore store, string sql) => await store.Database.ReadAsync<IReadOnlyList<string>>(
        session =>
        {
            var steps = new List<string>();
            using var rows = session.Command("EXPLAIN QUERY PLAN " + sql, 1, 1, 1, 1, 1, 1, 1, 1).ExecuteReader();
            while (rows.Read())
                steps.Add(rows.GetString(3));
            return steps;
        },
        Cancelled);
}
