using Azure;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>The runs of a timer.</summary>
/// <param name="Name">The timer.</param>
/// <param name="Since">When an instance first checked whether it runs.</param>
/// <param name="RanAt">When it last ran; null if it has not run yet.</param>
/// <param name="TakenUntil">Until when an instance has taken its work.</param>
public sealed record TimerRun(string Name, DateTimeOffset Since, DateTimeOffset? RanAt, DateTimeOffset? TakenUntil)
{
    /// <summary>The version of the row.</summary>
    internal ETag ETag { get; init; }
}

/// <summary>The runs of an app's timers, a row for each, shared by all its instances.</summary>
public sealed class TableTimerRuns
{
    private const string Since = "Since";
    private const string RanAt = "RanAt";
    private const string TakenUntil = "TakenUntil";

    private readonly TableClient _table;
    private readonly TimeProvider _time;

    internal TableTimerRuns(TableClient table, TimeProvider time) => (_table, _time) = (table, time);

    /// <summary>All timers that have been checked or have run.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    public ValueTask<IReadOnlyList<TimerRun>> ReadAsync(CancellationToken cancellationToken) => TableFailures.AskAsync<IReadOnlyList<TimerRun>>(
        async _ =>
        {
            var runs = new List<TimerRun>();
            var filter = RowRange.Of(RowKeys.TablePartition, RowKeys.Timers).Filter();
            await foreach (var row in _table.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
            {
                var ranAt = row.GetDateTimeOffset(RanAt);
                var since = row.GetDateTimeOffset(Since) ?? ranAt ?? _time.GetUtcNow();
                runs.Add(new(row.RowKey[RowKeys.Timers.Length..], since, ranAt, row.GetDateTimeOffset(TakenUntil)) { ETag = row.ETag });
            }

            return runs;
        },
        cancellationToken);

    /// <summary>Records that a timer runs now.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    public ValueTask<bool> RanAsync(string timer, CancellationToken cancellationToken) => MergeAsync(timer, RanAt, _time.GetUtcNow(), cancellationToken);

    /// <summary>Records the first check of an unknown timer.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    public ValueTask<bool> LookedForAsync(string timer, CancellationToken cancellationToken) => MergeAsync(timer, Since, _time.GetUtcNow(), cancellationToken);

    /// <summary>Takes the work of a timer, or gives it back, unless another instance was first or the timer has run.</summary>
    /// <returns>The timer's new state; null if the work was not taken.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now. It may have been taken.</exception>
    public ValueTask<TimerRun?> TryTakeAsync(TimerRun run, DateTimeOffset until, CancellationToken cancellationToken) => TableFailures.AskAsync<TimerRun?>(
        async _ =>
        {
            var row = new TableEntity(RowKeys.TablePartition, RowKeys.Timer(run.Name)) { [TakenUntil] = until };
            try
            {
                var answer = await _table.UpdateEntityAsync(row, run.ETag, TableUpdateMode.Merge, cancellationToken);
                return run with { TakenUntil = until, ETag = answer.Headers.ETag ?? throw new InvalidDataException("A written row has no ETag.") };
            }
            catch (RequestFailedException other) when (other.IsConflict())
            {
                // Or this write succeeded and its answer was lost: then nobody does the work until its time is over.
                return null;
            }
        },
        cancellationToken);

    private ValueTask<bool> MergeAsync(string timer, string column, DateTimeOffset time, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async _ =>
        {
            var row = new TableEntity(RowKeys.TablePartition, RowKeys.Timer(timer)) { [column] = time };
            await _table.UpsertEntityAsync(row, TableUpdateMode.Merge, cancellationToken);
            return true;
        },
        cancellationToken);
}
