using Azure.Data.Tables;
using FopWatch.Jobs;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

/// <summary>
/// Adds words to the jobs of earlier versions. During a rollout, instances of the old version still write jobs without words, so the last pass over a partition
/// starts a day after the first instance of the new version. Until then, searches go through the list.
/// </summary>
public sealed class WordsBackfill
{
    private const string From = "From";
    private const string IsDone = "IsDone";
    private const string HasPassed = "HasPassed";
    private const string BeganAt = "BeganAt";
    private const string UpTo = "UpTo";

    // A job that changes more often than this during the pass is written with its words.
    private const int MostTries = 3;

    private readonly TableGateway _table;
    private DateTimeOffset? _from;

    internal WordsBackfill(TableGateway table, TableLayout layout) => (_table, _from) = (table, layout.WordsFrom);

    /// <summary>Whether all jobs had their words at the last check.</summary>
    internal bool IsComplete => _from is null;

    /// <summary>Adds words to jobs without words, within a time limit. The next call continues.</summary>
    /// <param name="longest">The time after which no further job is started.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Whether all jobs have their words.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have their words.</exception>
    public ValueTask<bool> RunAsync(TimeSpan longest, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            if (await CheckCompleteAsync(token) || _from is not { } from)
                return true;

            var (began, areAll) = (_table.Time.GetTimestamp(), true);
            foreach (var partition in await _table.PartitionsAsync(sources: null, token))
                areAll &= _table.Time.GetElapsedTime(began) < longest && await PassAsync(partition, from, () => _table.Time.GetElapsedTime(began) >= longest, token);
            if (areAll)
            {
                await _table.Rows.UpsertEntityAsync(MarkOf(from, isComplete: true), TableUpdateMode.Replace, token);
                _from = null;
            }

            return areAll;
        },
        cancellationToken);

    /// <summary>Whether all jobs have their words. Costs a request until they have.</summary>
    internal async Task<bool> CheckCompleteAsync(CancellationToken cancellationToken)
    {
        if (_from is not null && await _table.RowAsync(RowKeys.TablePartition, RowKeys.WordsMark, null, cancellationToken) is { } mark)
            _from = IncompleteFrom(mark);
        return IsComplete;
    }

    /// <summary>The row with the time from which on jobs have words.</summary>
    internal static TableEntity MarkOf(DateTimeOffset from, bool isComplete) =>
        new(RowKeys.TablePartition, RowKeys.WordsMark) { [From] = from, [IsDone] = isComplete };

    /// <summary>Since when jobs have words; null if all have.</summary>
    internal static DateTimeOffset? IncompleteFrom(TableEntity mark) =>
        mark.Flag(IsDone) == true ? null : mark.Time(From) ?? DateTimeOffset.MinValue;

    /// <returns>Whether all jobs of the partition have their words.</returns>
    private async Task<bool> PassAsync(string partition, DateTimeOffset from, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (rowKey, now) = (RowKeys.WordsMarks + partition, _table.Time.GetUtcNow());
        var mark = await _table.RowAsync(RowKeys.TablePartition, rowKey, null, cancellationToken);
        if (mark?.Flag(IsDone) == true)
            return true;
        var isRolledOut = now >= from + TableReferences.Rollout;
        if (mark?.Flag(HasPassed) == true && !isRolledOut)
            return false;

        var beganAt = mark?.Time(BeganAt) ?? now;
        var range = new RowRange(partition, mark?.Text(UpTo) is { } upTo ? RowKeys.After(upTo) : RowKeys.Listed, RowKeys.EndOf(RowKeys.Listed));
        await foreach (var page in _table.Rows.QueryAsync<TableEntity>(range.Filter(), select: Columns.ForWords, cancellationToken: cancellationToken).AsPages())
        {
            await _table.EachAsync(page.Values.Where(row => RowKeys.IsListed(row.RowKey) && StoredWords.Read(row) is null), AddAsync, cancellationToken);
            if (page.Values.Count == 0 || !isOver())
                continue;
            await MarkAsync(new(RowKeys.TablePartition, rowKey) { [BeganAt] = beganAt, [UpTo] = page.Values[^1].RowKey });
            return false;
        }

        var isDone = beganAt >= from + TableReferences.Rollout;
        await MarkAsync(new(RowKeys.TablePartition, rowKey) { [IsDone] = isDone, [HasPassed] = true });
        return isDone;

        Task MarkAsync(TableEntity row) => _table.Rows.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    private async ValueTask AddAsync(TableEntity listed, CancellationToken cancellationToken)
    {
        var (partition, id) = (listed.PartitionKey, RowKeys.ReadListed(listed.RowKey).Id);
        for (var tries = 0; tries < MostTries; tries++)
        {
            if (await _table.RowAsync(partition, RowKeys.Job(id), null, cancellationToken) is not { } row
                || JobRows.TryRead(row, JobRows.KeyOf(row), out var job, out _) is null)
            {
                return;
            }

            var words = StoredWords.Write(JobWords.Of(job!));
            try
            {
                await _table.SubmitAsync(
                    [
                        new(TableTransactionActionType.UpdateMerge, new TableEntity(partition, row.RowKey) { [Columns.Words] = words }, row.ETag),
                        new(TableTransactionActionType.UpdateMerge, new TableEntity(partition, listed.RowKey) { [Columns.Words] = words }, global::Azure.ETag.All),
                        .. StoredWords.RowsOf(words, listed.RowKey)
                            .Select(key => new TableTransactionAction(TableTransactionActionType.UpsertReplace, new TableEntity(partition, key))),
                    ],
                    cancellationToken);
                return;
            }
            catch (RequestFailedException changed) when (changed.IsConflict())
            {
                // Another writer has changed it.
            }
        }
    }
}
