using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Reads and writes the rows of the table: by partition, with limited parallelism, and with retries of temporary refusals.</summary>
internal sealed class TableGateway
{
    /// <summary>The service's maximum of actions in a transaction.</summary>
    public const int MaxActions = 100;

    // The last retry is up to 3 seconds after the first try.
    private const int MaxTransactionRetries = 4;

    // The maximum of rows with bodies in memory before they are decoded. Each has at most 1 MiB.
    private const int BodiesAtOnce = 16;

    private static readonly TimeSpan FirstTransactionRetry = TimeSpan.FromMilliseconds(200);

    private readonly int _buckets;
    private readonly RangeMerge _merge;

    // Sources whose row is known to exist.
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

    /// <summary>The clock, which distinguishes leftovers from writes in progress.</summary>
    public TimeProvider Time { get; }

    /// <summary>The maximum of concurrent requests of one call.</summary>
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
    /// Records a source before it has a row. Operations on all sources find them in the table, because a source may have been removed from the settings and
    /// still have jobs. Costs one request per source and process.
    /// </summary>
    public async Task RecordSourceAsync(string source, CancellationToken cancellationToken)
    {
        if (_recorded.ContainsKey(source))
            return;
        if (!IsSource(source))
            throw new ArgumentException($"'{source}' is not the name of a source.", nameof(source));

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

    /// <summary>Calls the body for each element, with limited parallelism.</summary>
    public Task EachAsync<T>(IEnumerable<T> many, Func<T, CancellationToken, ValueTask> body, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(many, new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken }, body);

    /// <summary>Fills a page by reading the remaining data of rows in order, up to <see cref="PageLimit.Bytes"/>.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="readWhole">Reads the row with the body; null if it is gone.</param>
    /// <param name="decode">Returns the element and the length of its body; null if it does not belong to the page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="most">The maximum of elements.</param>
    /// <returns>The elements, and the number of rows that were read for them.</returns>
    public async Task<(List<T> Elements, int Rows)> FillAsync<T>(
        List<TableEntity> rows,
        Func<TableEntity, CancellationToken, Task<TableEntity?>> readWhole,
        Func<TableEntity, (T Element, int Bytes)?> decode,
        CancellationToken cancellationToken,
        int most = int.MaxValue)
    {
        var (elements, bytes) = (new List<T>(), 0L);

        // Rows contain compressed bodies, so these rows are small compared with one decompressed body.
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
    /// Submits a transaction, and retries temporary refusals. The service answers the request 202 and reports the refusal within the answer, where the client's
    /// own retries do not see it. A transaction refused with a 5xx may have been committed all the same; callers check its rows.
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
                // Random from half of the wait to all of it, so that callers that were refused together do not retry together.
                var wait = FirstTransactionRetry * Math.Pow(2, tries) * (0.5 + (Random.Shared.NextDouble() / 2));
                await Task.Delay(wait, Time, cancellationToken);
            }
        }
    }

    /// <summary>Deletes a row. A missing row is no error.</summary>
    public async Task DeleteAsync(string partition, string rowKey, CancellationToken cancellationToken) =>
        (await Rows.DeleteEntityAsync(partition, rowKey, ETag.All, cancellationToken)).ThrowIfTableIsMissing();

    /// <summary>Deletes rows of one partition, atomically in groups of a hundred. Missing rows are no error.</summary>
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
                // At least one row is missing: delete one by one.
            }

            await EachAsync(some, async (rowKey, token) => await DeleteAsync(partition, rowKey, token), cancellationToken);
        }
    }
}
