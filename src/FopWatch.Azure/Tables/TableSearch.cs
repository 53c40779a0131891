using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>
/// Lists, searches and counts jobs, newest first. A search reads the rows of a word, or of ids or keys with a prefix if they are few enough to be sorted.
/// Otherwise it goes through the rows of the list, which also contain the words. If too few of the newest jobs match, it continues in the index. Ids and keys are then in the order
/// of the index, because they are too many to be sorted. In all cases, a page ends after a maximum of rows.
/// </summary>
internal sealed class TableSearch(TableGateway table, TableReferences references, WordsBackfill words)
{
    /// <summary>The maximum of rows of one index that are sorted.</summary>
    internal const int MostSorted = 1000;

    /// <summary>The maximum of rows of the list that are examined for a page.</summary>
    internal const int MostExamined = 5000;

    /// <summary>The maximum of jobs that are read for a page of a search.</summary>
    internal const int MostRead = 400;

    /// <summary>Reads a page.</summary>
    public async Task<Page<Job>> ListAsync(JobQuery query, SearchEnd? after, CancellationToken cancellationToken)
    {
        // One more row than requested shows whether there is another page.
        var most = query.IsSearch ? MostRead : query.Top + 1;
        var (found, rest) = await FindAsync(query, after, most, cancellationToken);
        var rows = !query.IsSearch && found.Count > query.Top ? found[..query.Top] : found;
        var unreadable = new List<string>();
        var (jobs, end) = await table.FillAsync<Job>(
            [.. rows.Select(row => row.Row)],
            (listed, token) => table.RowAsync(listed.PartitionKey, RowKeys.Job(RowKeys.ReadListed(listed.RowKey).Id), null, token),
            row =>
            {
                // Between the two reads, the job may have been purged or changed.
                var key = JobRows.KeyOf(row);
                if (JobRows.TryRead(row, key, out var job, out _) is { } length)
                    return query.Matches(job!) ? (job!, length) : null;
                unreadable.Add(references.References.Of(key));
                return null;
            },
            cancellationToken,
            query.Top);
        var last = end < found.Count ? rows[end - 1].End : rest;
        return new(jobs, last?.ToContinuation()) { Unreadable = unreadable };
    }

    /// <summary>Counts jobs, up to a maximum.</summary>
    public async Task<JobCount> CountAsync(JobQuery query, int most, CancellationToken cancellationToken)
    {
        var (count, after, wanted, began) = (0, (SearchEnd?)null, WantedWords.Of(query), table.Time.GetTimestamp());
        bool isCut;
        do
        {
            var (found, end) = await FindAsync(query, after, query.IsSearch ? MostExamined : Math.Min(most - count + 1, MostExamined), cancellationToken);
            var matches = 0;
            isCut = false;
            await table.EachAsync(
                found,
                async (one, token) =>
                {
                    if (one.Match == WordMatch.Yes)
                        Interlocked.Increment(ref matches);
                    else if (IsOver())
                        isCut = true;
                    else if (await PassesAsync(one.Row, query, wanted, token))
                        Interlocked.Increment(ref matches);
                },
                cancellationToken);
            count += matches;
            after = end;
        }
        while (after is not null && count <= most && !IsOver());
        return new(Math.Min(count, most), after is not null || isCut || count > most);

        bool IsOver() => table.Time.GetElapsedTime(began) >= JobCount.Longest;
    }

    /// <summary>Rows of jobs that match or may match, and the position at which the search ended; null at the end.</summary>
    private async Task<(List<Found> Found, SearchEnd? End)> FindAsync(JobQuery query, SearchEnd? after, int most, CancellationToken cancellationToken)
    {
        var wanted = WantedWords.Of(query);
        if (!query.IsSearch)
            return await GoThroughAsync(query, wanted, after?.Listed, most, cancellationToken);

        var (found, end) = (new List<Found>(), after);
        if (after?.Indexed is null)
        {
            if (await NarrowAsync(query, wanted, after?.Listed, cancellationToken) is var (narrowed, isWhole))
                return ToFound(narrowed, isWhole, most);
            (found, end) = await GoThroughAsync(query, wanted, after?.Listed, most, cancellationToken);
            if (end is null || found.Count >= Math.Min(query.Top, most))
                return (found, end);
        }

        var (others, rest) = await GoOnAsync(query, wanted, end!.Value, most - found.Count, cancellationToken);
        return ([.. found, .. others], rest);
    }

    private static (List<Found> Found, SearchEnd? End) ToFound(List<TableEntity> narrowed, bool isWhole, int most)
    {
        var some = narrowed.Count > most ? narrowed[..most] : narrowed;
        return (
            [.. some.Select(row => new Found(row, WordMatch.Maybe, new(PageEnd.Of(row))))],
            some.Count > 0 && (some.Count < narrowed.Count || !isWhole) ? new(PageEnd.Of(some[^1])) : null);
    }

    /// <summary>Continues in an index, with the jobs after a position in the list: by id or key in the order of the index, by other words in the order of the list.</summary>
    private async Task<(List<Found> Found, SearchEnd? End)> GoOnAsync(
        JobQuery query, WantedWords wanted, SearchEnd after, int most, CancellationToken cancellationToken)
    {
        var isWordIndexed = wanted.All.Count > 0 && await words.CheckCompleteAsync(cancellationToken);
        var key = wanted.All.Where(word => word.IsPrefix && isWordIndexed).Select(word => (ReadOnlyMemory<byte>?)word.Word).FirstOrDefault();
        var partitions = await table.PartitionsAsync(query.Sources, cancellationToken);
        if (query.IdPrefix is null && key is null)
        {
            var word = wanted.All.FirstOrDefault(word => !word.IsPrefix);
            return isWordIndexed && await ExactAsync(query, partitions, word, after.Listed, cancellationToken) is var (exact, isWhole) ? ToFound(exact, isWhole, most) : ([], after);
        }

        var prefix = query.IdPrefix is { } id ? RowKeys.Job(id) : RowKeys.WordFrom(key!.Value.Span);
        var rows = await table.FirstAsync(
            [.. partitions.Select(partition => new RowRange(partition, after.Indexed?.From(partition) ?? prefix, prefix + "~"))],
            query.IdPrefix is null ? null : Condition(query),
            query.IdPrefix is null ? Columns.Keys : [.. Columns.ForSearch, Columns.RegisteredAt],
            MostSorted,
            cancellationToken);
        var (found, end) = (new List<Found>(), after);
        foreach (var row in rows)
        {
            if (found.Count == most)
                return (found, end);
            end = after with { Indexed = PageEnd.Of(row) };
            var place = query.IdPrefix is null ? RowKeys.ListedOfWord(row.RowKey) : ListedOfJob(row);
            if (place is null || !after.Listed.IsBefore(place, row.PartitionKey) || !IsInTime(query, place))
                continue;
            var listed = new TableEntity(row) { PartitionKey = row.PartitionKey, RowKey = place };
            if ((query.IdPrefix is null ? WordMatch.Maybe : Match(listed, query, wanted)) is not WordMatch.No and var match)
                found.Add(new(listed, match, end));
        }

        return (found, rows.Count < MostSorted ? null : end);
    }

    private async Task<(List<Found> Found, SearchEnd? End)> GoThroughAsync(
        JobQuery query, WantedWords wanted, PageEnd? after, int most, CancellationToken cancellationToken)
    {
        // Few jobs are overdue, and their separate list avoids reading the others. A page always ends at a key of the list of all jobs.
        var isOverdue = query.Overdue == true;
        var ranges = (await table.PartitionsAsync(query.Sources, cancellationToken))
            .Select(partition => RangeOf(query, partition, isOverdue ? RowKeys.Overdue : RowKeys.Listed, after))
            .ToList();

        // A job's row in the list of overdue jobs is written and deleted with the job, so without further filters it suffices.
        var overdue = !query.IsSearch && query.States.Count == 0 && query.Watches.Count == 0 ? WordMatch.Yes : WordMatch.Maybe;
        var (examined, found, last) = (0, new List<Found>(), (TableEntity?)null);
        var rows = await table.FirstAsync(
            ranges,
            isOverdue ? null : Condition(query),
            isOverdue ? Columns.Keys : ColumnsFor(query, wanted),
            query.IsSearch ? MostExamined : most,
            cancellationToken,
            row => RowKeys.IsListed(KeyOfAll(row)));
        foreach (var read in rows)
        {
            if (found.Count == most)
                break;
            var row = isOverdue ? new TableEntity(read.PartitionKey, KeyOfAll(read)) : read;
            (examined, last) = (examined + 1, row);
            if ((isOverdue ? overdue : Match(row, query, wanted)) is not WordMatch.No and var match)
                found.Add(new(row, match, new(PageEnd.Of(row))));
        }

        var isOver = examined == rows.Count && rows.Count < (query.IsSearch ? MostExamined : most);
        return (found, isOver ? null : new(PageEnd.Of(last!)));

        string KeyOfAll(TableEntity row) => isOverdue ? RowKeys.ListedOf(row.RowKey) : row.RowKey;
    }

    /// <summary>Whether a row of the list matches, by its columns.</summary>
    private static WordMatch Match(TableEntity listed, JobQuery query, WantedWords wanted)
    {
        if (!query.IsSearch && query.Watches.Count == 0 && query.Overdue is null)
            return WordMatch.Yes;
        var isListed = (query.Overdue is null || (listed.Flag(Columns.Overdue) == true) == query.Overdue)
            && (query.IdPrefix is null || RowKeys.ReadListed(listed.RowKey).Id.StartsWith(query.IdPrefix, StringComparison.Ordinal))
            && WireNames.TryParse<JobState>(listed.Text(Columns.State), out var state)
            && query.Admits(state, JobRows.WatchOf(listed), RowKeys.ReadListed(listed.RowKey).Time);
        return !isListed ? WordMatch.No
            : wanted.All.Count == 0 ? WordMatch.Yes
            : StoredWords.Read(listed) is { } written ? wanted.In(written)
            : WordMatch.Maybe;
    }

    private static string[] ColumnsFor(JobQuery query, WantedWords wanted) =>
        wanted.All.Count > 0 ? Columns.ForSearch
        : query.IsSearch || query.Watches.Count > 0 || query.Overdue is not null ? Columns.ForStanding
        : Columns.Keys;

    /// <summary>The rows of the list to which an index narrows a search, and whether they are all; null if no index does.</summary>
    private async Task<(List<TableEntity> Rows, bool IsWhole)?> NarrowAsync(
        JobQuery query, WantedWords wanted, PageEnd? after, CancellationToken cancellationToken)
    {
        var partitions = await table.PartitionsAsync(query.Sources, cancellationToken);
        if (query.IdPrefix is { } id && await SortedAsync(partitions, RowKeys.Job(id), [.. Columns.Keys, Columns.RegisteredAt], ListedOfJob) is { } byId)
            return (byId, true);
        if (wanted.All.Count == 0 || !await words.CheckCompleteAsync(cancellationToken))
            return null;
        foreach (var key in wanted.All.Where(word => word.IsPrefix))
        {
            if (await SortedAsync(partitions, RowKeys.WordFrom(key.Word.Span), Columns.Keys, row => RowKeys.ListedOfWord(row.RowKey)) is { } byKey)
                return (byKey, true);
        }

        (List<TableEntity> Rows, bool IsWhole)? best = null;
        foreach (var word in wanted.All.Where(word => !word.IsPrefix))
        {
            var narrowed = await ExactAsync(query, partitions, word, after, cancellationToken);
            if (best is null || (narrowed.IsWhole && (!best.Value.IsWhole || narrowed.Rows.Count < best.Value.Rows.Count)))
                best = narrowed;
        }

        // Jobs of a state or watch status may be few among very many jobs of a word.
        return best is { IsWhole: false } && query.States.Count + query.Watches.Count > 0 ? null : best;

        async Task<List<TableEntity>?> SortedAsync(List<string> of, string prefix, IReadOnlyList<string> select, Func<TableEntity, string?> listedOf)
        {
            var rows = await table.FirstAsync(
                [.. of.Select(partition => new RowRange(partition, prefix, prefix + "~"))], null, select, MostSorted + 1, cancellationToken);
            return rows.Count > MostSorted ? null : InOrder(query, rows, after, listedOf);
        }
    }

    /// <summary>The newest rows of a word after a position in the list, in the order of the list, and whether these are all.</summary>
    private async Task<(List<TableEntity> Rows, bool IsWhole)> ExactAsync(
        JobQuery query, List<string> partitions, WantedWord word, PageEnd? after, CancellationToken cancellationToken)
    {
        var rows = new List<TableEntity>();
        var isWhole = true;
        foreach (var one in (ReadOnlyMemory<byte>[])(word.IsMetadata ? [word.Word, JobWords.More] : [word.Word]))
        {
            var prefix = RowKeys.WordFrom(one.Span) + "|";
            var ranges = partitions.Select(partition => RangeOf(query, partition, prefix, after)).ToList();
            var some = await table.FirstAsync(ranges, null, Columns.Keys, MostSorted, cancellationToken);
            isWhole &= some.Count < MostSorted;
            rows.AddRange(some);
        }

        var sorted = InOrder(query, rows, after, row => RowKeys.ListedOfWord(row.RowKey));
        return (isWhole || sorted.Count <= MostSorted ? sorted : sorted[..MostSorted], isWhole);
    }

    private static List<TableEntity> InOrder(JobQuery query, List<TableEntity> rows, PageEnd? after, Func<TableEntity, string?> listedOf) =>
    [
        .. rows
            .Select(row => (row.PartitionKey, RowKey: listedOf(row)))
            .Where(row => row.RowKey is not null && IsInTime(query, row.RowKey) && after?.IsBefore(row.RowKey, row.PartitionKey) != false)
            .Distinct()
            .OrderBy(row => row.RowKey, StringComparer.Ordinal)
            .ThenBy(row => row.PartitionKey, StringComparer.Ordinal)
            .Select(row => new TableEntity(row.PartitionKey, row.RowKey)),
    ];

    private static bool IsInTime(JobQuery query, string listed) =>
        RowKeys.ReadListed(listed).Time is var at && (query.Since is null || at >= query.Since) && (query.Until is null || at < query.Until);

    private async Task<bool> PassesAsync(TableEntity key, JobQuery query, WantedWords wanted, CancellationToken cancellationToken)
    {
        if (await table.RowAsync(key.PartitionKey, key.RowKey, Columns.ForSearch, cancellationToken) is not { } listed)
            return false;
        var match = Match(listed, query, wanted);
        return match == WordMatch.Maybe
            ? await table.RowAsync(key.PartitionKey, RowKeys.Job(RowKeys.ReadListed(key.RowKey).Id), null, cancellationToken) is { } row
                && JobRows.TryRead(row, JobRows.KeyOf(row), out var job, out _) is not null
                && query.Matches(job!)
            : match == WordMatch.Yes;
    }

    /// <summary>The range of rows of a partition with a prefix followed by the rest of a list key, after the end of a page and within the times of a query.</summary>
    private static RowRange RangeOf(JobQuery query, string partition, string prefix, PageEnd? after)
    {
        var from = query.Until is { } before ? RowKeys.ListedFrom(new(Math.Max(before.UtcTicks - 1, 0), TimeSpan.Zero)) : RowKeys.Listed;
        if (after?.From(partition) is { } next && string.CompareOrdinal(next, from) > 0)
            from = next;
        return new(
            partition,
            string.Concat(prefix, from.AsSpan(RowKeys.Listed.Length)),
            query.Since is { } since ? string.Concat(prefix, RowKeys.EndOf(RowKeys.ListedFrom(since)).AsSpan(RowKeys.Listed.Length)) : RowKeys.EndOf(prefix));
    }

    private static string? ListedOfJob(TableEntity row) =>
        row.Time(Columns.RegisteredAt) is { } at ? RowKeys.ListedAt(at, row.RowKey[RowKeys.Jobs.Length..]) : null;

    /// <summary>The service-side condition on rows of the list.</summary>
    private static string? Condition(JobQuery query)
    {
        var conditions = new List<string>();
        if (query.States.Count > 0)
            conditions.Add(AnyOf(query.States.Distinct().Select(state => TableClient.CreateQueryFilter($"State eq {WireNames.Of(state)}"))));
        if (query.Watches.Count > 0)
        {
            // The service cannot query for a missing due time, so some results are filtered out afterwards.
            var expired = TableClient.CreateQueryFilter($"State eq {WireNames.Of(JobState.Expired)}");
            conditions.Add(AnyOf(query.Watches.Distinct().Select(watch => watch switch
            {
                WatchStatus.Watching => $"({Columns.Stopped} eq false and ({Columns.Settled} eq false or {expired}))",
                WatchStatus.Stopped => $"({Columns.Stopped} eq true and ({Columns.Settled} eq false or {expired}))",
                WatchStatus.GivenUp => $"({Columns.Stopped} eq false and {expired})",
                _ => $"({Columns.Settled} eq true and not ({expired}))",
            })));
        }

        return conditions.Count == 0 ? null : string.Join(" and ", conditions);

        static string AnyOf(IEnumerable<string> those) => $"({string.Join(" or ", those)})";
    }

    /// <param name="Row">The row of the list.</param>
    /// <param name="Match">Whether the job matches.</param>
    /// <param name="End">The end of a page of which this is the last row.</param>
    private readonly record struct Found(TableEntity Row, WordMatch Match, SearchEnd End);
}
