using System.Buffers.Text;
using System.Text;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>The position at which a page of a list or of a search ended.</summary>
/// <param name="Listed">The last examined row of the list.</param>
/// <param name="Indexed">
/// The last examined row of an index, if the search continues in that index, where it returns only jobs that are after <paramref name="Listed"/> in the list. Null if it continues
/// in the list.
/// </param>
internal readonly record struct SearchEnd(PageEnd Listed, PageEnd? Indexed = null)
{
    /// <summary>Whether the search continues in the index of ids.</summary>
    public bool IsById => Indexed?.RowKey.StartsWith(RowKeys.Jobs, StringComparison.Ordinal) == true;

    /// <summary>The beginning of the rows of ids or of keys that a query asks for; null if it does not.</summary>
    public static string? PrefixOf(JobQuery query, bool isById) =>
        isById ? query.IdPrefix is { } id ? RowKeys.Job(id) : null
        : WantedWords.Of(query).All.Where(word => word.IsPrefix).Select(word => RowKeys.WordFrom(word.Word.Span)).FirstOrDefault();

    /// <summary>As opaque text.</summary>
    public string ToContinuation() => Indexed is not { } indexed
        ? Listed.ToContinuation()
        : Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Listed.ToContinuation()}.{indexed.ToContinuation()}"));

    /// <summary>Reads what <see cref="ToContinuation"/> wrote for a query.</summary>
    /// <param name="continuation">The text, from wherever it comes.</param>
    /// <param name="query">The query.</param>
    /// <exception cref="FormatException">The text was not written by it, or for a query with another prefix, from whose rows this one cannot continue.</exception>
    public static SearchEnd Read(string continuation, JobQuery query)
    {
        var end = Read(continuation);
        return end.Indexed is not { } indexed || (PrefixOf(query, end.IsById) is { } prefix && indexed.RowKey.StartsWith(prefix, StringComparison.Ordinal))
            ? end
            : throw new FormatException("The continuation is that of a search for another id or key.");
    }

    private static SearchEnd Read(string continuation) =>
        Base64Url.IsValid(continuation) && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(continuation)).Split('.') is [var listed, var indexed] && Base64Url.IsValid(listed)
            ? new(PageEnd.Read(listed, RowKeys.IsListed), PageEnd.Read(indexed, IsIndexed))
            : new(PageEnd.Read(continuation, RowKeys.IsListed));

    private static bool IsIndexed(string rowKey) =>
        rowKey.StartsWith(RowKeys.Jobs, StringComparison.Ordinal) ? JobKey.IsValidId(rowKey[RowKeys.Jobs.Length..])
        : rowKey.StartsWith(RowKeys.Keyed, StringComparison.Ordinal) && RowKeys.ListedOfWord(rowKey) is not null;
}
