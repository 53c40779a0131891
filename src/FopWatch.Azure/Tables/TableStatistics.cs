using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using FopWatch.Jobs;
using FopWatch.Statistics;

namespace FopWatch.Azure.Tables;

/// <summary>
/// Statistics: a partition for each source, with a row for each hour and one for each class. An addition takes a query, a read of each of its hours (mostly one),
/// and a transaction. If another process was first, all are repeated.
/// </summary>
internal sealed class TableStatistics(TableGateway table) : IStatistics
{
    private const string Sums = "Sums";
    private const string Known = "Ages";
    private const string Ids = "Ids";
    private const string Latest = "Latest";

    // More than the number of processes that add to one source during an addition.
    private const int MostConflicts = 10;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    public async ValueTask AddAsync(StatisticsDelta delta, CancellationToken cancellationToken)
    {
        for (var conflicts = 1; ; conflicts++)
        {
            if (await TableFailures.AskAsync(token => TryAddAsync(delta, token), cancellationToken))
                return;
            if (conflicts == MostConflicts)
                throw new StoreUnavailableException($"The statistics of a source were changed by others {MostConflicts} times in a row.");
            await Task.Delay(LongestPause * Random.Shared.NextDouble(), table.Time, cancellationToken);
        }
    }

    public ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
        TableFailures.AskAsync<IReadOnlyList<StatisticsHour>>(
            async token =>
            {
                // Keys decrease with time.
                var range = new RowRange(RowKeys.Statistics(source), RowKeys.Hour(before.AddTicks(-1)), RowKeys.After(RowKeys.Hour(from)));
                var hours = new List<StatisticsHour>();
                await foreach (var row in table.Rows.QueryAsync<TableEntity>(range.Filter(), cancellationToken: token))
                {
                    if (RowKeys.HourOf(row.RowKey) is { } hour)
                        hours.Add(new(source, hour, HourSums.FromJson(row.Text(Sums))));
                }

                hours.Reverse();
                return hours;
            },
            cancellationToken);

    public ValueTask<LatestActivity> ReadLatestAsync(string source, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token => LatestActivity.Read((await table.RowAsync(RowKeys.Statistics(source), RowKeys.Additions, [Latest], token))?.Text(Latest)), cancellationToken);

    public ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token => StatisticsRows.Read((await RowsAsync(RowRange.Of(RowKeys.Statistics(source), RowKeys.Ages), token)).Select(AgesOf), now), cancellationToken);

    public async ValueTask PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            await table.EachAsync(await table.SourcesAsync(token), async (source, each) => await PurgeAsync(RowKeys.Statistics(source), now, each), token);
            return true;
        },
        cancellationToken);

    private async Task<bool> TryAddAsync(StatisticsDelta delta, CancellationToken cancellationToken)
    {
        await table.RecordSourceAsync(delta.Source, cancellationToken);
        var partition = RowKeys.Statistics(delta.Source);
        var hours = new ConcurrentBag<TableEntity>();
        var reading = table.EachAsync(
            delta.Hours.Keys,
            async (hour, token) =>
            {
                if (await table.RowAsync(partition, RowKeys.Hour(hour), null, token) is { } row)
                    hours.Add(row);
            },
            cancellationToken);
        var known = RowsAsync(new(partition, RowKeys.Ages, RowKeys.EndOf(RowKeys.Additions)), cancellationToken);
        await Task.WhenAll(reading, known);
        var rows = hours.Concat(await known).ToDictionary(row => row.RowKey, StringComparer.Ordinal);

        var stored = new StatisticsRows(
            rows.GetValueOrDefault(RowKeys.Additions)?.Text(Ids) ?? "",
            delta.Hours.Keys.Select(hour => (hour, Sums: rows.GetValueOrDefault(RowKeys.Hour(hour))?.Text(Sums)))
                .Where(row => row.Sums is not null)
                .ToDictionary(row => row.hour, row => row.Sums!),
            rows.Values.Where(row => row.RowKey.StartsWith(RowKeys.Ages, StringComparison.Ordinal)).Select(AgesOf).ToDictionary(StringComparer.Ordinal))
        {
            Latest = rows.GetValueOrDefault(RowKeys.Additions)?.Text(Latest) ?? "",
        };
        if (stored.Changed(delta) is not { } changed)
            return true;

        List<TableTransactionAction> actions =
        [
            Action(RowKeys.Additions, (Ids, changed.Additions), (Latest, changed.Latest)),
            .. changed.Hours.Select(hour => Action(RowKeys.Hour(hour.Key), (Sums, hour.Value))),
            .. changed.Ages.Select(one => Action(RowKeys.Class(one.Key), (Known, one.Value))),
            .. changed.Dropped.Select(name => new TableTransactionAction(
                TableTransactionActionType.Delete, new TableEntity(partition, RowKeys.Class(name)), rows[RowKeys.Class(name)].ETag)),
        ];
        try
        {
            await table.SubmitAsync(actions, cancellationToken);
            return true;
        }
        catch (RequestFailedException other) when (other.IsConflict())
        {
            // Or this addition succeeded and its answer was lost, which its id shows.
            return false;
        }

        TableTransactionAction Action(string rowKey, params ReadOnlySpan<(string Name, object Value)> columns)
        {
            var written = new TableEntity(partition, rowKey);
            foreach (var (name, value) in columns)
                written[name] = value;
            return rows.TryGetValue(rowKey, out var row)
                ? new(TableTransactionActionType.UpdateMerge, written, row.ETag)
                : new(TableTransactionActionType.Add, written);
        }
    }

    private async Task<List<TableEntity>> RowsAsync(RowRange range, CancellationToken cancellationToken)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(range.Filter(), cancellationToken: cancellationToken))
            rows.Add(row);
        return rows;
    }

    private async Task PurgeAsync(string partition, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (first, last) = StatisticsRows.Kept(now);
        await DeleteAsync(new(partition, RowKeys.After(RowKeys.Hour(first)), RowKeys.EndOf(RowKeys.Hours)), cancellationToken);
        await DeleteAsync(new(partition, RowKeys.Hours, RowKeys.Hour(last)), cancellationToken);
        foreach (var row in await RowsAsync(RowRange.Of(partition, RowKeys.Ages), cancellationToken))
        {
            if (!StatisticsRows.IsOld(AgesOf(row).Value, now))
                continue;
            try
            {
                (await table.Rows.DeleteEntityAsync(partition, row.RowKey, row.ETag, cancellationToken)).ThrowIfTableIsMissing();
            }
            catch (RequestFailedException other) when (other.IsConflict())
            {
                // Something was added in the meantime, so the row is not old.
            }
        }
    }

    private async Task DeleteAsync(RowRange hours, CancellationToken cancellationToken)
    {
        await foreach (var page in table.Rows.QueryAsync<TableEntity>(hours.Filter(), select: Columns.Keys, cancellationToken: cancellationToken).AsPages())
            await table.DeleteAsync(hours.Partition, page.Values.Select(row => row.RowKey), cancellationToken);
    }

    private static KeyValuePair<string, byte[]> AgesOf(TableEntity row) => new(RowKeys.ClassOf(row.RowKey), row.Bytes(Known) ?? []);
}
