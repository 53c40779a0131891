using FopWatch.Providers;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>A data folder with events and settled jobs older than the retention, which the first sweep of a host purges.</summary>
internal static class OldHistory
{
    public static async Task<string> CreateAsync(int rows)
    {
        var folder = Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        await using (var store = await SqliteStore.OpenAsync(folder, TimeProvider.System))
            await store.ClockMarks.WriteAsync(new(DateTimeOffset.UtcNow.AddDays(-30), null), CancellationToken.None);
        using var file = Open(folder, SqliteOpenMode.ReadWrite);
        using var command = file.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText = $$"""
            PRAGMA synchronous = OFF;
            BEGIN;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{rows}})
            INSERT INTO events (event_id, time, type, source, subject, body, redaction)
            SELECT lower(hex(randomblob(16))), n.i, 'fopwatch.job.settled', 'media', 'z0.' || n.i,
                CAST('{"specversion":"1.0","id":"' || n.i || '","type":"fopwatch.job.settled","source":"/fopwatch/media","subject":"z0.' || n.i
                    || '","data":{"text":"' || hex(randomblob(300)) || '"} }' AS BLOB),
                {{CommandRedaction.Version}}
            FROM n;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{rows}})
            INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, stopped, body, reference, watch)
            SELECT 'media', lower(hex(randomblob(16))), 1, 'succeeded', n.i, n.i, 0, randomblob(700), lower(hex(randomblob(12))), 'done' FROM n;
            INSERT INTO books (source, registered) VALUES ('media', {{rows}});
            COMMIT;
            """;
        command.ExecuteNonQuery();
        return folder;
    }

    /// <summary>How much of it is left.</summary>
    public static long Left(string folder)
    {
        using var file = Open(folder, SqliteOpenMode.ReadOnly);
        using var command = file.CreateCommand();
        var old = DateTimeOffset.UnixEpoch.UtcTicks;
        command.CommandText = $"SELECT (SELECT count(*) FROM jobs WHERE settled_at < {old}) + ifnull((SELECT max(seq) - min(seq) + 1 FROM events WHERE time < {old}), 0)";
        return (long)command.ExecuteScalar()!;
    }

    private static SqliteConnection Open(string folder, SqliteOpenMode mode)
    {
        var file = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(folder, SqliteDatabase.FileName),
            Mode = mode,
            Pooling = false,
        }.ToString());
        file.Open();
        return file;
    }
}
