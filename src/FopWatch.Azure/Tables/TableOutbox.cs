using Azure.Data.Tables;
using FopWatch.Publishing;
using ETag = Azure.ETag;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

/// <summary>The outbox: a row for each event, in the partition of its job.</summary>
internal sealed class TableOutbox(TableGateway table) : IOutbox
{
    // The maximum of pages of a partition's outbox in the search for refused events.
    private const int MostPages = 10;

    public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken) =>
        TableFailures.AskAsync<IReadOnlyList<OutboxEvent>>(
            async token =>
            {
                var ranges = (await table.PartitionsAsync(null, token)).Select(partition => RowRange.Of(partition, RowKeys.Outbox)).ToList();
                var turns = new OutboxTurns(table.Time.GetUtcNow());
                var rows = await table.FirstAsync(
                    ranges,
                    null,
                    Columns.ForOutbox,
                    limit,
                    token,
                    row => RowKeys.TryReadEvent(row.RowKey) is not { } key
                        || turns.Admits(new(RowKeys.SourceOf(row.PartitionKey), key.Id), row.Number(Columns.Refusals) ?? 0, row.Time(Columns.RetryAt)));
                var (events, _) = await table.FillAsync<OutboxEvent>(
                    rows,
                    async (row, each) => BodyColumns.HasShortText(row) ? row : await table.RowAsync(row.PartitionKey, row.RowKey, null, each),
                    row => EventRows.Read(row) is var pending ? (pending, pending.Body.Length) : null,
                    token);
                return events;
            },
            cancellationToken);

    public async ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            var partitions = published.GroupBy(
                gone => table.PartitionOf(gone.Key),
                gone => RowKeys.Event(gone.Time, gone.Key.Id, gone.Version));
            await table.EachAsync(partitions, async (rows, each) => await table.DeleteAsync(rows.Key, rows.Distinct(), each), token);
            return true;
        },
        cancellationToken);

    public async ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            await table.EachAsync(
                refused,
                async (one, each) =>
                {
                    var row = new TableEntity(table.PartitionOf(one.Key), RowKeys.Event(one.Time, one.Key.Id, one.Version))
                    {
                        [Columns.Refusals] = one.Refusals,
                        [Columns.RetryAt] = one.RetryAt,
                    };
                    try
                    {
                        await table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, each);
                    }
                    catch (RequestFailedException gone) when (gone.IsMissingRow())
                    {
                        // Another host published it.
                    }
                },
                token);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The service limits the rows that it examines per page. The newest of very many are not counted.</remarks>
    public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var count = 0L;
            await table.EachAsync(
                await table.PartitionsAsync(null, token),
                async (partition, each) =>
                {
                    var filter = RowRange.Of(partition, RowKeys.Outbox).Filter($"{Columns.Refusals} ge 1");
                    var pages = 0;
                    await foreach (var page in table.Rows.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: each).AsPages())
                    {
                        if (Interlocked.Add(ref count, page.Values.Count) >= IOutbox.MostCounted || ++pages == MostPages)
                            break;
                    }
                },
                token);
            return Math.Min(count, IOutbox.MostCounted);
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>The rows of a partition are sorted by time, so the first has the oldest event, however many follow.</remarks>
    public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var (count, oldest) = (0L, (DateTimeOffset?)null);
            var gate = new Lock();
            await table.EachAsync(
                await table.PartitionsAsync(null, token),
                async (partition, each) =>
                {
                    var filter = RowRange.Of(partition, RowKeys.Outbox).Filter();
                    await foreach (var row in table.Rows.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: each))
                    {
                        var time = RowKeys.TryReadEvent(row.RowKey)?.Time;
                        lock (gate)
                        {
                            (count, oldest) = (count + 1, time < oldest ? time : oldest ?? time);
                            if (count >= IOutbox.MostCounted)
                                break;
                        }
                    }
                },
                token);
            return (Math.Min(count, IOutbox.MostCounted), oldest);
        },
        cancellationToken);
}
