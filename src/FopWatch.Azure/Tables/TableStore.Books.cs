using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

public sealed partial class TableStore
{
    // A job that changes more often than this while it is looked at is alive.
    private const int MaxLooks = 5;

    // What was read of a partition is in memory until it has been compared, and a partition may have hundreds of thousands of jobs.
    private const int PartitionsAtOnce = 2;

    /// <inheritdoc/>
    /// <remarks>
    /// Reads two or three rows of every job, a thousand at a time: for now and then. Three rows tell of a job: its own, its row in
    /// the list, and the one in the due index while it is watched. Registered is what any of them names; a job counts as settled,
    /// open and so on only where they agree. So the loss of any of them shows, and no counter is needed, over which all that
    /// create jobs in one partition would have to queue.
    /// </remarks>
    public ValueTask<IReadOnlyList<Books>> BooksAsync(CancellationToken cancellationToken) => AskAsync<IReadOnlyList<Books>>(
        async token =>
        {
            var books = new SortedDictionary<string, Books>(StringComparer.Ordinal);
            var partitions = (await SourcesAsync(token)).SelectMany(source => Partitions(source).Select(partition => (source, partition)));
            await Parallel.ForEachAsync(
                partitions,
                new ParallelOptions { MaxDegreeOfParallelism = Math.Min(PartitionsAtOnce, _options.Parallelism), CancellationToken = token },
                async (of, each) =>
                {
                    var counted = await BooksAsync(of.source, of.partition, each);
                    lock (books)
                    {
                        books[of.source] = books.GetValueOrDefault(of.source) is not { } sofar ? counted : new(
                            of.source,
                            sofar.Registered + counted.Registered,
                            sofar.Settled + counted.Settled,
                            sofar.Expired + counted.Expired,
                            sofar.Open + counted.Open,
                            sofar.Stopped + counted.Stopped);
                    }
                });
            return [.. books.Values.Where(of => of.Registered > 0)];
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobKey>> UnwatchedAsync(int limit, CancellationToken cancellationToken) => AskAsync<IReadOnlyList<JobKey>>(
        async token =>
        {
            var unwatched = new List<JobKey>();
            foreach (var source in await SourcesAsync(token))
            {
                await EachAsync(
                    Partitions(source),
                    async (partition, each) =>
                    {
                        await foreach (var id in UnwatchedAsync(partition, each))
                        {
                            lock (unwatched)
                            {
                                if (unwatched.Count >= limit)
                                    return;
                                unwatched.Add(new(source, id));
                            }
                        }
                    },
                    token);
            }

            return unwatched;
        },
        cancellationToken);

    private async Task<Books> BooksAsync(string source, string partition, CancellationToken cancellationToken)
    {
        var jobs = new Dictionary<string, Traces>(StringComparer.Ordinal);
        var range = new RowRange(partition, RowKeys.Due, RowKeys.EndOf(RowKeys.Listed));
        await foreach (var row in _table.QueryAsync<TableEntity>(range.Filter(), select: Columns.ForBooks, cancellationToken: cancellationToken))
        {
            if (row.RowKey.StartsWith(RowKeys.Due, StringComparison.Ordinal))
            {
                var (time, id) = RowKeys.ReadDue(row.RowKey);
                (Of(id).Due ??= []).Add(time);
            }
            else if (row.RowKey.StartsWith(RowKeys.Jobs, StringComparison.Ordinal))
            {
                Of(row.RowKey[RowKeys.Jobs.Length..]).Job = Standing.Read(row);
            }
            else if (row.RowKey.StartsWith(RowKeys.Listed, StringComparison.Ordinal))
            {
                var (time, id) = RowKeys.ReadListed(row.RowKey);
                (Of(id).RegisteredAt, Of(id).Listed) = (time, Standing.Read(row));
            }
        }

        var books = new Books(source, 0, 0, 0, 0, 0);
        foreach (var (id, seen) in jobs)
        {
            // Pages of one query are read one after the other, and jobs change in between.
            var traces = seen.Agree ? seen : await LookAgainAsync(partition, id, seen, cancellationToken);
            var surplus = traces.Due?.Count(due => due != traces.Job?.DueAt) ?? 0;
            books = books with { Registered = books.Registered + surplus + (traces.Job is null && traces.Listed is null ? 0 : 1) };
            if (traces.Job is not { } job || traces.Listed != job)
                continue;

            books = job switch
            {
                // What is to be watched and is not in the due index is in no book, expired or not.
                { DueAt: { } due } when traces.Due?.Contains(due) != true => books,
                { State: var state } when state == Name<JobState>(JobState.Expired) => books with { Expired = books.Expired + 1 },
                { Settled: true } => books with { Settled = books.Settled + 1 },
                { DueAt: not null } => books with { Open = books.Open + 1 },
                { Stopped: true } => books with { Stopped = books.Stopped + 1 },
                _ => books,
            };
        }

        return books;

        Traces Of(string id)
        {
            if (!jobs.TryGetValue(id, out var traces))
                jobs.Add(id, traces = new());
            return traces;
        }
    }

    private async IAsyncEnumerable<string> UnwatchedAsync(
        string partition, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A job without a time at which it is due has no such property, and compares with nothing.
        var open = new HashSet<string>(StringComparer.Ordinal);
        var isWatched = TableClient.CreateQueryFilter($"DueAt gt {DateTimeOffset.UnixEpoch}");
        var filter = RowRange.Of(partition, RowKeys.Listed).Filter($"{Columns.Stopped} eq false and ({Columns.Settled} eq false or {isWatched})");
        await foreach (var row in _table.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: cancellationToken))
            open.Add(RowKeys.ReadListed(row.RowKey).Id);
        if (open.Count == 0)
            yield break;

        await foreach (var row in _table.QueryAsync<TableEntity>(RowRange.Of(partition, RowKeys.Due).Filter(), select: Columns.Keys, cancellationToken: cancellationToken))
            open.Remove(RowKeys.ReadDue(row.RowKey).Id);

        foreach (var id in open)
        {
            var traces = await LookAgainAsync(partition, id, new(), cancellationToken);
            if (traces.Job is { Stopped: false } job && (job.DueAt is { } due ? traces.Due?.Contains(due) != true : !job.Settled))
                yield return id;
        }
    }

    /// <summary>Reads the rows of a job so that they belong together: between two equal versions of its own.</summary>
    private async Task<Traces> LookAgainAsync(string partition, string id, Traces seen, CancellationToken cancellationToken)
    {
        for (var looks = 1; ; looks++)
        {
            var before = await RowAsync(partition, RowKeys.Job(id), Columns.ForBooks, cancellationToken);
            var traces = new Traces { Job = before is null ? null : Standing.Read(before) };
            if ((before?.GetDateTimeOffset(Columns.RegisteredAt) ?? seen.RegisteredAt) is { } at)
                traces.Listed = await RowAsync(partition, RowKeys.ListedAt(at, id), Columns.ForBooks, cancellationToken) is { } listed ? Standing.Read(listed) : null;
            foreach (var due in (traces.Job?.DueAt is { } own ? (seen.Due ?? []).Append(own) : seen.Due ?? []).Distinct())
            {
                if (await RowAsync(partition, RowKeys.DueAt(due, id), Columns.Keys, cancellationToken) is not null)
                    (traces.Due ??= []).Add(due);
            }

            var after = await RowAsync(partition, RowKeys.Job(id), Columns.Keys, cancellationToken);
            if (after?.ETag == before?.ETag)
                return traces;
            if (looks == MaxLooks)
                return new() { Job = traces.Job, Listed = traces.Job, Due = traces.Job?.DueAt is { } soon ? [soon] : [] };
        }
    }

    /// <summary>How a job stands, as one of its rows has it.</summary>
    private readonly record struct Standing(string? State, bool Settled, bool Stopped, DateTimeOffset? DueAt)
    {
        // Every row comes with a text of its own, of which there are but a few.
        private static readonly Dictionary<string, string> States = Enum.GetValues<JobState>().Select(state => Name<JobState>(state)!).ToDictionary(name => name);

        public static Standing Read(TableEntity row) => new(
            row.GetString(Columns.State) is { } state ? States.GetValueOrDefault(state, state) : null,
            row.GetBoolean(Columns.Settled) ?? false,
            row.GetBoolean(Columns.Stopped) ?? false,
            row.GetDateTimeOffset(Columns.DueAt));
    }

    /// <summary>The rows that tell of a job.</summary>
    private sealed class Traces
    {
        public Standing? Job { get; set; }

        public Standing? Listed { get; set; }

        public DateTimeOffset? RegisteredAt { get; set; }

        /// <summary>Where the due index has it; null for nowhere, as most jobs are settled.</summary>
        public List<DateTimeOffset>? Due { get; set; }

        /// <summary>Whether they say the same, and are those that there should be.</summary>
        public bool Agree => Job is not null && Listed == Job && (Job.Value.DueAt is { } due ? Due is [var only] && only == due : Due is null);
    }
}
