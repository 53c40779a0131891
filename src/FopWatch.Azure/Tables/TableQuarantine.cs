using Azure.Data.Tables;
using FopWatch.Intake;
using FopWatch.Jobs;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

/// <summary>The quarantine: a row for each notification, and further rows for the pieces of a long body.</summary>
internal sealed class TableQuarantine(TableGateway table) : IQuarantine
{
    // The number of pieces of a body sent concurrently. Each has nearly 1 MiB on the wire.
    private const int ChunksAtOnce = 4;

    // More than the largest body has.
    private const int MaxChunks = 1000;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The key is empty or longer than 240 bytes.</exception>
    public async ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            var rowKey = RowKeys.Notification(notification.Key)
                ?? throw new ArgumentException("The key of a notification is 1 to 240 bytes long.", nameof(notification));
            await table.RecordSourceAsync(notification.Source, token);
            var row = NotificationRows.Of(rowKey, notification, out var headBytes);

            // Pieces are written before the row that refers to them, so an interruption leaves only leftovers for the purge.
            var length = notification.Body.Length;
            var chunks = length + headBytes <= BodyColumns.MaxBytes ? 0 : ((length - 1) / BodyColumns.MaxBytes) + 1;
            row[Columns.Chunks] = chunks;
            if (chunks == 0)
                BodyColumns.WriteBytes(row, notification.Body.Span);
            await Parallel.ForAsync(
                0,
                chunks,
                new ParallelOptions { MaxDegreeOfParallelism = ChunksAtOnce, CancellationToken = token },
                async (number, each) => await WriteChunkAsync(row.PartitionKey, rowKey, number, notification.Body, each));

            try
            {
                await table.Rows.AddEntityAsync(row, token);
            }
            catch (RequestFailedException same) when (same.IsExistingRow())
            {
                // The same key means the same notification.
            }

            return true;
        },
        cancellationToken);

    public ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            if (RowKeys.Notification(key) is not { } rowKey)
                return null;

            if (await RowAsync(rowKey, select: null, token) is not (_, { } row))
                return null;
            var (notification, isDamaged) = await ReadNotificationAsync(row, token);
            return isDamaged
                ? throw new UnreadableNotificationException("A notification in quarantine cannot be read: its row is damaged.")
                : notification;
        },
        cancellationToken);

    public ValueTask<string?> SourceOfAsync(string key, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token => RowKeys.Notification(key) is { } rowKey ? (await RowAsync(rowKey, Columns.Keys, token)).Source : null,
        cancellationToken);

    public ValueTask<Page<QuarantinedNotification>> ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        var after = continuation is null ? (PageEnd?)null : PageEnd.Read(continuation, RowKeys.IsNotification);
        return TableFailures.AskAsync(
            async token =>
            {
                // Keys are unique, so the row key alone identifies the end of a page.
                var from = after is { } end ? RowKeys.After(end.RowKey) : RowKeys.Quarantined;
                var ranges = (sources ?? await table.SourcesAsync(token))
                    .Select(one => new RowRange(RowKeys.Quarantine(one), from, RowKeys.EndOf(RowKeys.Quarantined)))
                    .ToList();
                var rows = await table.FirstAsync(ranges, null, Columns.ForQuarantine, top == int.MaxValue ? top : top + 1, token, row => RowKeys.IsNotification(row.RowKey));
                var (page, unreadable, bytes) = (new List<QuarantinedNotification>(), new List<string>(), 0L);
                for (var i = 0; i < rows.Count; i++)
                {
                    if (i == top || bytes >= PageLimit.Bytes)
                    {
                        var next = new PageEnd(rows[i - 1].RowKey, rows[i - 1].PartitionKey).ToContinuation();
                        return new Page<QuarantinedNotification>(page, next) { Unreadable = unreadable };
                    }

                    if (await WithBodyAsync(rows[i], token) is not { } row)
                        continue;
                    var (notification, isDamaged) = await ReadNotificationAsync(row, token);
                    if (isDamaged)
                        unreadable.Add(RowKeys.KeyOfNotification(row.RowKey));
                    if (notification is null)
                        continue;
                    page.Add(notification);
                    bytes += notification.Body.Length;
                }

                return new Page<QuarantinedNotification>(page, null) { Unreadable = unreadable };
            },
            cancellationToken);
    }

    public async ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            if (RowKeys.Notification(key) is not { } rowKey)
                return false;

            await table.EachAsync(
                await table.SourcesAsync(token),
                async (source, each) =>
                {
                    var partition = RowKeys.Quarantine(source);
                    if (await table.RowAsync(partition, rowKey, Columns.ForChunks, each) is not { } row)
                        return;
                    await table.DeleteAsync(partition, rowKey, each);
                    var chunks = Enumerable.Range(0, row.Number(Columns.Chunks) ?? 0).Select(number => RowKeys.Chunk(rowKey, number));
                    await table.DeleteAsync(partition, chunks, each);
                },
                token);
            return true;
        },
        cancellationToken);

    public ValueTask<long> CountAsync(CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var count = 0L;
            await table.EachAsync(
                await table.SourcesAsync(token),
                async (source, each) =>
                {
                    var filter = RowRange.Of(RowKeys.Quarantine(source), RowKeys.Quarantined).Filter();
                    await foreach (var _ in table.Rows.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: each))
                        Interlocked.Increment(ref count);
                },
                token);
            return count;
        },
        cancellationToken);

    public ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var size = new QuarantineSize(0, 0);
            var filter = RowRange.Of(RowKeys.Quarantine(source), RowKeys.Quarantined).Filter();
            await foreach (var row in table.Rows.QueryAsync<TableEntity>(filter, select: Columns.ForSize, cancellationToken: token))
                size = new(size.Notifications + 1, size.Bytes + (row.Number(Columns.Size) ?? 0));
            return size;
        },
        cancellationToken);

    /// <summary>The row of a notification and the source of its partition; null if there is none.</summary>
    private async Task<(string? Source, TableEntity? Row)> RowAsync(string rowKey, IEnumerable<string>? select, CancellationToken cancellationToken)
    {
        var found = new List<(string Source, TableEntity Row)>();
        await table.EachAsync(
            await table.SourcesAsync(cancellationToken),
            async (source, each) =>
            {
                if (await table.RowAsync(RowKeys.Quarantine(source), rowKey, select, each) is not { } row)
                    return;
                lock (found)
                    found.Add((source, row));
            },
            cancellationToken);
        return found.Count == 0 ? default : found[0];
    }

    private async Task WriteChunkAsync(string partition, string rowKey, int number, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var chunk = new TableEntity(partition, RowKeys.Chunk(rowKey, number)) { ["WrittenAt"] = table.Time.GetUtcNow() };
        var start = number * BodyColumns.MaxBytes;
        BodyColumns.WriteBytes(chunk, body.Span[start..Math.Min(start + BodyColumns.MaxBytes, body.Length)]);
        await table.Rows.UpsertEntityAsync(chunk, TableUpdateMode.Replace, cancellationToken);
    }

    /// <summary>The row of a notification with its body, if the list did not contain it.</summary>
    /// <returns>Null if it was removed in the meantime.</returns>
    private async Task<TableEntity?> WithBodyAsync(TableEntity listed, CancellationToken cancellationToken) =>
        listed.Number(Columns.Chunks) > 0 || listed.Number(Columns.Size) <= BodyColumns.ShortBytes
            ? listed
            : await table.RowAsync(listed.PartitionKey, listed.RowKey, null, cancellationToken);

    /// <returns>The notification; null if it was removed in the meantime, or if its rows are damaged.</returns>
    private async Task<(QuarantinedNotification? Notification, bool IsDamaged)> ReadNotificationAsync(TableEntity row, CancellationToken cancellationToken)
    {
        if (row.Number(Columns.Chunks) is not (>= 0 and <= MaxChunks and var chunks) || row.Number(Columns.Size) is not { } size)
            return (null, true);

        var pieces = new byte[chunks][];
        await Parallel.ForAsync(
            0,
            chunks,
            new ParallelOptions { MaxDegreeOfParallelism = ChunksAtOnce, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                if (await table.RowAsync(row.PartitionKey, RowKeys.Chunk(row.RowKey, number), null, token) is { } chunk)
                    pieces[number] = BodyColumns.ReadBytes(chunk);
            });
        if (pieces.Any(piece => piece is null))
        {
            // Either it was removed in the meantime, first the row and then the pieces; or only the pieces are lost.
            var isThere = await table.RowAsync(row.PartitionKey, row.RowKey, Columns.Keys, cancellationToken) is not null;
            return (null, isThere);
        }

        var body = chunks == 0 ? BodyColumns.ReadBytes(row) : [.. pieces.SelectMany(piece => piece)];
        var notification = body.Length == size ? NotificationRows.TryRead(row, body) : null;
        return (notification, notification is null);
    }
}
