using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>Counts jobs by comparing their rows, and finds unwatched ones.</summary>
internal sealed class TableBooks(TableGateway table)
{
    // A job that changes more often than this during the check is alive.
    private const int MaxLooks = 5;

    /// <inheritdoc cref="IJobStore.PartsAsync"/>
    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => TableFailures.AskAsync<IReadOnlyList<BooksPart>>(
        async token =>
        {
            var counted = new Dictionary<string, BooksPart>(StringComparer.Ordinal);
            await foreach (var row in table.Rows.QueryAsync<TableEntity>(RowRange.Of(RowKeys.TablePartition, RowKeys.Counts).Filter(), cancellationToken: token))
            {
                var part = row.RowKey[RowKeys.Counts.Length..];
                var books = CountRow.Read(row, RowKeys.SourceOf(part));
                counted[part] = new(part, books.Registered > 0 ? [books] : [], row.Time(CountRow.CountedAt)) { Source = books.Source };
            }

            return [.. (await table.PartitionsAsync(sources: null, token)).Select(part => counted.GetValueOrDefault(part) ?? new(part, [], null) { Source = RowKeys.SourceOf(part) })];
        },
        cancellationToken);

    /// <inheritdoc cref="IJobStore.CountAsync(string, int, CancellationToken)"/>
    /// <remarks>
    /// A part is a partition. Reads two or three rows of every job, a thousand per request, so it is costly. A job has up to three rows: its own, its row in the
    /// list, and one in the due index while it is watched. A job is registered if any of them exists; it counts as settled, open and so on only if they agree. So
    /// the loss of any row is detected, and no counter is needed, on which all writers of a partition would have to queue.
    /// </remarks>
    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) => TableFailures.AskAsync(
        async token =>
        {
            var source = RowKeys.SourceOf(part);
            var (books, found) = await CountAsync(source, part, unwatched, token);
            await table.Rows.UpsertEntityAsync(CountRow.Of(books, part, table.Time.GetUtcNow()), TableUpdateMode.Replace, token);
            return new BooksCount(books.Registered > 0 ? [books] : [], [.. found.Select(id => new JobKey(source, id))]);
        },
        cancellationToken);

    /// <summary>
    /// Counts a partition by comparing the rows of each job. If they agree, as nearly always, only a hash is kept, because a partition may have a million jobs.
    /// Other jobs are checked again one by one, because jobs change between the reads of pages.
    /// </summary>
    private async Task<(Books Books, List<string> Unwatched)> CountAsync(
        string source, string partition, int unwatched, CancellationToken cancellationToken)
    {
        var books = new Books(source, 0, 0, 0, 0, 0);
        var due = new Dictionary<string, List<DateTimeOffset>>(StringComparer.Ordinal);
        var jobs = new Dictionary<ulong, int>();
        var differing = new Dictionary<string, Traces>(StringComparer.Ordinal);
        var found = new List<string>();
        var range = new RowRange(partition, RowKeys.Due, RowKeys.EndOf(RowKeys.Listed));
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(range.Filter(), select: Columns.ForBooks, cancellationToken: cancellationToken))
        {
            if (RowKeys.IsDue(row.RowKey))
            {
                var (time, id) = RowKeys.ReadDue(row.RowKey);
                if (!due.TryAdd(id, [time]))
                    due[id].Add(time);
            }
            else if (row.RowKey.StartsWith(RowKeys.Jobs, StringComparison.Ordinal))
            {
                jobs[RowKeys.Hash(row.RowKey[RowKeys.Jobs.Length..])] = Standing.Read(row).GetHashCode();
            }
            else if (RowKeys.IsListed(row.RowKey))
            {
                var (time, id) = RowKeys.ReadListed(row.RowKey);
                var listed = Standing.Read(row);
                var dues = due.GetValueOrDefault(id) ?? [];
                var agree = jobs.Remove(RowKeys.Hash(id), out var job) && job == listed.GetHashCode()
                    && (listed.DueAt is { } at ? dues is [var only] && only == at : dues is []);
                due.Remove(id);
                if (!agree)
                {
                    differing[id] = new() { RegisteredAt = time, Due = [.. dues] };
                    continue;
                }

                books = Counted(books, listed);
                if (listed is { Stopped: false, Settled: false, DueAt: null })
                    found.Add(id);
            }
        }

        // Jobs with a row in the due index but none in the list, or only with their own row.
        foreach (var (id, dues) in due)
            differing.TryAdd(id, new() { Due = dues });
        if (jobs.Count > 0)
        {
            await foreach (var row in table.Rows.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Jobs).Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
            {
                var id = row.RowKey[RowKeys.Jobs.Length..];
                if (jobs.ContainsKey(RowKeys.Hash(id)))
                    differing.TryAdd(id, new());
            }
        }

        foreach (var (id, seen) in differing)
        {
            var traces = await LookAgainAsync(partition, id, seen, cancellationToken);
            var surplus = traces.Due?.Count(at => at != traces.Job?.DueAt) ?? 0;
            books = books with { Registered = books.Registered + surplus };
            if (traces.Job is { } job && traces.Listed == job && (job.DueAt is not { } at || traces.Due?.Contains(at) == true))
                books = Counted(books, job);
            else if (traces.Job is not null || traces.Listed is not null)
                books = books with { Registered = books.Registered + 1 };
            if (traces.IsUnwatched)
                found.Add(id);
        }

        return (books, [.. found.Take(unwatched)]);
    }

    /// <summary>Adds a job with complete and consistent rows to the books.</summary>
    private static Books Counted(Books books, Standing job)
    {
        books = books with { Registered = books.Registered + 1 };
        return job switch
        {
            { State: var state } when state == WireNames.Of(JobState.Expired) => books with { Expired = books.Expired + 1 },
            { Settled: true } => books with { Settled = books.Settled + 1 },
            { DueAt: not null } => books with { Open = books.Open + 1 },
            { Stopped: true } => books with { Stopped = books.Stopped + 1 },
            _ => books,
        };
    }

    /// <summary>Reads a consistent set of a job's rows: its own row has the same version before and after the other reads.</summary>
    private async Task<Traces> LookAgainAsync(string partition, string id, Traces seen, CancellationToken cancellationToken)
    {
        for (var looks = 1; ; looks++)
        {
            var before = await table.RowAsync(partition, RowKeys.Job(id), Columns.ForBooks, cancellationToken);
            var traces = new Traces { Job = before is null ? null : Standing.Read(before) };
            if ((before?.Time(Columns.RegisteredAt) ?? seen.RegisteredAt) is { } at)
                traces.Listed = await table.RowAsync(partition, RowKeys.ListedAt(at, id), Columns.ForBooks, cancellationToken) is { } listed ? Standing.Read(listed) : null;
            foreach (var due in (traces.Job?.DueAt is { } own ? (seen.Due ?? []).Append(own) : seen.Due ?? []).Distinct())
            {
                if (await table.RowAsync(partition, RowKeys.DueAt(due, id), Columns.Keys, cancellationToken) is not null)
                    (traces.Due ??= []).Add(due);
            }

            var after = await table.RowAsync(partition, RowKeys.Job(id), Columns.Keys, cancellationToken);
            if (after?.ETag == before?.ETag)
                return traces;
            if (looks == MaxLooks)
                return new() { Job = traces.Job, Listed = traces.Job, Due = traces.Job?.DueAt is { } soon ? [soon] : [] };
        }
    }
}
