using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>How the rows of the one table are read and written: by partitions, at so many at once, and again where the service refuses for now.</summary>
internal sealed class TableGateway
{
    /// <summary>What the service allows in one transaction.</summary>
    public const int MaxActions = 100;

    // The last retry is up to 3 seconds after the first try.
    private const int MaxTransactionRetries = 4;

    // Rows with bodies that are in memory at once before they are decoded; each is at most 1 MiB.
    private const int BodiesAtOnce = 16;

    private static readonly TimeSpan FirstTransactionRetry = TimeSpan.FromMilliseconds(200);

    private readonly int _buckets;
    private readonly RangeMerge _merge;

    // Sources whose row is known to be there.
    private readonly ConcurrentDictionary<string, bool> _recorded;

    public TableGateway(TableClient rows, TableStoreOptions options, TimeProvider time, IEnumerable<string> recorded)
    {
        Rows = rows;
        Time = time;
        Parallelism = options.Parallelism;
        _buckets = options.Buckets;
        _merge = new(rows, options.Parallelism);
        _recorded = new(recorded.Select(source => KeyValuePair.Create(source, true)), StringComparer.Ordinal);
    }

    /// <summary>The table.</summary>
    public TableClient Rows { get; }

    /// <summary>The clock, by which leftovers are told from what is just being written.</summary>
    public TimeProvider Time { get; }

    /// <summary>The most requests at once that one call makes.</summary>
    public int Parallelism { get; }

    /// <summary>The partition of a job.</summary>
    public string PartitionOf(JobKey key) => RowKeys.Partition(key, _buckets);

    /// <inheritdoc cref="RangeMerge.FirstAsync"/>
    public Task<List<TableEntity>> FirstAsync(
        IReadOnlyCollection<RowRange> ranges,
        string? condition,
        IReadOnlyList<string>? select,
        int count,
        CancellationToken cancellationToken,
        Func<TableEntity, bool>? admits = null) => _merge.FirstAsync(ranges, condition, select, count, cancellationToken, admits);

    /// <summary>
    /// Makes sure that a source is known before it has a row: what looks at all sources finds them in the table, since a source may
    /// have been taken out of the settings and still have jobs. Costs one request per source and process.
    /// </summary>
    public async Task RecordSourceAsync(string source, CancellationToken cancellationToken)
    {
        if (_recorded.ContainsKey(source))
            return;
        if (!IsSource(source))
            throw new ArgumentException($"'{source}' is no name of a source.", nameof(source));

        await Rows.UpsertEntityAsync(
            new TableEntity(RowKeys.TablePartition, RowKeys.Source(source)), TableUpdateMode.Replace, cancellationToken);
        _recorded[source] = true;
    }

    public static bool IsSource(string source) => source.Length > 0 && source.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>All sources that have ever had a row, in order.</summary>
    public async Task<List<string>> SourcesAsync(CancellationToken cancellationToken)
    {
        var sources = new List<string>();
        var filter = RowRange.Of(RowKeys.TablePartition, RowKeys.Sources).Filter();
        await foreach (var row in Rows.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: cancellationToken))
            sources.Add(row.RowKey[RowKeys.Sources.Length..]);
        return sources;
    }

    public IEnumerable<string> Partitions(string source) =>
        Enumerable.Range(0, _buckets).Select(bucket => RowKeys.Partition(source, bucket));

    /// <summary>The partitions of sources; those of every source for null.</summary>
    public async Task<List<string>> PartitionsAsync(IReadOnlyCollection<string>? sources, CancellationToken cancellationToken) =>
        [.. (sources ?? await SourcesAsync(cancellationToken)).SelectMany(Partitions)];

    /// <summary>The same of many, at so many at once.</summary>
    public Task EachAsync<T>(IEnumerable<T> many, Func<T, CancellationToken, ValueTask> body, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(many, new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken }, body);

    /// <summary>Fills a page by reading what further belongs to rows, in their order, up to <see cref="PageLimit.Bytes"/>.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="readWhole">Reads the row that has the body of one; null if it is gone.</param>
    /// <param name="decode">Makes the element, and says how long its body is; null if it does not belong into the page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="most">The most elements.</param>
    /// <returns>The elements, and how many of the rows were read for them.</returns>
    public async Task<(List<T> Elements, int Rows)> FillAsync<T>(
        List<TableEntity> rows,
        Func<TableEntity, CancellationToken, Task<TableEntity?>> readWhole,
        Func<TableEntity, (T Element, int Bytes)?> decode,
        CancellationToken cancellationToken,
        int most = int.MaxValue)
    {
        var (elements, bytes) = (new List<T>(), 0L);

        // A row holds its body compressed: so many of them are little against what one of them may become.
        for (var start = 0; start < rows.Count; start += BodiesAtOnce)
        {
            var whole = new TableEntity?[Math.Min(BodiesAtOnce, rows.Count - start)];
            var first = start;
            await EachAsync(
                Enumerable.Range(0, whole.Length),
                async (i, token) => whole[i] = await readWhole(rows[first + i], token),
                cancellationToken);
            for (var i = 0; i < whole.Length; i++)
            {
                if (whole[i] is not { } row || decode(row) is not { } decoded)
                    continue;
                elements.Add(decoded.Element);
                bytes += decoded.Bytes;
                if (bytes >= PageLimit.Bytes || elements.Count == most)
                    return (elements, start + i + 1);
            }
        }

        return (elements, rows.Count);
    }

    public async Task<TableEntity?> RowAsync(string partition, string rowKey, IEnumerable<string>? select, CancellationToken cancellationToken)
    {
        var row = await Rows.GetEntityIfExistsAsync<TableEntity>(partition, rowKey, select, cancellationToken);
        if (row.HasValue)
            return row.Value;

        row.GetRawResponse().ThrowIfTableIsMissing();
        return null;
    }

    /// <summary>
    /// Submits a transaction, and again where the service refuses it for now. It answers 202 to the request and says so within, where
    /// the client's own retries do not look. A transaction that was refused with a 5xx may have been made all the same: callers tell by its rows.
    /// </summary>
    public async Task<IReadOnlyList<Response>> SubmitAsync(IReadOnlyCollection<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return (await Rows.SubmitTransactionAsync(actions, cancellationToken)).Value;
            }
            catch (TableTransactionFailedException refused) when (tries < MaxTransactionRetries && refused.IsTransient())
            {
                // Between half of the wait and all of it, so that callers that were refused together do not come back together.
                var wait = FirstTransactionRetry * Math.Pow(2, tries) * (0.5 + (Random.Shared.NextDouble() / 2));
                await Task.Delay(wait, Time, cancellationToken);
            }
        }
    }

    /// <summary>Deletes a row; one that is gone already is no error.</summary>
    public async Task DeleteAsync(string partition, string rowKey, CancellationToken cancellationToken) =>
        (await Rows.DeleteEntityAsync(partition, rowKey, ETag.All, cancellationToken)).ThrowIfTableIsMissing();

    /// <summary>Deletes rows of one partition, all or none of every hundred; those that are gone already are no error.</summary>
    public async Task DeleteAsync(string partition, IEnumerable<string> rowKeys, CancellationToken cancellationToken)
    {
        foreach (var some in rowKeys.Chunk(MaxActions))
        {
            try
            {
                if (some.Length > 1)
                {
                    await SubmitAsync(
                        [.. some.Select(rowKey => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, rowKey), ETag.All))],
                        cancellationToken);
                    continue;
                }
            }
            catch (RequestFailedException gone) when (gone.IsMissingRow())
            {
                // At least one is: then one by one.
            }

            await EachAsync(some, async (rowKey, token) => await DeleteAsync(partition, rowKey, token), cancellationToken);
        }
    }
}
