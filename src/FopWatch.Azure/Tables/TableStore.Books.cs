using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    // What was read of a partition is in memory until it has been compared, and a partition may have hundreds of thousands of jobs.
    private const int PartitionsAtOnce = 2;

    /// <inheritdoc/>
    /// <remarks>
    /// Reads two or three rows of every job, a thousand at a time: for now and then. Three rows tell of a job: its own, its row in
    /// the list, and the one in the due index while it is watched. Registered is what any of them names; a job counts as settled,
    /// open and so on only where they agree. So the loss of any of them shows, and no counter is needed, over which all that
    /// create jobs in one partition would have to queue.
    /// </remarks>
    public ValueTask<IReadOnlyList<Books>> BooksAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<Books>>(
        async token =>
        {
            var books = new SortedDictionary<string, Books>(StringComparer.Ordinal);
            var partitions = (await SourcesAsync(token)).SelectMany(source => Partitions(source).Select(partition => (source, partition)));
            await Parallel.ForEachAsync(
                partitions,
                new ParallelOptions { MaxDegreeOfParallelism = Math.Min(PartitionsAtOnce, _options.Parallelism), CancellationToken = token },
                async (of, each) =>
                {
                    var counted = await CountAsync(of.source, of.partition, 0, each);
                    lock (books)
                        books[of.source] = books.GetValueOrDefault(of.source)?.Plus(counted.Books) ?? counted.Books;
                });
            return [.. books.Values.Where(of => of.Registered > 0)];
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobKey>> UnwatchedAsync(int limit, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<JobKey>>(
        async token =>
        {
            var unwatched = new List<JobKey>();
            foreach (var source in await SourcesAsync(token))
            {
                await EachAsync(
                    Partitions(source),
                    async (partition, each) =>
                    {
                        await foreach (var id in UnwatchedAsync(partition, each))
                        {
                            lock (unwatched)
                            {
                                if (unwatched.Count >= limit)
                                    return;
                                unwatched.Add(new(source, id));
                            }
                        }
                    },
                    token);
            }

            return unwatched;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<BooksPart>>(
        async token =>
        {
            var counted = new Dictionary<string, BooksPart>(StringComparer.Ordinal);
            await foreach (var row in _table.QueryAsync<TableEntity>(RowRange.Of(RowKeys.TablePartition, RowKeys.Counts).Filter(), cancellationToken: token))
            {
                var part = row.RowKey[RowKeys.Counts.Length..];
                var books = CountRow.Read(row, RowKeys.SourceOf(part));
                counted[part] = new(part, books.Registered > 0 ? [books] : [], row.Time(CountRow.CountedAt));
            }

            return [.. (await PartitionsAsync(source: null, token)).Select(part => counted.GetValueOrDefault(part) ?? new(part, [], null))];
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>A part is a partition.</remarks>
    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            var source = RowKeys.SourceOf(part);
            var (books, found) = await CountAsync(source, part, unwatched, token);
            await _table.UpsertEntityAsync(CountRow.Of(books, part, _time.GetUtcNow()), TableUpdateMode.Replace, token);
            return new BooksCount(books.Registered > 0 ? [books] : [], [.. found.Select(id => new JobKey(source, id))]);
        },
        cancellationToken);

    private async IAsyncEnumerable<string> UnwatchedAsync(
        string partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A job without a time at which it is due has no such property, and compares with nothing.
        var open = new HashSet<string>(StringComparer.Ordinal);
        var isWatched = TableClient.CreateQueryFilter($"DueAt gt {DateTimeOffset.UnixEpoch}");
        var filter = RowRange.Of(partition, RowKeys.Listed).Filter($"{Columns.Stopped} eq false and ({Columns.Settled} eq false or {isWatched})");
        await foreach (var row in _table.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (RowKeys.IsListed(row.RowKey))
                open.Add(RowKeys.ReadListed(row.RowKey).Id);
        }

        if (open.Count == 0)
            yield break;

        await foreach (var row in _table.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Due).Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (RowKeys.IsDue(row.RowKey))
                open.Remove(RowKeys.ReadDue(row.RowKey).Id);
        }

        foreach (var id in open)
        {
            var traces = await LookAgainAsync(partition, id, new(), cancellationToken);
            if (traces.IsUnwatched)
                yield return id;
        }
    }
}
