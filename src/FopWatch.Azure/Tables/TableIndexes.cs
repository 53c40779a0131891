using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>The jobs to which indexes narrow a search, as keys of the list, in its order.</summary>
/// <param name="Rows">The jobs.</param>
/// <param name="End">The last row up to which these are all; null if there are no more.</param>
internal sealed record Narrowed(List<TableEntity> Rows, PageEnd? End)
{
    private readonly HashSet<PageEnd> _keys = [.. Rows.Select(PageEnd.Of)];

    /// <summary>Whether there are no more jobs.</summary>
    public bool IsWhole => End is null;

    /// <summary>Whether a job can be among the jobs of the index, of which only the first ones were read.</summary>
    public bool MayContain(TableEntity row) => _keys.Contains(PageEnd.Of(row)) || End?.IsBefore(row.RowKey, row.PartitionKey) == true;
}

/// <summary>The indexes of ids and words, which a search looks at once each, for at most <see cref="MostSorted"/> rows.</summary>
internal sealed class TableIndexes(TableGateway table, WordsBackfill words)
{
    /// <summary>The maximum of rows of one index that are sorted.</summary>
    internal const int MostSorted = 1000;

    /// <summary>Whether the words of all jobs are in the index.</summary>
    public Task<bool> AreCompleteAsync(CancellationToken cancellationToken) => words.CheckCompleteAsync(cancellationToken);

    /// <summary>
    /// The jobs after a position in the list that can match. They come from the most selective index, and the looks at the others leave out jobs without further requests.
    /// If each index has more rows than a look reads, the most selective one is the one whose first rows reach furthest into the list.
    /// </summary>
    /// <returns>Null if no index gives jobs in the order of the list.</returns>
    public async Task<Narrowed?> NarrowAsync(JobQuery query, WantedWords wanted, List<string> partitions, PageEnd? after, CancellationToken cancellationToken)
    {
        var looks = new List<Narrowed>();
        if (query.IdPrefix is { } id)
            Add(await SortedAsync(RowKeys.Job(id), [.. Columns.Keys, Columns.RegisteredAt], ListedOfJob));
        if (wanted.All.Count > 0 && !IsEnough() && await AreCompleteAsync(cancellationToken))
        {
            var more = (List<TableEntity>?)null;
            foreach (var word in wanted.All.OrderByDescending(word => word.IsPrefix))
            {
                if (IsEnough())
                    break;
                if (word.IsPrefix)
                    Add(await SortedAsync(RowKeys.WordFrom(word.Word.Span), Columns.Keys, row => RowKeys.ListedOfWord(row.RowKey)));
                else if (word.IsMetadata)
                    Add(NewestOf(await NewestAsync(word.Word), more ??= await NewestAsync(JobWords.More)));
                else
                    Add(NewestOf(await NewestAsync(word.Word)));
            }
        }

        if (looks.Count == 0)
            return null;
        var best = looks.Where(look => look.IsWhole).MinBy(look => look.Rows.Count)
            ?? looks.MaxBy(look => look.End)!;
        return new([.. best.Rows.Where(row => HasId(row) && looks.TrueForAll(look => look == best || look.MayContain(row)))], best.End);

        void Add(Narrowed? look)
        {
            if (look is not null)
                looks.Add(look);
        }

        // Another look costs at least a request per partition, and a job of this one a read.
        bool IsEnough() => looks.Exists(look => look.IsWhole && look.Rows.Count <= partitions.Count);

        bool HasId(TableEntity row) => query.IdPrefix is null || RowKeys.ReadListed(row.RowKey).Id.StartsWith(query.IdPrefix, StringComparison.Ordinal);

        // Null if there are too many: those of one page are not the next ones in the list.
        async Task<Narrowed?> SortedAsync(string prefix, IReadOnlyList<string> select, Func<TableEntity, string?> listedOf)
        {
            var rows = await table.FirstAsync(
                [.. partitions.Select(partition => new RowRange(partition, prefix, prefix + "~"))], null, select, MostSorted + 1, cancellationToken);
            return rows.Count > MostSorted ? null : new(InOrder(query, rows, after, listedOf), null);
        }

        Task<List<TableEntity>> NewestAsync(ReadOnlyMemory<byte> word)
        {
            var prefix = RowKeys.WordFrom(word.Span) + "|";
            return table.FirstAsync([.. partitions.Select(partition => RangeOf(query, partition, prefix, after))], null, Columns.Keys, MostSorted, cancellationToken);
        }

        // Up to the nearest end of those that have more rows, these are all.
        Narrowed NewestOf(params List<TableEntity>[] parts)
        {
            var sorted = InOrder(query, [.. parts.SelectMany(part => part)], after, row => RowKeys.ListedOfWord(row.RowKey));
            var ends = parts
                .Where(part => part.Count == MostSorted && RowKeys.ListedOfWord(part[^1].RowKey) is not null)
                .Select(part => new PageEnd(RowKeys.ListedOfWord(part[^1].RowKey)!, part[^1].PartitionKey))
                .ToList();
            return ends.Count == 0 ? new(sorted, null) : new(sorted.FindAll(row => !ends.Min().IsBefore(row.RowKey, row.PartitionKey)), ends.Min());
        }
    }

    /// <summary>The range of rows of a partition with a prefix followed by the rest of a list key, after the end of a page and within the times of a query.</summary>
    public static RowRange RangeOf(JobQuery query, string partition, string prefix, PageEnd? after)
    {
        var from = query.Until is { } before ? RowKeys.ListedFrom(new(Math.Max(before.UtcTicks - 1, 0), TimeSpan.Zero)) : RowKeys.Listed;
        if (after?.From(partition) is { } next && string.CompareOrdinal(next, from) > 0)
            from = next;
        return new(
            partition,
            string.Concat(prefix, from.AsSpan(RowKeys.Listed.Length)),
            query.Since is { } since ? string.Concat(prefix, RowKeys.EndOf(RowKeys.ListedFrom(since)).AsSpan(RowKeys.Listed.Length)) : RowKeys.EndOf(prefix));
    }

    /// <summary>Whether a row of the list is within the times of a query.</summary>
    public static bool IsInTime(JobQuery query, string listed) =>
        RowKeys.ReadListed(listed).Time is var at && (query.Since is null || at >= query.Since) && (query.Until is null || at < query.Until);

    /// <summary>The row key in the list of a job's row; null if its time is damaged.</summary>
    public static string? ListedOfJob(TableEntity row) =>
        row.Time(Columns.RegisteredAt) is { } at ? RowKeys.ListedAt(at, row.RowKey[RowKeys.Jobs.Length..]) : null;

    private static List<TableEntity> InOrder(JobQuery query, List<TableEntity> rows, PageEnd? after, Func<TableEntity, string?> listedOf) =>
    [
        .. rows
            .Select(row => (row.PartitionKey, RowKey: listedOf(row)))
            .Where(row => row.RowKey is not null && IsInTime(query, row.RowKey) && after?.IsBefore(row.RowKey, row.PartitionKey) != false)
            .Distinct()
            .OrderBy(row => row.RowKey, StringComparer.Ordinal)
            .ThenBy(row => row.PartitionKey, StringComparer.Ordinal)
            .Select(row => new TableEntity(row.PartitionKey, row.RowKey)),
    ];
}
