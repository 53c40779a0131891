using Azure.Data.Tables;
using FopWatch.Clocks;

namespace FopWatch.Azure.Tables;

/// <summary>The progress of purges, in a row of the table.</summary>
internal sealed class TablePurgeMarks(TableClient table) : IPurgeMarks
{
    private const string PurgedBefore = "PurgedBefore";
    private const string DoubtedBefore = "DoubtedBefore";

    public ValueTask<PurgeMark> ReadAsync(CancellationToken cancellationToken) => TableFailures.AskAsync(
        async _ =>
        {
            var row = await table.GetEntityIfExistsAsync<TableEntity>(RowKeys.TablePartition, RowKeys.PurgeMark, cancellationToken: cancellationToken);
            row.GetRawResponse().ThrowIfTableIsMissing();
            return row is { HasValue: true, Value: { } mark } ? new(mark.Time(PurgedBefore), mark.Time(DoubtedBefore)) : PurgeMark.None;
        },
        cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Two hosts that write concurrently have read the same clock, so either may be the last.</remarks>
    public async ValueTask WriteAsync(PurgeMark mark, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async _ =>
        {
            var row = new TableEntity(RowKeys.TablePartition, RowKeys.PurgeMark);
            if (mark.PurgedBefore is { } purged)
                row[PurgedBefore] = purged;
            if (mark.DoubtedBefore is { } doubted)
                row[DoubtedBefore] = doubted;
            await table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken);
            return true;
        },
        cancellationToken);
}
