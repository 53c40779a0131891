using Azure.Data.Tables;
using FopWatch.Jobs;
using ETag = Azure.ETag;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

/// <summary>The jobs. All rows of a job are in one partition and are committed in one entity group transaction.</summary>
internal sealed class TableJobs(TableGateway table, TableReferences references, TableBooks books, TableSearch search) : IJobStore
{
    private readonly Presumptions _presumptions = new();

    public JobReferences References => references.References;

    public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
        references.FindJobAsync(source, reference, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// Presumes that an open job is unchanged since this process committed it; a commit checks this with the ETag of its row. Never presumes that an id is new,
    /// because a commit does not check tombstones, which are separate rows.
    /// </remarks>
    public async ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken)
    {
        if (mayPresume && origin is { } named && _presumptions.Of(key, named) is { Job: not null } remembered)
            return remembered;
        if (await FindAsync(key, cancellationToken) is { } stored)
            return new(stored);
        return new(null, origin is { } by && Tombstone.KeepsOut(by) && await references.HasTombstoneAsync(key, cancellationToken));
    }

    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => books.PartsAsync(cancellationToken);

    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) => books.CountAsync(part, unwatched, cancellationToken);

    public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => TableFailures.AskAsync<StoredJob?>(
        async token =>
        {
            if (!TableGateway.IsSource(key.Source) || !JobKey.IsValidId(key.Id))
                return null;
            var row = await table.RowAsync(table.PartitionOf(key), RowKeys.Job(key.Id), null, token);
            return row is null ? null : JobRows.Read(row, key);
        },
        cancellationToken);

    public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var key = commit.Job.Key;
            if (!JobKey.IsValidId(key.Id))
                throw new ArgumentException($"A persistentId is {JobKey.IdRule}.", nameof(commit));
            Revision? before = null;
            if (commit.ETag is not null && (before = Revision.Read(commit.ETag)) is null)
                return null;

            await table.RecordSourceAsync(key.Source, token);
            var (etag, wholeLength) = await CommitAsync(commit, before, token);
            if (etag is null)
                _presumptions.Refused(commit);
            else
                _presumptions.Committed(commit, etag, wholeLength);
            return etag;
        },
        cancellationToken);

    public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var after = query.Continuation is null ? (SearchEnd?)null : SearchEnd.Read(query.Continuation, query);
        return TableFailures.AskAsync(token => search.ListAsync(query, after, token), cancellationToken);
    }

    public ValueTask<JobCount> CountAsync(JobQuery query, int most, CancellationToken cancellationToken) =>
        TableFailures.AskAsync(token => search.CountAsync(query, most, token), cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// Moves the job in the due index and updates the columns of its rows, so that the books balance. Its document is unchanged. Settled and stopped jobs are not
    /// added to the index.
    /// </remarks>
    public async ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            var partition = table.PartitionOf(job.Key);
            var row = await table.RowAsync(partition, RowKeys.Job(job.Key.Id), Columns.ForSetAside, token);
            if (row is null || Revision.Of(row).ToString() != job.ETag)
                return false;

            var indexed = await IndexedAsync(partition, job.Key.Id, row.Time(Columns.DueAt), now, token);
            if (indexed.Count == 0 && row.Time(Columns.DueAt) is null && (row.Flag(Columns.Settled) == true || row.Flag(Columns.Stopped) == true))
                return false;

            var times = Math.Max(row.Number(Columns.SetAside) ?? 0, 0) + 1;
            var until = now + SetAside.Wait(times);
            var moved = new TableEntity(partition, row.RowKey) { [Columns.DueAt] = until, [Columns.SetAside] = times };
            var actions = new List<TableTransactionAction>
            {
                new(TableTransactionActionType.UpdateMerge, moved, row.ETag),
                new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, RowKeys.DueAt(until, job.Key.Id))),
            };
            actions.AddRange(indexed
                .Where(at => at != until)
                .Take(TableGateway.MaxActions - actions.Count - 1)
                .Select(at => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, RowKeys.DueAt(at, job.Key.Id)), ETag.All)));

            if (row.Time(Columns.RegisteredAt) is { } registeredAt
                && await table.RowAsync(partition, RowKeys.ListedAt(registeredAt, job.Key.Id), Columns.Keys, token) is { } listed)
            {
                actions.Add(new(
                    TableTransactionActionType.UpdateMerge, new TableEntity(partition, listed.RowKey) { [Columns.DueAt] = until }, ETag.All));
            }

            try
            {
                await table.SubmitAsync(actions, token);
                return true;
            }
            catch (RequestFailedException changed) when (changed.IsConflict())
            {
                // Or this transaction succeeded, and its answer was lost.
                return false;
            }
        },
        cancellationToken);

    /// <summary>
    /// The times of a job in the due index. If the column with the time matches no row of the index, the whole index is searched; if that row is not due, the
    /// due rows are searched, because the job's poll may have been due.
    /// </summary>
    private async Task<IReadOnlyList<DateTimeOffset>> IndexedAsync(
        string partition, string id, DateTimeOffset? column, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var at = column is { } due && await table.RowAsync(partition, RowKeys.DueAt(due, id), Columns.Keys, cancellationToken) is not null ? column : null;
        if (at <= now)
            return [at.Value];

        List<DateTimeOffset> found = at is null ? [] : [at.Value];
        var range = new RowRange(partition, RowKeys.Due, at is null ? RowKeys.EndOf(RowKeys.Due) : RowKeys.EndOf(RowKeys.DueFrom(now.UtcTicks))).Filter();
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(range, select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (RowKeys.IsDue(row.RowKey) && RowKeys.ReadDue(row.RowKey) is var (time, of) && of == id)
                found.Add(time);
        }

        return found;
    }

    /// <returns>The new version's ETag, null if the job has changed, and the length of the job's whole document.</returns>
    private async Task<(string? ETag, int WholeLength)> CommitAsync(JobCommit commit, Revision? before, CancellationToken cancellationToken)
    {
        var job = commit.Job;
        var key = job.Key;
        var partition = table.PartitionOf(key);
        var (jobRow, commitId, wholeLength) = JobRows.Of(partition, commit);
        var due = job.Watch.DueAt;
        var listed = JobRows.Listed(partition, job);
        var words = listed.Bytes(Columns.Words);
        var (rowsNow, rowsBefore) = (StoredWords.RowsOf(words, listed.RowKey), StoredWords.RowsOf(before?.Words, listed.RowKey));

        var actions = new List<TableTransactionAction>
        {
            before is { ETag: var etag }
                ? new(TableTransactionActionType.UpdateReplace, jobRow, etag)
                : new(TableTransactionActionType.Add, jobRow),

            // The condition is on the job's row. The other rows are upserted, which repairs lost ones.
            new(TableTransactionActionType.UpsertReplace, listed),
            new(TableTransactionActionType.UpsertReplace, references.RowOf(partition, key)),
        };
        if (due is { } dueAt)
            actions.Add(new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, RowKeys.DueAt(dueAt, key.Id))));
        if (commit.Event is { } @event)
            actions.Add(new(TableTransactionActionType.UpsertReplace, EventRows.Of(partition, @event)));
        actions.AddRange(rowsNow.Except(rowsBefore).Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, new TableEntity(partition, row))));
        var overdue = RowKeys.OverdueOf(listed.RowKey);
        if (job.IsOverdue)
            actions.Add(new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, overdue)));
        var gone = new List<string>();
        if (before?.DueAt is { } wasDue && wasDue != due)
            gone.Add(RowKeys.DueAt(wasDue, key.Id));
        if (before is { IsOverdue: true } && !job.IsOverdue)
            gone.Add(overdue);
        List<TableTransactionAction> deletions =
            [.. gone.Select(rowKey => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, rowKey), ETag.All))];

        while (true)
        {
            try
            {
                var answers = await table.SubmitAsync([.. actions, .. deletions], cancellationToken);

                // A changed value of metadata. A remaining row would lead to a job whose document does not match.
                if (rowsBefore.Except(rowsNow).ToList() is { Count: > 0 } stale)
                    await table.DeleteAsync(partition, stale, cancellationToken);
                var etagNow = answers[0].Headers.ETag ?? throw new InvalidDataException("A committed row has no ETag.");
                return (new Revision(etagNow, due, job.IsOverdue, Revision.TextOf(words)).ToString(), wholeLength);
            }
            catch (RequestFailedException conflict) when (conflict.IsConflict())
            {
                // Another writer was first; or this commit succeeded and its answer was lost, to the client, which retried, or
                // to the caller, who did.
                var stored = await table.RowAsync(partition, jobRow.RowKey, Columns.ForCommit, cancellationToken);
                if (stored is null)
                    return (null, wholeLength);
                if (stored.Text(Columns.Commit) == commitId)
                    return (Revision.Of(stored).ToString(), wholeLength);
                if (deletions.Count == 0 || stored.ETag != before?.ETag)
                    return (null, wholeLength);

                // The job is unchanged, so the missing row is one of an index that should only be deleted.
                var left = new List<TableTransactionAction>();
                foreach (var deletion in deletions)
                {
                    if (await table.RowAsync(partition, deletion.Entity.RowKey, Columns.Keys, cancellationToken) is not null)
                        left.Add(deletion);
                }

                deletions = left.Count < deletions.Count ? left : [];
            }
        }
    }
}
