using Azure;
using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Deletes jobs that settled long ago, old tombstones, and leftovers of interrupted writes to the quarantine.</summary>
public sealed class JobPurge
{
    // A body is written within seconds. An older piece will never get its notification's row.
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromDays(1);

    private static readonly HashSet<string?> StatesThatLeaveTombstones =
        [.. Enum.GetValues<JobState>().Where(Tombstone.IsLeftBy).Select(WireNames.Of)];

    private readonly TableGateway _gateway;
    private readonly TableReferences _references;

    internal JobPurge(TableGateway table, TableReferences references) => (_gateway, _references) = (table, references);

    /// <summary>
    /// Deletes jobs that settled before a time, except those with unpublished events and those that are watched again. Open jobs are kept for ever. Jobs with an
    /// outcome leave tombstones. Also deletes old tombstones and leftovers of interrupted writes to the quarantine. Reads what it deletes, and the few jobs that
    /// were registered before that time and did not settle before it. Concurrent purges are harmless.
    /// </summary>
    /// <param name="settledBefore">The time.</param>
    /// <param name="longest">The time after which no further deletion starts; the next purge deletes the rest.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The number of deleted jobs, and whether those are all.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been deleted.</exception>
    public ValueTask<(int Jobs, bool IsComplete)> PurgeAsync(DateTimeOffset settledBefore, TimeSpan longest, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var (purged, began) = (0, _gateway.Time.GetTimestamp());
            var sources = await _gateway.SourcesAsync(token);

            // In random order, so that purges that run out of time do not always miss the same partitions.
            var partitions = sources.SelectMany(_gateway.Partitions).ToArray();
            Random.Shared.Shuffle(partitions);
            await _gateway.EachAsync(
                partitions,
                async (partition, each) => Interlocked.Add(ref purged, await PurgeAsync(partition, settledBefore, IsOver, each)),
                token);
            if (!IsOver())
                await _gateway.EachAsync(sources, async (source, each) => await PurgeChunksAsync(RowKeys.Quarantine(source), each), token);
            return (purged, !IsOver());

            bool IsOver() => _gateway.Time.GetElapsedTime(began) >= longest;
        },
        cancellationToken);

    private async Task<int> PurgeAsync(string partition, DateTimeOffset settledBefore, Func<bool> isOver, CancellationToken cancellationToken)
    {
        if (isOver())
            return 0;

        // While a broker is down for days, millions of events may wait. A false positive of the filter keeps its job until a later purge.
        var waiting = new IdFilter();
        await foreach (var row in _gateway.Rows.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Outbox).Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (RowKeys.TryReadEvent(row.RowKey) is { } waits)
                waiting.Add(waits.Id);
        }

        // No job settles before it is registered, so jobs registered later need not be read. A job from a clock that was ahead would be kept
        // for as long as the clock was ahead, so for it the service's own time of the last write counts.
        var now = _gateway.Time.GetUtcNow();
        var before = settledBefore.ToUniversalTime();
        var isFuture = TableClient.CreateQueryFilter($"SettledAt gt {now} and Timestamp lt {before}");
        var isOld = TableClient.CreateQueryFilter($"SettledAt lt {before}");
        string[] filters =
        [
            new RowRange(partition, RowKeys.ListedFrom(settledBefore), RowKeys.EndOf(RowKeys.Listed)).Filter($"({isOld} or ({isFuture}))"),
            new RowRange(partition, RowKeys.Listed, RowKeys.ListedFrom(now)).Filter($"({isFuture})"),
        ];
        var (purged, actions) = (0, 0);
        var batch = new List<TableEntity>();
        await foreach (var row in filters.ToAsyncEnumerable().SelectMany(filter => _gateway.Rows.QueryAsync<TableEntity>(filter, select: Columns.ForPurge, cancellationToken: cancellationToken)))
        {
            if (!RowKeys.IsListed(row.RowKey) || row.Time(Columns.DueAt) is not null || waiting.MayContain(RowKeys.ReadListed(row.RowKey).Id))
                continue;

            // Up to four rows, plus one for each word.
            var rows = 4 + WordRowsOf(row).Count;
            if (actions + rows > TableGateway.MaxActions)
            {
                purged += await PurgeAsync(batch, cancellationToken);
                batch.Clear();
                actions = 0;
                if (isOver())
                    break;
            }

            batch.Add(row);
            actions += rows;
        }

        purged += await PurgeAsync(batch, cancellationToken);
        if (!isOver())
            await PurgeTombstonesAsync(partition, cancellationToken);
        return purged;
    }

    private async Task PurgeTombstonesAsync(string partition, CancellationToken cancellationToken)
    {
        var old = new RowRange(partition, RowKeys.Tombstones, RowKeys.TombstonesFrom(RowKeys.PeriodOf(_gateway.Time.GetUtcNow()) - 1));
        await foreach (var page in _gateway.Rows.QueryAsync<TableEntity>(old.Filter(), select: Columns.Keys, cancellationToken: cancellationToken).AsPages())
            await _gateway.DeleteAsync(partition, page.Values.Select(row => row.RowKey), cancellationToken);
    }

    private async Task<int> PurgeAsync(List<TableEntity> listed, CancellationToken cancellationToken)
    {
        if (listed.Count == 0)
            return 0;

        try
        {
            await _gateway.SubmitAsync([.. listed.SelectMany(row => Deletions(row, withWords: true))], cancellationToken);
            return listed.Count;
        }
        catch (RequestFailedException changed) when (changed.IsConflict() && listed.Count > 1)
        {
            // At least one row has changed: delete the jobs one by one.
            var purged = 0;
            foreach (var row in listed)
                purged += await PurgeAsync([row], cancellationToken);
            return purged;
        }
        catch (RequestFailedException changed) when (changed.IsConflict() && WordRowsOf(listed[0]) is { Count: > 0 } words)
        {
            // Or a word has no row.
            return await PurgeWithoutWordsAsync(listed[0], words, cancellationToken);
        }
        catch (RequestFailedException changed) when (changed.IsConflict())
        {
            // It has changed, so it is not old any more; or it is gone, deleted by another purge or by this one with its answer lost.
            return 0;
        }
    }

    private async Task<int> PurgeWithoutWordsAsync(TableEntity listed, IReadOnlyCollection<string> words, CancellationToken cancellationToken)
    {
        try
        {
            await _gateway.SubmitAsync([.. Deletions(listed, withWords: false)], cancellationToken);
        }
        catch (RequestFailedException changed) when (changed.IsConflict())
        {
            return 0;
        }

        await _gateway.DeleteAsync(listed.PartitionKey, words, cancellationToken);
        return 1;
    }

    private static IReadOnlyCollection<string> WordRowsOf(TableEntity listed) => StoredWords.RowsOf(listed.Bytes(Columns.Words), listed.RowKey);

    /// <summary>
    /// Deletes all rows of an unwatched job, and adds its tombstone. The row in the list is written with every commit, so its ETag shows whether the job has
    /// changed since, for example by an event in the outbox.
    /// </summary>
    private IEnumerable<TableTransactionAction> Deletions(TableEntity listed, bool withWords)
    {
        var key = new JobKey(RowKeys.SourceOf(listed.PartitionKey), RowKeys.ReadListed(listed.RowKey).Id);
        yield return new(TableTransactionActionType.Delete, listed, listed.ETag);
        yield return new(TableTransactionActionType.Delete, new TableEntity(listed.PartitionKey, RowKeys.Job(key.Id)), ETag.All);

        // A transaction fails if a row is missing, for example of a job last written before jobs had references.
        if (listed.Flag(Columns.HasReference) == true)
            yield return new(TableTransactionActionType.Delete, _references.RowOf(listed.PartitionKey, key), ETag.All);
        foreach (var row in withWords ? WordRowsOf(listed) : [])
            yield return new(TableTransactionActionType.Delete, new TableEntity(listed.PartitionKey, row), ETag.All);
        if (StatesThatLeaveTombstones.Contains(listed.Text(Columns.State)))
            yield return new(TableTransactionActionType.UpsertReplace, _references.TombstoneOf(listed.PartitionKey, key));
    }

    private async Task PurgeChunksAsync(string partition, CancellationToken cancellationToken)
    {
        var leftOver = _gateway.Time.GetUtcNow() - LeftoverAge;
        var old = TableClient.CreateQueryFilter($"(WrittenAt lt {leftOver} or Timestamp lt {leftOver})");
        var chunks = new List<string>();
        await foreach (var row in _gateway.Rows.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Chunks).Filter(old), select: Columns.Keys, cancellationToken: cancellationToken))
            chunks.Add(row.RowKey);

        foreach (var body in chunks.GroupBy(RowKeys.NotificationOf))
        {
            if (await _gateway.RowAsync(partition, body.Key, Columns.Keys, cancellationToken) is null)
                await _gateway.DeleteAsync(partition, body, cancellationToken);
        }
    }
}
