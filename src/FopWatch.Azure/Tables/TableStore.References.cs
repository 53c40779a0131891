using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    // While a new version is rolled out, instances of the old one go on writing jobs without references; and clocks differ.
    private static readonly TimeSpan Rollout = TimeSpan.FromDays(1);

    private JobReferences? _references;
    private DateTimeOffset _referencedFrom;

    /// <inheritdoc/>
    public JobReferences References => _references ?? throw new InvalidOperationException("The store is not open.");

    /// <inheritdoc/>
    /// <remarks>
    /// One point read for each bucket of each source. The row that is read is written in the transaction of every commit. Only a job that was last
    /// written before jobs had references has none; so after point reads that find nothing, the keys of jobs that were registered before
    /// then are read, a thousand at a time. There are none any more once the retention has passed.
    /// </remarks>
    public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken)
    {
        if (!JobReferences.IsValid(reference) || (source is not null && !IsSource(source)))
            return new((Job?)null);

        return AskAsync(
            async token =>
            {
                var partitions = await PartitionsAsync(source, token);
                return await FindAsync(partitions, (partition, each) => IdOfAsync(partition, reference, each), token)
                    ?? await FindAsync(partitions, (partition, each) => OldIdOfAsync(partition, reference, each), token);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Two point reads: of the row of this period and of the row of the period before.</remarks>
    public ValueTask<bool> HasTombstoneAsync(JobKey key, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            if (!IsSource(key.Source) || !JobKey.IsValidId(key.Id))
                return false;
            var (partition, reference, period) = (RowKeys.Partition(key, _options.Buckets), References.Of(key), RowKeys.PeriodOf(_time.GetUtcNow()));
            var rows = await Task.WhenAll(
                RowAsync(partition, RowKeys.Tombstone(period, reference), Columns.Keys, token),
                RowAsync(partition, RowKeys.Tombstone(period - 1, reference), Columns.Keys, token));
            return rows is not [null, null];
        },
        cancellationToken);

    private static string SourceOf(string partition) => partition[..partition.IndexOf('|', StringComparison.Ordinal)];

    private TableEntity NewReferenceKey() =>
        new(RowKeys.TablePartition, RowKeys.ReferenceKey) { ["Secret"] = JobReferences.NewKey(), ["CreatedAt"] = _time.GetUtcNow() };

    private void UseReferenceKey(TableEntity row)
    {
        if (row.Bytes("Secret") is not { Length: JobReferences.KeyLength } secret)
            throw new InvalidOperationException($"The table '{_table.Name}' is damaged: the row of its reference key has none. Restore it from a backup.");
        _references = new(secret);
        _referencedFrom = row.Time("CreatedAt") ?? DateTimeOffset.MinValue;
    }

    private TableEntity ReferenceRow(string partition, JobKey key) => new(partition, RowKeys.Reference(References.Of(key))) { [Columns.Id] = key.Id };

    private async Task<Job?> FindAsync(
        List<string> partitions, Func<string, CancellationToken, Task<string?>> idOf, CancellationToken cancellationToken)
    {
        (string Partition, string Id)? found = null;
        await EachAsync(
            partitions,
            async (partition, each) =>
            {
                if (await idOf(partition, each) is { } id)
                    found = (partition, id);
            },
            cancellationToken);

        // A job that is gone may have left its reference behind.
        return found is var (at, job) && await RowAsync(at, RowKeys.Job(job), null, cancellationToken) is { } row ? ReadJob(row, KeyOf(row)).Job : null;
    }

    private async Task<string?> IdOfAsync(string partition, string reference, CancellationToken cancellationToken) =>
        (await RowAsync(partition, RowKeys.Reference(reference), Columns.ForReference, cancellationToken))?.Text(Columns.Id);

    private async Task<string?> OldIdOfAsync(string partition, string reference, CancellationToken cancellationToken)
    {
        var source = SourceOf(partition);
        var old = new RowRange(partition, RowKeys.ListedFrom(_referencedFrom + Rollout), RowKeys.EndOf(RowKeys.Listed));
        await foreach (var row in _table.QueryAsync<TableEntity>(old.Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (!RowKeys.IsListed(row.RowKey))
                continue;
            var id = RowKeys.ReadListed(row.RowKey).Id;
            if (References.Of(new(source, id)) == reference)
                return id;
        }

        return null;
    }
}
