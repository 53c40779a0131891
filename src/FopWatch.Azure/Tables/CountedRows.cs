using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>How a job stands, as one of its rows has it.</summary>
internal readonly record struct Standing(string? State, bool Settled, bool Stopped, DateTimeOffset? DueAt)
{
    public static Standing Read(TableEntity row) => new(
        row.Text(Columns.State),
        row.Flag(Columns.Settled) ?? false,
        row.Flag(Columns.Stopped) ?? false,
        row.Time(Columns.DueAt));
}

/// <summary>The rows that tell of a job.</summary>
internal sealed class Traces
{
    public Standing? Job { get; set; }

    public Standing? Listed { get; set; }

    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>Where the due index has it; null for nowhere.</summary>
    public List<DateTimeOffset>? Due { get; set; }

    /// <summary>Whether it is to be watched, or to be settled, and is not in the due index.</summary>
    public bool IsUnwatched => Job is { Stopped: false } job && (job.DueAt is { } due ? Due?.Contains(due) != true : !job.Settled);
}

/// <summary>The row that keeps what was counted in a partition.</summary>
internal static class CountRow
{
    public const string CountedAt = "CountedAt";

    public static TableEntity Of(Books books, string partition, DateTimeOffset now) => new(RowKeys.TablePartition, RowKeys.Counts + partition)
    {
        ["Registered"] = books.Registered,
        ["Settled"] = books.Settled,
        ["Expired"] = books.Expired,
        ["Open"] = books.Open,
        ["Stopped"] = books.Stopped,
        [CountedAt] = now,
    };

    public static Books Read(TableEntity row, string source) => new(
        source,
        row.LongNumber("Registered") ?? 0,
        row.LongNumber("Settled") ?? 0,
        row.LongNumber("Expired") ?? 0,
        row.LongNumber("Open") ?? 0,
        row.LongNumber("Stopped") ?? 0);
}
