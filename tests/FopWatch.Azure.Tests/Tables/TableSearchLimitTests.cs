using System.Globalization;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Searches that find more jobs than an index can sort.</summary>
public sealed class TableSearchLimitTests(SharedAzurite azurite)
{
    private const int Jobs = TableIndexes.MostSorted + 25;
    private const int EachSettled = 5;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_job_is_found_once_in_order_and_counted()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 4);
        await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancelled }, async (number, cancelled) =>
        {
            var job = Sample.Job(Id(number), after: TimeSpan.FromSeconds(number));
            Assert.NotNull(await table.Store.Jobs.CommitAsync(number % EachSettled == 0 ? job.Settled().On(null) : new JobCommit(job, null, null), cancelled));
        });

        var byId = new JobQuery { IdPrefix = "z0.", Top = 400 };
        var byWord = new JobQuery { Metadata = [KeyValuePair.Create("lesson", "第 42 课")], Top = 400 };
        var narrowed = byWord with { States = [JobState.Succeeded] };
        var all = Enumerable.Range(0, Jobs).Reverse().Select(Id).ToList();
        var settled = Enumerable.Range(0, Jobs).Where(number => number % EachSettled == 0).Reverse().Select(Id).ToList();

        Assert.Equal(all, await FoundAsync(byId));
        Assert.Equal(settled, await FoundAsync(narrowed));
        var counting = await table.StoreAsync(time: TempTable.WithoutElapsedTime);
        foreach (var (query, count) in ((JobQuery, int)[])[(byId, Jobs), (byWord, Jobs), (narrowed, settled.Count)])
        {
            Assert.Equal(new JobCount(count, AtLeast: false), await counting.Jobs.CountAsync(query, 100_000, Cancelled));
            Assert.Equal(new JobCount(100, AtLeast: true), await counting.Jobs.CountAsync(query, 100, Cancelled));
        }

        async Task<List<string>> FoundAsync(JobQuery query)
        {
            var (found, continuation) = (new List<string>(), (string?)null);
            do
            {
                var page = await table.Store.Jobs.ListAsync(query with { Continuation = continuation }, Cancelled);
                found.AddRange(page.Elements.Select(job => job.Key.Id));
                continuation = page.Continuation;
            }
            while (continuation is not null);
            return found;
        }
    }

    [Fact]
    public async Task Many_old_jobs_are_found_in_a_bounded_number_of_requests_and_each_once()
    {
        var wire = new InterceptedRequests();
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 2);
        var store = await table.StoreAsync(wire.Between, TempTable.WithoutElapsedTime);
        await Parallel.ForAsync(0, Jobs, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancelled }, async (number, cancelled) =>
        {
            var job = Sample.Job(Id(number), after: TimeSpan.FromSeconds(number));
            job = job with { Facts = job.Facts with { Bucket = "old", Key = $"old/{number}" } };
            Assert.NotNull(await store.Jobs.CommitAsync(new(job, null, null), cancelled));
        });
        foreach (var bucket in (int[])[0, 1])
            await AddNewerAsync(table.Rows, RowKeys.Partition("media", bucket), (TableSearch.MostExamined / 2) + 100);
        var ids = Enumerable.Range(0, Jobs).Select(Id).ToList();
        wire.Take();

        // 16 requests for the newest of both partitions, and a few for the index; then a read for each job of the page.
        var byId = new JobQuery { Source = "media", IdPrefix = "z0.", Top = 50 };
        Assert.Equal(ids[..50], (await store.Jobs.ListAsync(byId, Cancelled)).Elements.Select(job => job.Key.Id));
        Assert.InRange(wire.Requests.Count(kind => kind == "query"), 5, 20);
        Assert.InRange(wire.Requests.Count(kind => kind == "read"), 50, 64);
        var second = await store.Jobs.ListAsync(byId with { Continuation = (await store.Jobs.ListAsync(byId, Cancelled)).Continuation }, Cancelled);
        Assert.Equal(ids[50..100], second.Elements.Select(job => job.Key.Id));

        foreach (var query in (JobQuery[])
        [
            byId,
            byId with { States = [JobState.Waiting] },
            byId with { Bucket = "old" },
            new() { KeyPrefix = "old/", Source = "media" },
            new() { Bucket = "old", States = [JobState.Waiting] },
        ])
        {
            Assert.NotEmpty((await store.Jobs.ListAsync(query with { Top = 50 }, Cancelled)).Elements);
            if (query.IdPrefix is not null)
                Assert.Equal(new JobCount(Jobs, AtLeast: false), await store.Jobs.CountAsync(query, 100_000, Cancelled));
            var (found, continuation) = (new List<string>(), (string?)null);
            do
            {
                var page = await store.Jobs.ListAsync(query with { Top = 300, Continuation = continuation }, Cancelled);
                found.AddRange(page.Elements.Select(job => job.Key.Id));
                continuation = page.Continuation;
            }
            while (continuation is not null);
            Assert.Equal(ids, found.Order(StringComparer.Ordinal));
        }

        var until = byId with { Since = Sample.Start.AddSeconds(10), Until = Sample.Start.AddSeconds(40) };
        Assert.Equal(ids[10..40].AsEnumerable().Reverse(), (await store.Jobs.ListAsync(until, Cancelled)).Elements.Select(job => job.Key.Id));
    }

    /// <summary>Adds the rows of the list of jobs that are newer.</summary>
    private static async Task AddNewerAsync(TableClient table, string partition, int many)
    {
        var rows = Enumerable.Range(0, many).Select(number =>
        {
            var job = Sample.Job($"new.{number:00000}", after: TimeSpan.FromDays(1) + TimeSpan.FromSeconds(number));
            return JobRows.Listed(partition, job with { Facts = job.Facts with { Bucket = "new", Key = $"new/{number}" } });
        });
        foreach (var some in rows.Chunk(100))
            await table.SubmitTransactionAsync(some.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), Cancelled);
    }

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"z0.{number:0000}");
}
