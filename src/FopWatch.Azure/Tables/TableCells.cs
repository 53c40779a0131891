using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>Reads columns of a row; null if a column is missing or of another type, as in a damaged row.</summary>
internal static class TableCells
{
    public static string? Text(this TableEntity row, string column) => row.TryGetValue(column, out var value) ? value as string : null;

    public static int? Number(this TableEntity row, string column) => row.TryGetValue(column, out var value) ? value as int? : null;

    public static long? LongNumber(this TableEntity row, string column) => row.TryGetValue(column, out var value) ? value as long? : null;

    public static bool? Flag(this TableEntity row, string column) => row.TryGetValue(column, out var value) ? value as bool? : null;

    public static DateTimeOffset? Time(this TableEntity row, string column) => row.TryGetValue(column, out var value) ? value as DateTimeOffset? : null;

    public static byte[]? Bytes(this TableEntity row, string column) =>
        row.TryGetValue(column, out var value) ? value is BinaryData data ? data.ToArray() : value as byte[] : null;
}
