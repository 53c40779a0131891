using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>How jobs stored by a version without words are found, before and after they have their words.</summary>
public sealed class WordsBackfillTests(SharedAzurite azurite)
{
    private const int Jobs = 30;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_of_an_earlier_version_are_found_before_and_after_they_have_words()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        await FillAsync(table);
        var store = await table.StoreAsync();
        await store.Jobs.CommitAsync(Sample.Job("new", after: TimeSpan.FromDays(1)).Settled().Job.New(), Cancelled);

        await AssertFoundAsync(store);
        Assert.False(await store.Words.RunAsync(TimeSpan.FromMinutes(1), Cancelled));
        await AssertFoundAsync(store);

        // During the rollout of the new version, an instance of the earlier one may write another job.
        await ForgetAsync(table, "j03");
        Assert.False(await store.Words.RunAsync(TimeSpan.FromMinutes(1), Cancelled));
        await AssertFoundAsync(store);

        var later = await table.StoreAsync(time: new SetTime(Sample.Start.AddDays(2)));
        Assert.True(await later.Words.RunAsync(TimeSpan.FromMinutes(1), Cancelled));
        await AssertFoundAsync(later);
        await AssertFoundAsync(store);
        Assert.True(await store.Words.RunAsync(TimeSpan.Zero, Cancelled));
        Assert.Equal((Jobs + 1) * 3, await CountAsync(table, "w|") + await CountAsync(table, "y|"));

        Assert.Equal((Jobs + 1, true), await later.JobPurge.PurgeAsync(Sample.Start.AddDays(2), TimeSpan.MaxValue, Cancelled));
        Assert.Equal(0, await CountAsync(table, "w|") + await CountAsync(table, "y|"));
    }

    [Fact]
    public async Task A_run_that_ends_too_soon_is_continued()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        await FillAsync(table);
        var store = await table.StoreAsync(time: new SetTime(Sample.Start.AddDays(2)));

        Assert.False(await store.Words.RunAsync(TimeSpan.Zero, Cancelled));
        Assert.Equal(0, await CountAsync(table, "y|"));
        Assert.True(await store.Words.RunAsync(TimeSpan.FromMinutes(1), Cancelled));
        Assert.Equal(Jobs, await CountAsync(table, "y|"));
    }

    [Fact]
    public async Task A_job_that_lost_a_row_of_its_words_is_purged_with_the_rest()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        await table.Store.Jobs.CommitAsync(Sample.Job("a").Settled().Job.New(), Cancelled);
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(RowRange.Of("media|0", RowKeys.Keyed).Filter(), cancellationToken: Cancelled))
            await table.Rows.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancelled);

        Assert.Equal((1, true), await table.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal(0, await CountAsync(table, "w|"));
        Assert.Null(await table.Store.Jobs.FindAsync(new("media", "a"), Cancelled));
    }

    private static async Task AssertFoundAsync(TableStore store)
    {
        List<string> expected = ["new", .. Enumerable.Range(0, Jobs).Reverse().Select(i => $"j{i:00}")];
        foreach (var query in (JobQuery[])[new() { KeyPrefix = "in." }, new() { Bucket = "b" }, new() { Metadata = [new("lesson", "第 42 课")] }])
        {
            var found = new List<string>();
            var page = query with { Top = 7 };
            do
            {
                var jobs = await store.Jobs.ListAsync(page, Cancelled);
                Assert.Empty(jobs.Unreadable);
                found.AddRange(jobs.Elements.Select(job => job.Key.Id));
                page = page with { Continuation = jobs.Continuation };
            }
            while (page.Continuation is not null);
            Assert.Equal(expected, found);
            Assert.Equal(new JobCount(Jobs + 1, AtLeast: false), await store.Jobs.CountAsync(query, 100, Cancelled));
        }

        Assert.Empty((await store.Jobs.ListAsync(new() { Bucket = "other" }, Cancelled)).Elements);
    }

    private static async Task FillAsync(TempTable table)
    {
        for (var i = 0; i < Jobs; i++)
        {
            Assert.NotNull(await table.Store.Jobs.CommitAsync(Sample.Job($"j{i:00}", after: TimeSpan.FromMinutes(i)).Settled().Job.New(), Cancelled));
            await ForgetAsync(table, $"j{i:00}");
        }

        Assert.NotNull(await table.Store.Jobs.FindAsync(new("media", "j00"), Cancelled));
        await table.Rows.UpsertEntityAsync(WordsBackfill.MarkOf(Sample.Start, isComplete: false), TableUpdateMode.Replace, Cancelled);
    }

    /// <summary>Leaves a job as a version without words would have.</summary>
    private static async Task ForgetAsync(TempTable table, string id)
    {
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(cancellationToken: Cancelled))
        {
            if (!row.RowKey.EndsWith($"|{id}", StringComparison.Ordinal))
                continue;
            if (row.RowKey[0] is 'w' or 'y')
                await table.Rows.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancelled);
            else if (row.Remove(Columns.Words))
                await table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }
    }

    private static async Task<int> CountAsync(TempTable table, string prefix)
    {
        var count = 0;
        await foreach (var row in table.Rows.QueryAsync<TableEntity>(cancellationToken: Cancelled))
            count += row.PartitionKey != RowKeys.TablePartition && row.RowKey.StartsWith(prefix, StringComparison.Ordinal) ? 1 : 0;
        return count;
    }
}
