using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Searches that go on in an index after the newest jobs of the list, where one filter matches nearly all jobs and another one few.</summary>
public sealed class TableHandOverTests(SharedAzurite azurite)
{
    private const int Old = TableIndexes.MostSorted + 300;
    private const int Wide = TableSearch.MostExamined + 1000;
    private const int EachRare = 150;

    // The newest jobs that a page examines in the list have these, and the next ones have more.
    private const int AmongNewest = 33;

    private static readonly KeyValuePair<string, string> IsWide = new("all", "yes");
    private static readonly KeyValuePair<string, string> IsRare = new("rare", "yes");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Beyond_the_newest_jobs_the_most_selective_filter_is_followed_and_each_job_is_found_once()
    {
        var wire = new InterceptedRequests();
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 2);
        var store = await table.StoreAsync(wire.Between, TempTable.WithoutElapsedTime);
        var rare = await FillAsync(table.Rows);
        var newestFirst = rare.Select(job => job.Key.Id).ToList();

        // The wide filter comes first in each query. Ids and keys of rare jobs are in the order of registration.
        var all = new JobQuery { Source = "media" };
        var handedOver = newestFirst[..AmongNewest].Concat(newestFirst[AmongNewest..].Order(StringComparer.Ordinal)).ToList();
        foreach (var (query, expected, mostQueries) in ((JobQuery, List<string>, int)[])
        [
            (all with { Metadata = [IsWide, IsRare] }, newestFirst, 14),
            (all with { Metadata = [IsWide, IsRare], Bucket = "wide", States = [JobState.Waiting], Watches = [WatchStatus.Watching] }, newestFirst, 16),
            (all with { Metadata = [IsRare], States = [JobState.Waiting, JobState.Failed] }, newestFirst, 12),
            (all with { IdPrefix = "r.", Metadata = [IsWide, IsRare], Overdue = false }, newestFirst, 18),
            (all with { KeyPrefix = "rare/", Metadata = [IsWide, IsRare] }, newestFirst, 18),
            (all with { IdPrefix = "r.", Bucket = "wide" }, handedOver, 16),
            (all with { KeyPrefix = "rare/", Bucket = "wide", States = [JobState.Waiting] }, handedOver, 16),
        ])
        {
            wire.Take();
            var first = await store.Jobs.ListAsync(query with { Top = 50 }, Cancelled);
            Assert.Equal(expected[..50], first.Elements.Select(job => job.Key.Id));
            Assert.InRange(wire.Requests.Count(kind => kind == "query"), 6, mostQueries);
            Assert.InRange(wire.Requests.Count(kind => kind == "read"), 50, 64);

            wire.Take();
            Assert.Equal(expected, await FoundAsync(query with { Top = 200 }));
            Assert.InRange(wire.Requests.Count(kind => kind == "read"), expected.Count, expected.Count + 160);
            Assert.Equal(new JobCount(expected.Count, AtLeast: false), await store.Jobs.CountAsync(query, 100_000, Cancelled));
        }

        async Task<List<string>> FoundAsync(JobQuery query)
        {
            var (found, continuation) = (new List<string>(), (string?)null);
            do
            {
                var page = await store.Jobs.ListAsync(query with { Continuation = continuation }, Cancelled);
                found.AddRange(page.Elements.Select(job => job.Key.Id));
                continuation = page.Continuation;
            }
            while (continuation is not null);
            return found;
        }
    }

    [Fact]
    public async Task A_continuation_within_an_index_is_refused_for_another_prefix_and_that_of_a_list_is_read()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 2);
        foreach (var number in (int[])[1, 2, 3])
            Assert.NotNull(await table.Store.Jobs.CommitAsync(new(RareJob(number), null, null), Cancelled));
        var listed = $"{RowKeys.ListedAt(Sample.Start.AddSeconds(3), "r.00003")}\n{PartitionOf("r.00003")}";
        var within = Token($"{Token(listed)}.{Token($"j|r.00001\n{PartitionOf("r.00001")}")}");

        Assert.Equal(["r.00002"], await IdsAsync(new() { IdPrefix = "r.", Continuation = within }));
        Assert.Equal(["r.00002", "r.00001"], await IdsAsync(new() { IdPrefix = "r.", Continuation = Token(listed) }));
        foreach (var query in (JobQuery[])[new(), new() { IdPrefix = "s." }, new() { IdPrefix = "r.00002" }, new() { KeyPrefix = "rare/" }, new() { Bucket = "wide" }])
            await Assert.ThrowsAsync<FormatException>(async () => await table.Store.Jobs.ListAsync(query with { Continuation = within }, Cancelled));
        foreach (var tampered in (string[])["", ".", "j|r.00001", "j|r.00001\n", "j|r'.1\nmedia|0", "l|r.00001\nmedia|0", "y|' or 1 eq 1\nmedia|0"])
        {
            await Assert.ThrowsAsync<FormatException>(async () => await table.Store.Jobs.ListAsync(
                new() { IdPrefix = "r.", KeyPrefix = "rare/", Continuation = Token($"{Token(listed)}.{Token(tampered)}") }, Cancelled));
        }

        async Task<List<string>> IdsAsync(JobQuery query) => [.. (await table.Store.Jobs.ListAsync(query, Cancelled)).Elements.Select(job => job.Key.Id)];

        static string PartitionOf(string id) => RowKeys.Partition(new JobKey("media", id), 2);

        static string Token(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Adds the rows of many jobs.</summary>
    /// <returns>The rare jobs, newest first.</returns>
    private static async Task<List<Job>> FillAsync(TableClient table)
    {
        var jobs = Enumerable.Range(0, Old + Wide).Select(number => number < Old || number % EachRare == 0 ? RareJob(number) : WideJob(number)).ToList();
        foreach (var partition in jobs.GroupBy(job => RowKeys.Partition(job.Key, 2)))
        {
            var rows = partition.SelectMany(job =>
            {
                var listed = JobRows.Listed(partition.Key, job);
                return (IEnumerable<TableEntity>)
                [
                    listed,
                    JobRows.Of(partition.Key, new(job, null, null)).Row,
                    .. StoredWords.RowsOf(listed.GetBinary(Columns.Words), listed.RowKey).Select(key => new TableEntity(partition.Key, key)),
                ];
            });
            await Parallel.ForEachAsync(rows.Chunk(100), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancelled }, async (some, cancelled) =>
                await table.SubmitTransactionAsync(some.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancelled));
        }

        Assert.Equal(AmongNewest, jobs[^TableSearch.MostExamined..].Count(IsRareJob));
        return [.. jobs.Where(IsRareJob).Reverse()];
    }

    private static bool IsRareJob(Job job) => job.Key.Id.StartsWith("r.", StringComparison.Ordinal);

    private static Job RareJob(int number) => JobOf("r", $"rare/{number:00000}", number, IsWide, IsRare);

    private static Job WideJob(int number) => JobOf("n", $"wide/{number:00000}", number, IsWide);

    private static Job JobOf(string kind, string key, int number, params KeyValuePair<string, string>[] metadata)
    {
        var job = Sample.Job(string.Create(CultureInfo.InvariantCulture, $"{kind}.{number:00000}"), after: TimeSpan.FromSeconds(number));
        return job with { Metadata = Job.NoMetadata.AddRange(metadata), Facts = job.Facts with { Bucket = "wide", Key = key } };
    }
}
