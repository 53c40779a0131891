using System.Diagnostics;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>A purge hardly delays commits. With <c>FOPWATCH_PURGE_ROWS=1000000</c> it deletes a million old events and as many jobs.</summary>
public class PurgeTests
{
    private static readonly int Rows = int.TryParse(Environment.GetEnvironmentVariable("FOPWATCH_PURGE_ROWS"), out var rows) ? rows : 100_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Histories => new()
    {
        {
            "events",
            """
            INSERT INTO events (event_id, time, type, source, subject, body, redaction)
            SELECT lower(hex(randomblob(16))), n.i, 'fopwatch.job.settled', 'media', 'z0.' || n.i, randomblob(700), 99 FROM n
            """
        },
        {
            "jobs",
            """
            INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, stopped, body, reference, watch)
            SELECT 'media', lower(hex(randomblob(16))), 1, 'succeeded', n.i, n.i, 0, randomblob(700), lower(hex(randomblob(12))), 'done' FROM n
            """
        },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public async Task Commits_during_a_purge_take_hardly_longer_than_alone_however_much_is_old(string table, string insert)
    {
        // A busy machine has slow moments.
        var (alone, beside) = await MeasureAsync(table, insert);
        for (var tries = 1; tries < 3 && IsSlow(); tries++)
            (alone, beside) = await MeasureAsync(table, insert);

        Assert.False(IsSlow(), $"{beside.TotalMilliseconds} ms beside the purge, {alone.TotalMilliseconds} ms alone");

        bool IsSlow() => beside >= (2 * alone) + TimeSpan.FromMilliseconds(5);
    }

    /// <summary>The medians of commits alone and during a purge.</summary>
    private static async Task<(TimeSpan Alone, TimeSpan Beside)> MeasureAsync(string table, string insert)
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        Fill(temp.DatabasePath, insert);
        var alone = Median(await CommitAsync(store, "alone", () => false));

        var began = Stopwatch.GetTimestamp();
        var purge = Task.Run(async () =>
        {
            var old = DateTimeOffset.UnixEpoch;
            return table == "events" ? await store.Events.PurgeAsync(old, DateTimeOffset.MaxValue, Cancelled) : await store.JobPurge.PurgeAsync(old, DateTimeOffset.MaxValue, Cancelled);
        });
        var times = await CommitAsync(store, "beside", () => purge.IsCompleted);
        var beside = Median(times);

        Assert.Equal(Rows, await purge);
        Figures.Write(FormattableString.Invariant(
            $"purge: {Rows} old {table} in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s; the median of {times.Count} commits meanwhile is {beside.TotalMilliseconds:0.0} ms, {alone.TotalMilliseconds:0.0} ms alone"));
        return (alone, beside);
    }

    /// <summary>Commits jobs in sequence, at least 200.</summary>
    private static async Task<List<TimeSpan>> CommitAsync(SqliteStore store, string name, Func<bool> isOver)
    {
        var times = new List<TimeSpan>();
        while (times.Count < 200 || !isOver())
        {
            if (times.Count >= 200 && name == "alone")
                break;
            var began = Stopwatch.GetTimestamp();
            await store.Jobs.CommitAsync(Sample.Job($"{name}{times.Count}").New(), Cancelled);
            times.Add(Stopwatch.GetElapsedTime(began));
        }

        return times;
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);

    private static void Fill(string path, string insert)
    {
        using var session = SqliteSession.Open(path, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        session.Execute("PRAGMA synchronous = OFF");
        session.Execute("PRAGMA cache_size = -200000");
        session.Execute("BEGIN");
        using (var command = session.Connection.CreateCommand())
        {
            command.CommandTimeout = 0;
            command.CommandText = $"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Rows}) {insert}";
            command.ExecuteNonQuery();
        }

        session.Execute($"INSERT INTO books (source, registered) VALUES ('media', {Rows})");
        session.Execute("COMMIT");
    }
}
