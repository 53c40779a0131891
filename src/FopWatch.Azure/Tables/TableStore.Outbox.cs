using Azure.Data.Tables;
using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    /// <inheritdoc/>
    /// <remarks>A row that was damaged holds up no other: it stays, and shows in the depth and the age of the outbox.</remarks>
    public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<OutboxEvent>>(
            async token =>
            {
                var ranges = (await PartitionsAsync(null, token)).Select(partition => RowRange.Of(partition, RowKeys.Outbox)).ToList();
                var rows = await _merge.FirstAsync(ranges, null, Columns.ForOutbox, limit, token);
                var (events, _) = await FillAsync<OutboxEvent>(
                    rows,
                    async (row, each) => BodyColumns.HasShortText(row) ? row : await RowAsync(row.PartitionKey, row.RowKey, null, each),
                    row => TryReadEvent(row) is { } pending ? (pending, pending.Body.Length) : null,
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
                        var time = RowKeys.ReadEvent(row.RowKey).Time;
                        lock (gate)
                            (count, oldest) = (count + 1, time < oldest ? time : oldest ?? time);
                    }
                },
                token);
            return (count, oldest);
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

    private static OutboxEvent? TryReadEvent(TableEntity row)
    {
        try
        {
            var (time, id, version) = RowKeys.ReadEvent(row.RowKey);
            return row.GetString(Columns.EventId) is not { } eventId || row.GetString(Columns.Source) is not { } source || row.GetString(Columns.Type) is not { } type
                ? null
                : new()
                {
                    Id = eventId,
                    Key = new(source, id),
                    Version = version,
                    Type = type,
                    Time = time,
                    Body = EventRedaction.Redacted(BodyColumns.ReadText(row), row.GetInt32(Columns.Redaction) ?? 0),
                };
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
