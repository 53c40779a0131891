using System.Globalization;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>The row of a job, before its body is deserialized.</summary>
internal sealed record JobRow(JobKey Key, string ETag, byte[] Body)
{
    public bool IsIndexed { get; init; }

    /// <summary>Reads the columns source, id, seq, revision and body, in this order.</summary>
    public static JobRow Read(SqliteDataReader row) => new(
        new(row.GetString(0), row.GetString(1)), ETagOf(row.GetInt64(2), row.GetInt64(3)), row.GetFieldValue<byte[]>(4));

    public StoredJob ToJob() => JobJson.TryDeserialize(Body, Key, out var job, out var problem)
        ? new(job, ETag) { IsIndexed = IsIndexed }
        : throw new UnreadableJobException(new UnreadableJob(Key, ETag, problem));

    /// <summary>The ETag of a row's revision. It changes with every commit.</summary>
    public static string ETagOf(long seq, long revision) => string.Create(CultureInfo.InvariantCulture, $"{seq}-{revision}");
}
