using System.Buffers.Text;
using System.Text;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>The last row of a page.</summary>
/// <param name="RowKey">Its row key, the order of lists.</param>
/// <param name="Partition">Its partition, the order among equal row keys.</param>
internal readonly record struct PageEnd(string RowKey, string Partition) : IComparable<PageEnd>
{
    /// <summary>The end of a page whose last row is a row of the list.</summary>
    public static PageEnd Of(TableEntity listed) => new(listed.RowKey, listed.PartitionKey);

    /// <summary>The first row key after the page in a partition.</summary>
    public string From(string partition) => string.CompareOrdinal(partition, Partition) > 0 ? RowKey : RowKeys.After(RowKey);

    /// <summary>Whether a row of the list comes after the page.</summary>
    public bool IsBefore(string rowKey, string partition) => string.CompareOrdinal(rowKey, From(partition)) >= 0;

    /// <summary>Compares in the order of lists.</summary>
    public int CompareTo(PageEnd other) =>
        string.CompareOrdinal(RowKey, other.RowKey) is not 0 and var byRow ? byRow : string.CompareOrdinal(Partition, other.Partition);

    /// <summary>As opaque text.</summary>
    public string ToContinuation() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{RowKey}\n{Partition}"));

    /// <summary>Reads what <see cref="ToContinuation"/> wrote.</summary>
    /// <param name="continuation">The text, which may come from outside.</param>
    /// <param name="isRowKey">Whether a row key belongs to the list.</param>
    /// <exception cref="FormatException">The text is not a continuation.</exception>
    public static PageEnd Read(string continuation, Func<string, bool> isRowKey)
    {
        if (!Base64Url.IsValid(continuation))
            throw Foreign();
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(continuation)).Split('\n');
        return parts.Length == 2 && parts[1].Contains('|', StringComparison.Ordinal) && isRowKey(parts[0]) ? new(parts[0], parts[1]) : throw Foreign();
    }

    private static FormatException Foreign() => new("The continuation was not issued by this store.");
}
