using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Finds jobs by their references, and tombstones of purged jobs.</summary>
internal sealed class TableReferences(TableGateway table, TableLayout layout)
{
    // During a rollout, instances of the old version still write jobs without references; and clocks differ.
    internal static readonly TimeSpan Rollout = TimeSpan.FromDays(1);

    public JobReferences References => layout.References;

    /// <summary>The tombstone of a purged job in this period.</summary>
    public TableEntity TombstoneOf(string partition, JobKey key) =>
        new(partition, RowKeys.Tombstone(RowKeys.PeriodOf(table.Time.GetUtcNow()), References.Of(key)));

    /// <inheritdoc cref="IJobStore.FindByReferenceAsync"/>
    /// <remarks>
    /// One point read for each bucket of each source. Every commit writes this row in its transaction. Only jobs last written before jobs had references have
    /// none. So if the point reads find nothing, the keys of jobs registered before then are read, a thousand per request. Once the retention has passed, there
    /// are no such jobs.
    /// </remarks>
    public ValueTask<Job?> FindJobAsync(string? source, string reference, CancellationToken cancellationToken)
    {
        if (!JobReferences.IsValid(reference) || (source is not null && !TableGateway.IsSource(source)))
            return new((Job?)null);

        return TableFailures.AskAsync(
            async token =>
            {
                var partitions = await table.PartitionsAsync(source is null ? null : [source], token);
                return await FindAsync(partitions, (partition, each) => IdOfAsync(partition, reference, each), token)
                    ?? await FindAsync(partitions, (partition, each) => OldIdOfAsync(partition, reference, each), token);
            },
            cancellationToken);
    }

    /// <summary>Whether the id of a purged job has a <see cref="Tombstone"/>.</summary>
    /// <remarks>Two point reads: for this period and for the previous one.</remarks>
    public ValueTask<bool> HasTombstoneAsync(JobKey key, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            if (!TableGateway.IsSource(key.Source) || !JobKey.IsValidId(key.Id))
                return false;
            var (partition, reference, period) = (table.PartitionOf(key), References.Of(key), RowKeys.PeriodOf(table.Time.GetUtcNow()));
            var rows = await Task.WhenAll(
                table.RowAsync(partition, RowKeys.Tombstone(period, reference), Columns.Keys, token),
                table.RowAsync(partition, RowKeys.Tombstone(period - 1, reference), Columns.Keys, token));
            return rows is not [null, null];
        },
        cancellationToken);

    /// <summary>The row that maps a reference to its job.</summary>
    public TableEntity RowOf(string partition, JobKey key) => new(partition, RowKeys.Reference(References.Of(key))) { [Columns.Id] = key.Id };

    private async Task<Job?> FindAsync(
        List<string> partitions, Func<string, CancellationToken, Task<string?>> idOf, CancellationToken cancellationToken)
    {
        (string Partition, string Id)? found = null;
        await table.EachAsync(
            partitions,
            async (partition, each) =>
            {
                if (await idOf(partition, each) is { } id)
                    found = (partition, id);
            },
            cancellationToken);

        // The reference of a deleted job may remain.
        return found is var (at, job) && await table.RowAsync(at, RowKeys.Job(job), null, cancellationToken) is { } row ? JobRows.Read(row, JobRows.KeyOf(row)).Job : null;
    }

    private async Task<string?> IdOfAsync(string partition, string reference, CancellationToken cancellationToken) =>
        (await table.RowAsync(partition, RowKeys.Reference(reference), Columns.ForReference, cancellationToken))?.Text(Columns.Id);

    private async Task<string?> OldIdOfAsync(string partition, string reference, CancellationToken cancellationToken)
    {
        var source = RowKeys.SourceOf(partition);
        var old = new RowRange(partition, RowKeys.ListedFrom(layout.ReferencedFrom + Rollout), RowKeys.EndOf(RowKeys.Listed));
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(old.Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
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
