using Azure;
using Azure.Data.Tables;
using FopWatch.Jobs;
using FopWatch.Statistics;

namespace FopWatch.Azure.Tables;

/// <summary>
/// Statistics: a partition for each source, with a row for each hour and one for each class. An addition is a query and a transaction, and both again
/// where another process was first.
/// </summary>
internal sealed class TableStatistics(TableGateway table) : IStatistics
{
    private const string Sums = "Sums";
    private const string Known = "Ages";
    private const string Ids = "Ids";

    // More processes than add to one source within the time that an addition takes.
    private const int MostConflicts = 10;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
        TableFailures.AskAsync<IReadOnlyList<StatisticsHour>>(
            async token =>
            {
                // The keys count down.
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

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token => StatisticsRows.Read((await ClassesAsync(RowKeys.Statistics(source), token)).Select(AgesOf), now), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            await table.EachAsync(await table.SourcesAsync(token), async (source, each) => await PurgeAsync(RowKeys.Statistics(source), before, each), token);
            return true;
        },
        cancellationToken);

    private async Task<bool> TryAddAsync(StatisticsDelta delta, CancellationToken cancellationToken)
    {
        await table.RecordSourceAsync(delta.Source, cancellationToken);
        var partition = RowKeys.Statistics(delta.Source);
        var end = delta.Hours.Count > 0 ? RowKeys.After(RowKeys.Hour(delta.Hours.Keys.Min())) : RowKeys.EndOf(RowKeys.Additions);
        var rows = new Dictionary<string, TableEntity>(StringComparer.Ordinal);
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(new RowRange(partition, RowKeys.Ages, end).Filter(), cancellationToken: cancellationToken))
            rows[row.RowKey] = row;

        var stored = new StatisticsRows(
            rows.GetValueOrDefault(RowKeys.Additions)?.Text(Ids) ?? "",
            delta.Hours.Keys.Select(hour => (hour, Sums: rows.GetValueOrDefault(RowKeys.Hour(hour))?.Text(Sums)))
                .Where(row => row.Sums is not null)
                .ToDictionary(row => row.hour, row => row.Sums!),
            rows.Values.Where(row => row.RowKey.StartsWith(RowKeys.Ages, StringComparison.Ordinal)).Select(AgesOf).ToDictionary(StringComparer.Ordinal));
        if (stored.Changed(delta) is not { } changed)
            return true;

        List<TableTransactionAction> actions =
        [
            Action(RowKeys.Additions, Ids, changed.Additions),
            .. changed.Hours.Select(hour => Action(RowKeys.Hour(hour.Key), Sums, hour.Value)),
            .. changed.Ages.Select(one => Action(RowKeys.Class(one.Key), Known, one.Value)),
        ];
        try
        {
            await table.SubmitAsync(actions, cancellationToken);
            return true;
        }
        catch (RequestFailedException other) when (other.IsConflict())
        {
            // Or it is this very addition, whose answer was lost: its id says so.
            return false;
        }

        TableTransactionAction Action(string rowKey, string column, object value) => rows.TryGetValue(rowKey, out var row)
            ? new(TableTransactionActionType.UpdateMerge, new TableEntity(partition, rowKey) { [column] = value }, row.ETag)
            : new(TableTransactionActionType.Add, new TableEntity(partition, rowKey) { [column] = value });
    }

    private async Task<List<TableEntity>> ClassesAsync(string partition, CancellationToken cancellationToken)
    {
        var classes = new List<TableEntity>();
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Ages).Filter(), cancellationToken: cancellationToken))
            classes.Add(row);
        return classes;
    }

    private async Task PurgeAsync(string partition, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var hours = new RowRange(partition, RowKeys.After(RowKeys.Hour(before)), RowKeys.EndOf(RowKeys.Hours));
        await foreach (var page in table.Rows.QueryAsync<TableEntity>(hours.Filter(), select: Columns.Keys, cancellationToken: cancellationToken).AsPages())
            await table.DeleteAsync(partition, page.Values.Select(row => row.RowKey), cancellationToken);
        foreach (var row in await ClassesAsync(partition, cancellationToken))
        {
            if (!StatisticsRows.IsOld(AgesOf(row).Value, before))
                continue;
            try
            {
                (await table.Rows.DeleteEntityAsync(partition, row.RowKey, row.ETag, cancellationToken)).ThrowIfTableIsMissing();
            }
            catch (RequestFailedException other) when (other.IsConflict())
            {
                // Something was added meanwhile, so it is not old.
            }
        }
    }

    private static KeyValuePair<string, byte[]> AgesOf(TableEntity row) => new(RowKeys.ClassOf(row.RowKey), row.Bytes(Known) ?? []);
}
