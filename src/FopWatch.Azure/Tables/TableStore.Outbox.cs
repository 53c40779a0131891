using Azure.Data.Tables;
using FopWatch.Providers;
using FopWatch.Publishing;
using ETag = Azure.ETag;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    // Pages of a partition's outbox that are looked through for refused events.
    private const int MostPages = 10;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<OutboxEvent>>(
            async token =>
            {
                var ranges = (await PartitionsAsync(null, token)).Select(partition => RowRange.Of(partition, RowKeys.Outbox)).ToList();
                var turns = new OutboxTurns(_time.GetUtcNow());
                var rows = await _merge.FirstAsync(
                    ranges,
                    null,
                    Columns.ForOutbox,
                    limit,
                    token,
                    row => RowKeys.TryReadEvent(row.RowKey) is not { } key
                        || turns.Admits(new(RowKeys.SourceOf(row.PartitionKey), key.Id), row.Number(Columns.Refusals) ?? 0, row.Time(Columns.RetryAt)));
                var (events, _) = await FillAsync<OutboxEvent>(
                    rows,
                    async (row, each) => BodyColumns.HasShortText(row) ? row : await RowAsync(row.PartitionKey, row.RowKey, null, each),
                    row => ReadEvent(row) is var pending ? (pending, pending.Body.Length) : null,
                    token);
                return events;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) => await AskAsync(
        async token =>
        {
            var partitions = published.GroupBy(
                gone => RowKeys.Partition(gone.Key, _options.Buckets),
                gone => RowKeys.Event(gone.Time, gone.Key.Id, gone.Version));
            await EachAsync(partitions, async (rows, each) => await DeleteAsync(rows.Key, rows.Distinct(), each), token);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => await AskAsync(
        async token =>
        {
            await EachAsync(
                refused,
                async (one, each) =>
                {
                    var row = new TableEntity(RowKeys.Partition(one.Key, _options.Buckets), RowKeys.Event(one.Time, one.Key.Id, one.Version))
                    {
                        [Columns.Refusals] = one.Refusals,
                        [Columns.RetryAt] = one.RetryAt,
                    };
                    try
                    {
                        await _table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, each);
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
    /// <remarks>The service answers a page after so many rows that it looked at, refused or not. The newest of very many are not counted.</remarks>
    public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            var count = 0L;
            await EachAsync(
                await PartitionsAsync(null, token),
                async (partition, each) =>
                {
                    var filter = RowRange.Of(partition, RowKeys.Outbox).Filter($"{Columns.Refusals} ge 1");
                    var pages = 0;
                    await foreach (var page in _table.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: each).AsPages())
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
    /// <remarks>The rows of a partition are in the order of their times, so its first has the oldest event, however many follow.</remarks>
    public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            var (count, oldest) = (0L, (DateTimeOffset?)null);
            var gate = new Lock();
            await EachAsync(
                await PartitionsAsync(null, token),
                async (partition, each) =>
                {
                    var filter = RowRange.Of(partition, RowKeys.Outbox).Filter();
                    await foreach (var row in _table.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: each))
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

    private static TableEntity EventRow(string partition, OutboxEvent @event)
    {
        var row = new TableEntity(partition, RowKeys.Event(@event.Time, @event.Key.Id, @event.Version))
        {
            [Columns.Source] = @event.Key.Source,
            [Columns.EventId] = @event.Id,
            [Columns.Type] = @event.Type,
            [Columns.Redaction] = CommandRedaction.Version,
        };
        if (!BodyColumns.TryWriteText(row, @event.Body.Span) && !EventCut.Shorter(@event.Body).Any(cloudEvent => BodyColumns.TryWriteText(row, EventCut.ToBody(cloudEvent))))
            throw new InvalidDataException("An event does not fit into a row even without its items.");
        return row;
    }

    private static OutboxEvent ReadEvent(TableEntity row)
    {
        if (RowKeys.TryReadEvent(row.RowKey) is not var (time, id, version))
        {
            return new OutboxEvent
            {
                Id = "",
                Key = new(RowKeys.SourceOf(row.PartitionKey), ""),
                Version = 0,
                Type = "",
                Time = default,
                Body = default,
                Problem = "its row key is not one of an event",
            };
        }

        var one = new OutboxEvent
        {
            Id = row.Text(Columns.EventId) ?? "",
            Key = new(RowKeys.SourceOf(row.PartitionKey), id),
            Version = version,
            Type = row.Text(Columns.Type) ?? "",
            Time = time,
            Body = default,
            Refusals = row.Number(Columns.Refusals) ?? 0,
            RetryAt = row.Time(Columns.RetryAt),
        };
        if (one.Id.Length == 0 || one.Type.Length == 0)
            return one with { Problem = "its row lacks a column" };
        if (BodyColumns.TryReadText(row) is not { } stored)
            return one with { Problem = "its body is damaged" };
        var (body, problem) = StoredEvent.Read(stored, row.Number(Columns.Redaction) ?? 0);
        return one with { Body = body, Problem = problem };
    }
}
