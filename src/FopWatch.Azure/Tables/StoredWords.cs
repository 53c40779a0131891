using System.Buffers.Text;
using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>The words of a job in a column, and their index rows.</summary>
internal static class StoredWords
{
    // Distinguishes a job without words from one of a version that wrote none.
    private const byte Form = 1;

    /// <summary>The column.</summary>
    public static byte[] Write(byte[] words) => [Form, .. words];

    /// <summary>Reads the words that <see cref="Write"/> wrote; null for a row of an earlier version.</summary>
    public static ReadOnlyMemory<byte>? Read(TableEntity row) =>
        row.Bytes(Columns.Words) is [Form, ..] written ? new ReadOnlyMemory<byte>(written)[1..] : (ReadOnlyMemory<byte>?)null;

    /// <summary>The row keys of the words of a job.</summary>
    /// <param name="written">What <see cref="Write"/> returned; null for nothing.</param>
    /// <param name="listed">The row key of the job in the list.</param>
    public static IReadOnlyCollection<string> RowsOf(byte[]? written, string listed) => written is [Form, ..]
        ? [.. JobWords.Each(written.AsMemory(1)).Select(word => RowKeys.Word(word.Span, listed)).Distinct()]
        : [];

    /// <summary>The same for the text of a <see cref="Revision"/>.</summary>
    public static IReadOnlyCollection<string> RowsOf(string? written, string listed) =>
        RowsOf(string.IsNullOrEmpty(written) ? null : Base64Url.DecodeFromChars(written), listed);
}
