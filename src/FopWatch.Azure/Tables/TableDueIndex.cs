using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>The due index: a row for each watched job, sorted by time.</summary>
internal sealed class TableDueIndex(TableGateway table) : IDueIndex
{
    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken)
    {
        var from = after is { } last ? RowKeys.After(RowKeys.DueAt(last.DueAt, last.Key.Id)) : RowKeys.Due;
        return ReadDueAsync(source, from, RowKeys.EndOf(RowKeys.DueFrom(by.UtcTicks)), limit, cancellationToken);
    }

    public async ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) =>
        await ReadDueAsync(source, RowKeys.DueFrom(after.UtcTicks + 1), RowKeys.EndOf(RowKeys.Due), 1, cancellationToken) is [var first]
            ? first.DueAt
            : null;

    private ValueTask<IReadOnlyList<DueJob>> ReadDueAsync(string source, string from, string until, int limit, CancellationToken cancellationToken) =>
        TableFailures.AskAsync<IReadOnlyList<DueJob>>(
            async token =>
            {
                var ranges = table.Partitions(source).Select(partition => new RowRange(partition, from, until)).ToList();
                var due = await table.FirstAsync(ranges, null, Columns.Keys, limit, token, row => RowKeys.IsDue(row.RowKey));
                return [.. due.Select(row => RowKeys.ReadDue(row.RowKey)).Select(one => new DueJob(new(source, one.Id), one.Time))];
            },
            cancellationToken);
}
