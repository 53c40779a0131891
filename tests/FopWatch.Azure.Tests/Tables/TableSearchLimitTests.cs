using System.Globalization;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Searches that find more jobs than an index can sort.</summary>
public sealed class TableSearchLimitTests(SharedAzurite azurite)
{
    private const int Jobs = TableSearch.MostSorted + 25;
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
        foreach (var (query, count) in ((JobQuery, int)[])[(byId, Jobs), (byWord, Jobs), (narrowed, settled.Count)])
        {
            Assert.Equal(new JobCount(count, AtLeast: false), await table.Store.Jobs.CountAsync(query, 100_000, Cancelled));
            Assert.Equal(new JobCount(100, AtLeast: true), await table.Store.Jobs.CountAsync(query, 100, Cancelled));
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

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"z0.{number:0000}");
}
