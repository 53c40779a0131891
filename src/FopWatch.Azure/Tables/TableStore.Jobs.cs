using System.Security.Cryptography;
using System.Text;
using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;
using ETag = Azure.ETag;
using RequestFailedException = Azure.RequestFailedException;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    // Longer than any value that an operator would look for; the body has it whole.
    private const int MaxScalar = 1024;

    /// <inheritdoc/>
    public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => AskAsync<StoredJob?>(
        async token =>
        {
            if (!IsSource(key.Source) || !JobKey.IsValidId(key.Id))
                return null;
            var row = await RowAsync(RowKeys.Partition(key, _options.Buckets), RowKeys.Job(key.Id), null, token);
            return row is null ? null : ReadJob(row, key);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            var key = commit.Job.Key;
            if (!JobKey.IsValidId(key.Id))
                throw new ArgumentException($"A persistentId is {JobKey.IdRule}.", nameof(commit));
            Revision? before = null;
            if (commit.ETag is not null && (before = Revision.Read(commit.ETag)) is null)
                return null;

            await RecordSourceAsync(key.Source, token);
            return await CommitAsync(commit, before, token);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var after = query.Continuation is null ? (PageEnd?)null : PageEnd.Read(query.Continuation, RowKeys.IsListed);
        return AskAsync(token => ListAsync(query, after, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken)
    {
        var from = after is { } last ? RowKeys.After(RowKeys.DueAt(last.DueAt, last.Key.Id)) : RowKeys.Due;
        return ReadDueAsync(source, from, RowKeys.EndOf(RowKeys.DueFrom(by.UtcTicks)), limit, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DueJob>> DueAfterAsync(string source, DateTimeOffset after, int limit, CancellationToken cancellationToken) =>
        ReadDueAsync(source, RowKeys.DueFrom(after.UtcTicks + 1), RowKeys.EndOf(RowKeys.Due), limit, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) =>
        await DueAfterAsync(source, after, 1, cancellationToken) is [var first] ? first.DueAt : null;

    private ValueTask<IReadOnlyList<DueJob>> ReadDueAsync(string source, string from, string until, int limit, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<DueJob>>(
            async token =>
            {
                var ranges = Partitions(source).Select(partition => new RowRange(partition, from, until)).ToList();
                var due = await _merge.FirstAsync(ranges, null, Columns.Keys, limit, token, row => RowKeys.IsDue(row.RowKey));
                return [.. due.Select(row => RowKeys.ReadDue(row.RowKey)).Select(one => new DueJob(new(source, one.Id), one.Time))];
            },
            cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// Moves the job in the due index, and says so in the columns of its rows, so that the books agree; its document is not touched. What is
    /// settled or stopped is not put into the index.
    /// </remarks>
    public async ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) => await AskAsync(
        async token =>
        {
            var partition = RowKeys.Partition(job.Key, _options.Buckets);
            var row = await RowAsync(partition, RowKeys.Job(job.Key.Id), Columns.ForSetAside, token);
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
                .Take(MaxActions - actions.Count - 1)
                .Select(at => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, RowKeys.DueAt(at, job.Key.Id)), ETag.All)));

            if (row.Time(Columns.RegisteredAt) is { } registeredAt
                && await RowAsync(partition, RowKeys.ListedAt(registeredAt, job.Key.Id), Columns.Keys, token) is { } listed)
            {
                actions.Add(new(
                    TableTransactionActionType.UpdateMerge, new TableEntity(partition, listed.RowKey) { [Columns.DueAt] = until }, ETag.All));
            }

            try
            {
                await SubmitAsync(actions, token);
                return true;
            }
            catch (RequestFailedException changed) when (changed.IsConflict())
            {
                // Or it is this very transaction, whose answer was lost.
                return false;
            }
        },
        cancellationToken);

    /// <summary>
    /// When the due index has a job. Where the column that says so names no row of the index, all of it is looked through; where that row is not due,
    /// what is due is, since the job's poll may have been.
    /// </summary>
    private async Task<IReadOnlyList<DateTimeOffset>> IndexedAsync(
        string partition, string id, DateTimeOffset? column, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var at = column is { } due && await RowAsync(partition, RowKeys.DueAt(due, id), Columns.Keys, cancellationToken) is not null ? column : null;
        if (at <= now)
            return [at.Value];

        List<DateTimeOffset> found = at is null ? [] : [at.Value];
        var range = new RowRange(partition, RowKeys.Due, at is null ? RowKeys.EndOf(RowKeys.Due) : RowKeys.EndOf(RowKeys.DueFrom(now.UtcTicks))).Filter();
        await foreach (var row in _table.QueryAsync<TableEntity>(range, select: Columns.Keys, cancellationToken: cancellationToken))
        {
            if (RowKeys.IsDue(row.RowKey) && RowKeys.ReadDue(row.RowKey) is var (time, of) && of == id)
                found.Add(time);
        }

        return found;
    }

    private async Task<string?> CommitAsync(JobCommit commit, Revision? before, CancellationToken cancellationToken)
    {
        var job = commit.Job;
        var key = job.Key;
        var partition = RowKeys.Partition(key, _options.Buckets);
        var (jobRow, commitId) = JobRow(partition, commit);
        var due = job.Watch.DueAt;

        var actions = new List<TableTransactionAction>
        {
            before is { ETag: var etag }
                ? new(TableTransactionActionType.UpdateReplace, jobRow, etag)
                : new(TableTransactionActionType.Add, jobRow),

            // The job's row decides whether anything is written at all; so the others are simply put, which mends any that got lost.
            new(TableTransactionActionType.UpsertReplace, ListRow(partition, job)),
            new(TableTransactionActionType.UpsertReplace, ReferenceRow(partition, key)),
        };
        if (due is { } dueAt)
            actions.Add(new(TableTransactionActionType.UpsertReplace, new TableEntity(partition, RowKeys.DueAt(dueAt, key.Id))));
        if (commit.Event is { } @event)
            actions.Add(new(TableTransactionActionType.UpsertReplace, EventRow(partition, @event)));
        var moved = before?.DueAt is { } wasDue && wasDue != due
            ? new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, RowKeys.DueAt(wasDue, key.Id)), ETag.All)
            : null;

        while (true)
        {
            try
            {
                var answers = await SubmitAsync(moved is null ? actions : [.. actions, moved], cancellationToken);
                return new Revision(answers[0].Headers.ETag ?? throw new InvalidDataException("A committed row has no ETag."), due).ToString();
            }
            catch (RequestFailedException conflict) when (conflict.IsConflict())
            {
                // Another writer was first; or this commit was made already and its answer lost, to the client, which tried again, or
                // to the caller, who did.
                var stored = await RowAsync(partition, jobRow.RowKey, Columns.ForCommit, cancellationToken);
                if (stored is null)
                    return null;
                if (stored.Text(Columns.Commit) == commitId)
                    return Revision.Of(stored).ToString();
                if (moved is null || stored.ETag != before?.ETag)
                    return null;

                // The job is as it was: then what is not there is its row in the due index, which is only to be taken out.
                moved = null;
            }
        }
    }

    private async Task<Page<Job>> ListAsync(JobQuery query, PageEnd? after, CancellationToken cancellationToken)
    {
        var until = query.Since is { } since ? RowKeys.EndOf(RowKeys.ListedFrom(since)) : RowKeys.EndOf(RowKeys.Listed);
        var ranges = (await PartitionsAsync(query.Source, cancellationToken))
            .Select(partition => new RowRange(partition, From(partition), until))
            .ToList();
        var condition = Condition(query);

        // One more than asked for tells whether there is another page.
        var rows = await _merge.FirstAsync(ranges, condition, Columns.Keys, query.Top + 1, cancellationToken, row => RowKeys.IsListed(row.RowKey));
        var unreadable = new List<string>();
        var (jobs, end) = await FillAsync<Job>(
            rows.Count > query.Top ? rows[..query.Top] : rows,
            (listed, token) => RowAsync(listed.PartitionKey, RowKeys.Job(RowKeys.ReadListed(listed.RowKey).Id), null, token),
            row =>
            {
                // Between the two reads a job may have been purged, or have moved on.
                var key = KeyOf(row);
                if (TryReadJob(row, key, out var job, out _) is { } length)
                    return query.Matches(job!) ? (job!, length) : null;
                unreadable.Add(References.Of(key));
                return null;
            },
            cancellationToken);
        return new(jobs, end < rows.Count ? new PageEnd(rows[end - 1].RowKey, rows[end - 1].PartitionKey).ToContinuation() : null)
        {
            Unreadable = unreadable,
        };

        string From(string partition) => after is not { } end ? RowKeys.Listed
            : string.CompareOrdinal(partition, end.Partition) > 0 ? end.RowKey
            : RowKeys.After(end.RowKey);
    }

    /// <summary>What the service looks for in the rows of the list. It cannot ask for what has no due time, so some of what it finds may be left out afterwards.</summary>
    private static string? Condition(JobQuery query)
    {
        var conditions = new List<string>();
        if (query.State is { } state)
            conditions.Add(TableClient.CreateQueryFilter($"State eq {Name<JobState>(state)}"));
        if (query.Watch is { } watch)
        {
            var expired = TableClient.CreateQueryFilter($"State eq {Name<JobState>(JobState.Expired)}");
            conditions.Add(watch switch
            {
                WatchStatus.Watching => $"{Columns.Stopped} eq false and ({Columns.Settled} eq false or {expired})",
                WatchStatus.Stopped => $"{Columns.Stopped} eq true and ({Columns.Settled} eq false or {expired})",
                WatchStatus.GivenUp => $"{Columns.Stopped} eq false and {expired}",
                _ => $"{Columns.Settled} eq true and not ({expired})",
            });
        }

        return conditions.Count == 0 ? null : string.Join(" and ", conditions);
    }

    /// <summary>
    /// The row of a job, and what its commit is told by: a hash of all that it is made of, the version that it was decided on
    /// included. Two callers that commit the same on the same version want the same, so both may be told that it is done.
    /// </summary>
    private static (TableEntity Row, string CommitId) JobRow(string partition, JobCommit commit)
    {
        var job = commit.Job;
        var body = JobJson.Serialize(job);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{commit.ETag}\n{commit.Event?.Id}\n"));
        hash.AppendData(body);
        var commitId = Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));

        var row = new TableEntity(partition, RowKeys.Job(job.Key.Id));
        for (var facts = job.Facts; !BodyColumns.TryWriteText(row, body);)
        {
            if (facts.Cut == FactsCut.Texts)
                throw new InvalidDataException("A job does not fit into a row even without its items.");
            facts = facts.CutTo(facts.Cut + 1);
            body = JobJson.Serialize(job with { Facts = facts });
        }

        row[Columns.Source] = job.Key.Source;
        row[Columns.Id] = job.Key.Id;
        row[Columns.State] = Name<JobState>(job.State);
        row[Columns.Settled] = job.IsSettled;
        row[Columns.Stopped] = job.Watch.Stopped;
        row["SettledBy"] = Name(job.SettledBy);
        row[Columns.RegisteredAt] = job.RegisteredAt;
        row["UpdatedAt"] = job.UpdatedAt;
        row[Columns.SettledAt] = job.SettledAt;
        row[Columns.DueAt] = job.Watch.DueAt;
        row["Version"] = job.Version;
        row["Bucket"] = Scalar(job.Facts.Bucket);
        row[Columns.Key] = Scalar(job.Facts.Key);
        row["Pipeline"] = Scalar(job.Facts.Pipeline);
        row["RequestId"] = Scalar(job.Facts.RequestId);
        row[Columns.Commit] = commitId;
        return (row, commitId);
    }

    /// <summary>What lists, the books and the purge need of a job, in the order of registration. Written with every commit.</summary>
    private static TableEntity ListRow(string partition, Job job) => new(partition, RowKeys.ListedAt(job.RegisteredAt, job.Key.Id))
    {
        [Columns.State] = Name<JobState>(job.State),
        [Columns.Settled] = job.IsSettled,
        [Columns.Stopped] = job.Watch.Stopped,
        [Columns.DueAt] = job.Watch.DueAt,
        [Columns.SettledAt] = job.IsSettled ? job.SettledAt ?? job.UpdatedAt : null,
        [Columns.HasReference] = true,
    };

    /// <summary>A value that comes from the provider: the service takes neither control characters nor values of any length.</summary>
    private static string? Scalar(string? text) =>
        text is null ? null : string.Concat(text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxScalar));

    /// <exception cref="UnreadableJobException">The job's row is damaged.</exception>
    private static StoredJob ReadJob(TableEntity row, JobKey key)
    {
        if (TryReadJob(row, key, out var job, out var problem) is null)
            throw new UnreadableJobException(new UnreadableJob(key, Revision.Of(row).ToString(), problem!));

        // Where the column is damaged, the document says where the due index has the job.
        var revision = Revision.Of(row);
        return new(job!, (revision with { DueAt = revision.DueAt ?? job!.Watch.DueAt }).ToString()) { IsIndexed = revision.DueAt is not null };
    }

    /// <returns>How long its document is; null if it cannot be read.</returns>
    private static int? TryReadJob(TableEntity row, JobKey key, out Job? job, out string? problem)
    {
        (job, problem) = (null, "its body is damaged");
        return BodyColumns.TryReadText(row) is { } body && JobJson.TryDeserialize(body, key, out job, out problem) ? body.Length : null;
    }

    /// <summary>The job that a row of its own is of.</summary>
    private static JobKey KeyOf(TableEntity row) => new(RowKeys.SourceOf(row.PartitionKey), row.RowKey[RowKeys.Jobs.Length..]);

    /// <summary>
    /// What a job is committed on: the ETag of its row, and where the due index has it. With it a commit can move the job in the
    /// index without reading it again.
    /// </summary>
    private readonly record struct Revision(ETag ETag, DateTimeOffset? DueAt)
    {
        public static Revision Of(TableEntity row) => new(row.ETag, row.Time(Columns.DueAt));

        /// <returns>Null if the text is none that <see cref="ToString"/> wrote.</returns>
        public static Revision? Read(string text)
        {
            var bar = text.IndexOf('|', StringComparison.Ordinal);
            if (bar < 0 || bar == text.Length - 1)
                return null;
            var etag = new ETag(text[(bar + 1)..]);
            if (bar == 0)
                return new(etag, null);
            return long.TryParse(text.AsSpan(0, bar), out var ticks) && ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks
                ? new(etag, new(ticks, TimeSpan.Zero))
                : null;
        }

        public override string ToString() => $"{DueAt?.UtcTicks}|{ETag}";
    }
}
