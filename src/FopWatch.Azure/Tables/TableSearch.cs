using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>
/// Lists, searches and counts jobs, newest first. A search reads the jobs of the most selective index if they are few enough to be sorted. Otherwise it goes through the rows of the list, which
/// also contain the words, and then through the rest of the most selective index. Ids and keys are then in the order of the index, because they are too many to be sorted. In all cases, a page
/// ends after a maximum of rows.
/// </summary>
internal sealed class TableSearch(TableGateway table, TableReferences references, TableIndexes indexes)
{
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
        var partitions = await table.PartitionsAsync(query.Sources, cancellationToken);
        if (!query.IsSearch)
            return await GoThroughAsync(query, wanted, partitions, after?.Listed, most, new(query, wanted), cancellationToken);

        if (after is { Indexed: not null })
            return await GoOnByPrefixAsync(query, wanted, partitions, after.Value, after.Value.IsById, most, cancellationToken);

        var narrowed = await indexes.NarrowAsync(query, wanted, partitions, after?.Listed, cancellationToken);
        if (narrowed is not null && (narrowed.IsWhole || wanted.IsOnlyFilter))
            return ToFound(narrowed, most);

        var counts = new FilterCounts(query, wanted);
        var (found, end) = await GoThroughAsync(query, wanted, partitions, after?.Listed, most, counts, cancellationToken);

        // The list of overdue jobs is an index itself.
        if (end is not { } listed || found.Count >= Math.Min(query.Top, most) || query.Overdue == true)
            return (found, end);

        var hasWords = wanted.All.Count > 0 && await indexes.AreCompleteAsync(cancellationToken);
        var (others, rest) = counts.BestPrefix(hasWords) switch
        {
            var (isId, _) => await GoOnByPrefixAsync(query, wanted, partitions, listed, isId, most - found.Count, cancellationToken),
            // The rows of an exact word are already here, in the order of the list, unless the list has passed them.
            _ when narrowed is { End: { } reached } && listed.Listed.IsBefore(reached.RowKey, reached.Partition) =>
                ToFound(narrowed with { Rows = narrowed.Rows.FindAll(row => listed.Listed.IsBefore(row.RowKey, row.PartitionKey)) }, most - found.Count),
            _ => ([], listed),
        };
        return ([.. found, .. others], rest);
    }

    private static (List<Found> Found, SearchEnd? End) ToFound(Narrowed narrowed, int most)
    {
        var some = narrowed.Rows.Count > most ? narrowed.Rows[..most] : narrowed.Rows;
        return (
            [.. some.Select(row => new Found(row, WordMatch.Maybe, new(PageEnd.Of(row))))],
            some.Count < narrowed.Rows.Count ? new(PageEnd.Of(some[^1])) : narrowed.End is { } reached ? new(reached) : null);
    }

    /// <summary>Continues in the index of ids or of keys, in its order, with the jobs after a position in the list.</summary>
    private async Task<(List<Found> Found, SearchEnd? End)> GoOnByPrefixAsync(
        JobQuery query, WantedWords wanted, List<string> partitions, SearchEnd after, bool isById, int most, CancellationToken cancellationToken)
    {
        var prefix = SearchEnd.PrefixOf(query, isById)!;
        var rows = await table.FirstAsync(
            [.. partitions.Select(partition => new RowRange(partition, after.Indexed?.From(partition) ?? prefix, prefix + "~"))],
            isById ? Condition(query) : null,
            isById ? [.. Columns.ForSearch, Columns.RegisteredAt] : Columns.Keys,
            TableIndexes.MostSorted,
            cancellationToken);
        var (found, end) = (new List<Found>(), after);
        foreach (var row in rows)
        {
            if (found.Count == most)
                return (found, end);
            end = after with { Indexed = PageEnd.Of(row) };
            var place = isById ? TableIndexes.ListedOfJob(row) : RowKeys.ListedOfWord(row.RowKey);
            if (place is null || !after.Listed.IsBefore(place, row.PartitionKey) || !TableIndexes.IsInTime(query, place) || !HasId(query, place))
                continue;
            var listed = new TableEntity(row) { PartitionKey = row.PartitionKey, RowKey = place };
            if ((isById ? Match(listed, query, wanted) : WordMatch.Maybe) is not WordMatch.No and var match)
                found.Add(new(listed, match, end));
        }

        return (found, rows.Count < TableIndexes.MostSorted ? null : end);
    }

    private async Task<(List<Found> Found, SearchEnd? End)> GoThroughAsync(
        JobQuery query, WantedWords wanted, List<string> partitions, PageEnd? after, int most, FilterCounts counts, CancellationToken cancellationToken)
    {
        // Few jobs are overdue, and their separate list avoids reading the others. A page always ends at a key of the list of all jobs.
        var isOverdue = query.Overdue == true;
        var ranges = partitions
            .Select(partition => TableIndexes.RangeOf(query, partition, isOverdue ? RowKeys.Overdue : RowKeys.Listed, after))
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
            counts.Add(row);
            if ((!isOverdue ? Match(row, query, wanted) : HasId(query, row.RowKey) ? overdue : WordMatch.No) is not WordMatch.No and var match)
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
            && HasId(query, listed.RowKey)
            && WireNames.TryParse<JobState>(listed.Text(Columns.State), out var state)
            && query.Admits(state, JobRows.WatchOf(listed), RowKeys.ReadListed(listed.RowKey).Time);
        return !isListed ? WordMatch.No
            : wanted.All.Count == 0 ? WordMatch.Yes
            : StoredWords.Read(listed) is { } written ? wanted.In(written)
            : WordMatch.Maybe;
    }

    private static bool HasId(JobQuery query, string listed) =>
        query.IdPrefix is null || RowKeys.ReadListed(listed).Id.StartsWith(query.IdPrefix, StringComparison.Ordinal);

    private static string[] ColumnsFor(JobQuery query, WantedWords wanted) =>
        wanted.All.Count > 0 ? Columns.ForSearch
        : query.IsSearch || query.Watches.Count > 0 || query.Overdue is not null ? Columns.ForStanding
        : Columns.Keys;

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
