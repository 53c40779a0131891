using Azure;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>One range of row keys in one partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="From">The lower bound of row keys, inclusive.</param>
/// <param name="Until">The upper bound of row keys, exclusive.</param>
internal readonly record struct RowRange(string Partition, string From, string Until)
{
    /// <summary>All rows of a kind.</summary>
    public static RowRange Of(string partition, string prefix) => new(partition, prefix, RowKeys.EndOf(prefix));

    /// <summary>The query, with an optional further condition.</summary>
    public string Filter(string? condition = null)
    {
        var range = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey ge {From} and RowKey lt {Until}");
        return condition is null ? range : $"{range} and {condition}";
    }
}

/// <summary>The first rows of several ranges, in the order of row keys and, among equal ones, of partitions.</summary>
internal sealed class RangeMerge(TableClient table, int parallelism)
{
    private const int MaxPage = 1000;

    /// <summary>
    /// Reads the first rows of all ranges: concurrently one request for each range, and another for ranges that have more than their share of the first rows.
    /// If <paramref name="admits"/> is given, only rows that it admits count; it is called in their order.
    /// </summary>
    public async Task<List<TableEntity>> FirstAsync(
        IReadOnlyCollection<RowRange> ranges,
        string? condition,
        IReadOnlyList<string>? select,
        int count,
        CancellationToken cancellationToken,
        Func<TableEntity, bool>? admits = null)
    {
        var share = ranges.Count <= 1 ? count : (count / (long)ranges.Count * 2) + 4;
        var page = (int)Math.Clamp(Math.Min(share, count), 1, MaxPage);
        var readers = ranges
            .Select(range => new Reader(table.QueryAsync<TableEntity>(range.Filter(condition), page, select, cancellationToken)))
            .ToList();
        try
        {
            await Parallel.ForEachAsync(
                readers,
                new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken },
                async (reader, _) => await reader.MoveNextAsync());

            var first = new List<TableEntity>();
            var next = new PriorityQueue<Reader, TableEntity>(ByKey.Instance);
            foreach (var reader in readers)
            {
                if (reader.Current is { } row)
                    next.Enqueue(reader, row);
            }

            while (first.Count < count && next.TryDequeue(out var reader, out var row))
            {
                if (admits is null || admits(row))
                    first.Add(row);
                if (first.Count < count && await reader.MoveNextAsync())
                    next.Enqueue(reader, reader.Current!);
            }

            return first;
        }
        finally
        {
            foreach (var reader in readers)
                await reader.DisposeAsync();
        }
    }

    private sealed class Reader(AsyncPageable<TableEntity> rows) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<Page<TableEntity>> _pages = rows.AsPages().GetAsyncEnumerator();
        private IReadOnlyList<TableEntity> _page = [];
        private int _next;

        public TableEntity? Current { get; private set; }

        public async ValueTask<bool> MoveNextAsync()
        {
            // An empty page is not always the last, because the service ends a search after a while.
            while (_next == _page.Count)
            {
                if (!await _pages.MoveNextAsync())
                {
                    Current = null;
                    return false;
                }

                (_page, _next) = (_pages.Current.Values, 0);
            }

            Current = _page[_next++];
            return true;
        }

        public ValueTask DisposeAsync() => _pages.DisposeAsync();
    }

    private sealed class ByKey : IComparer<TableEntity>
    {
        public static readonly ByKey Instance = new();

        public int Compare(TableEntity? a, TableEntity? b)
        {
            var byRow = string.CompareOrdinal(a?.RowKey, b?.RowKey);
            return byRow != 0 ? byRow : string.CompareOrdinal(a?.PartitionKey, b?.PartitionKey);
        }
    }
}
