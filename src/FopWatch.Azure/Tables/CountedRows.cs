using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>The state of a job according to one of its rows.</summary>
internal readonly record struct Standing(string? State, bool Settled, bool Stopped, DateTimeOffset? DueAt)
{
    public static Standing Read(TableEntity row) => new(
        row.Text(Columns.State),
        row.Flag(Columns.Settled) ?? false,
        row.Flag(Columns.Stopped) ?? false,
        row.Time(Columns.DueAt));
}

/// <summary>The rows of a job.</summary>
internal sealed class Traces
{
    public Standing? Job { get; set; }

    public Standing? Listed { get; set; }

    public DateTimeOffset? RegisteredAt { get; set; }

    /// <summary>Its times in the due index; null if it is not there.</summary>
    public List<DateTimeOffset>? Due { get; set; }

    /// <summary>Whether it should be in the due index, but is not.</summary>
    public bool IsUnwatched => Job is { Stopped: false } job && (job.DueAt is { } due ? Due?.Contains(due) != true : !job.Settled);
}

/// <summary>The row with the counts of a partition.</summary>
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
