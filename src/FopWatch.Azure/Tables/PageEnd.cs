using System.Buffers.Text;
using System.Text;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>The last row of a page.</summary>
/// <param name="RowKey">Its row key, by which lists are ordered.</param>
/// <param name="Partition">Its partition, by which they are ordered where row keys are equal.</param>
internal readonly record struct PageEnd(string RowKey, string Partition)
{
    /// <summary>The end of a page that ends with a row of the list.</summary>
    public static PageEnd Of(TableEntity listed) => new(listed.RowKey, listed.PartitionKey);

    /// <summary>The first row key after it in a partition.</summary>
    public string From(string partition) => string.CompareOrdinal(partition, Partition) > 0 ? RowKey : RowKeys.After(RowKey);

    /// <summary>Whether a row of the list comes after it.</summary>
    public bool IsBefore(string rowKey, string partition) => string.CompareOrdinal(rowKey, From(partition)) >= 0;

    /// <summary>As opaque text.</summary>
    public string ToContinuation() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{RowKey}\n{Partition}"));

    /// <summary>Reads what <see cref="ToContinuation"/> wrote.</summary>
    /// <param name="continuation">The text, from wherever it comes.</param>
    /// <param name="isRowKey">Whether a row key is one of the list that is continued.</param>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static PageEnd Read(string continuation, Func<string, bool> isRowKey)
    {
        if (!Base64Url.IsValid(continuation))
            throw Foreign();
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(continuation)).Split('\n');
        return parts.Length == 2 && parts[1].Contains('|', StringComparison.Ordinal) && isRowKey(parts[0]) ? new(parts[0], parts[1]) : throw Foreign();
    }

    private static FormatException Foreign() => new("The continuation is none that this store gave.");
}
