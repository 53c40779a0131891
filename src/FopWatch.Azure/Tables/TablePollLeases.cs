using System.Globalization;
using Azure;
using Azure.Data.Tables;
using FopWatch.PollLimits;

namespace FopWatch.Azure.Tables;

/// <summary>The leases of the sources' poll rates, a row for each source. All times are from the service's answers.</summary>
internal sealed class TablePollLeases(TableClient table, TimeProvider time) : IPollLeases
{
    private const string Column = "Leases";

    public ValueTask<PollLeaseBook> ReadAsync(string source, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async _ =>
        {
            var row = await table.GetEntityIfExistsAsync<TableEntity>(RowKeys.TablePartition, RowKeys.PollLeases(source), [Column], cancellationToken);
            var answer = row.GetRawResponse().ThrowIfTableIsMissing();
            var now = answer.Headers.Date ?? time.GetUtcNow();
            return row is { HasValue: true, Value: { } lease }
                ? new(Parse(lease.Text(Column)), lease.ETag.ToString(), now)
                : new PollLeaseBook([], null, now);
        },
        cancellationToken);

    public ValueTask<bool> TryReplaceAsync(string source, IReadOnlyList<PollLease> leases, string? etag, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async _ =>
        {
            var row = new TableEntity(RowKeys.TablePartition, RowKeys.PollLeases(source)) { [Column] = Text(leases) };
            try
            {
                await (etag is null
                    ? table.AddEntityAsync(row, cancellationToken)
                    : table.UpdateEntityAsync(row, new ETag(etag), TableUpdateMode.Replace, cancellationToken));
                return true;
            }
            catch (RequestFailedException other) when (other.IsConflict())
            {
                // Or this write succeeded and its answer was lost: then the next read shows it.
                return false;
            }
        },
        cancellationToken);

    private static string Text(IEnumerable<PollLease> leases) => string.Join(
        ';', leases.Select(lease => string.Create(CultureInfo.InvariantCulture, $"{lease.Owner} {lease.Polls} {lease.Until.ToUnixTimeMilliseconds()}")));

    /// <summary>Other text was not written by this class and is ignored.</summary>
    private static List<PollLease> Parse(string? text)
    {
        var leases = new List<PollLease>();
        foreach (var one in (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.Split(' ') is [var owner, var polls, var until]
                && int.TryParse(polls, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
                && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            {
                leases.Add(new(owner, count, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)));
            }
        }

        return leases;
    }
}
