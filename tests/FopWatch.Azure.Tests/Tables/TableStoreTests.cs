using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The store's behaviour beyond the contracts of its ports.</summary>
public sealed class TableStoreTests(SharedAzurite azurite) : TableTest(azurite)
{
    [Fact]
    public async Task A_table_created_with_another_number_of_buckets_is_refused_with_an_explanation()
    {
        var service = (await Azurite.StartedAsync()).Client();

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TableStore.CreateAsync(service, Table.Options with { Buckets = 4 }, TimeProvider.System, Cancelled));

        Assert.Contains("3 buckets and the settings say 4", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_hosts_may_open_a_new_table_at_once()
    {
        var service = (await Azurite.StartedAsync()).Client();
        var options = new TableStoreOptions { TableName = $"t{Guid.NewGuid():N}" };

        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TableStore.CreateAsync(service, options, TimeProvider.System, Cancelled)));

        Assert.NotNull(await stores[0].Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
        Assert.NotNull(await stores[7].Jobs.FindAsync(new JobKey("media", "a"), Cancelled));
        Assert.Single(stores.Select(store => store.Jobs.References.Of(new("media", "a"))).Distinct());
        await service.DeleteTableAsync(options.TableName, Cancelled);
    }

    [Theory]
    [InlineData("no", 16, 16)]
    [InlineData("1table", 16, 16)]
    [InlineData("a-table", 16, 16)]
    [InlineData("table", 0, 16)]
    [InlineData("table", 257, 16)]
    [InlineData("table", 16, 0)]
    public async Task Options_outside_their_range_are_refused(string name, int buckets, int parallelism)
    {
        var service = (await Azurite.StartedAsync()).Client();
        var options = new TableStoreOptions { TableName = name, Buckets = buckets, Parallelism = parallelism };

        await Assert.ThrowsAsync<ArgumentException>(() => TableStore.CreateAsync(service, options, TimeProvider.System, Cancelled));
    }

    [Fact]
    public async Task A_source_added_by_another_host_is_seen_immediately()
    {
        var other = await Table.StoreAsync();
        await other.Jobs.CommitAsync(Sample.Job("a", "new").Settled().On(null), Cancelled);
        await other.Quarantine.AddAsync(Sample.Notification("k", "newer"), Cancelled);

        Assert.Single((await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements);
        Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled));
        Assert.Equal("new", Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Source);
        Assert.NotNull(await Store.Quarantine.FindAsync("k", Cancelled));
    }

    [Fact]
    public async Task A_table_of_a_newer_version_is_refused_with_its_version_and_a_remedy()
    {
        await Table.Rows.UpdateEntityAsync(
            new TableEntity("|", "layout") { ["Version"] = 9, ["WrittenBy"] = "7.1.0" }, ETag.All, TableUpdateMode.Merge, Cancelled);

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Table.StoreAsync());

        Assert.Contains("newer FopWatch (7.1.0)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Deploy that version", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_people_filter_on_are_in_columns()
    {
        var job = Sample.Job("a").PartiallyFailed(TimeSpan.FromMinutes(1)).Job;
        await Store.Jobs.CommitAsync(job.New(), Cancelled);

        var filter = "Source eq 'media' and State eq 'partiallyFailed' and Settled eq true and Bucket eq 'b' and Key eq 'in.mp4' and SettledBy eq 'poll'";
        var row = Assert.Single(await Table.Rows.QueryAsync<TableEntity>(filter, cancellationToken: Cancelled).ToListAsync(Cancelled));

        Assert.Equal(("a", job.Version, job.RegisteredAt), (row.GetString("Id"), row.GetInt64("Version"), row.GetDateTimeOffset("RegisteredAt")));
        Assert.Equal((job.UpdatedAt, job.SettledAt, null), (row.GetDateTimeOffset("UpdatedAt"), row.GetDateTimeOffset("SettledAt"), row.GetDateTimeOffset("DueAt")));
    }

    [Fact]
    public async Task Many_hosts_that_change_one_job_repeatedly_lose_no_change()
    {
        var key = new JobKey("media", "a");
        Assert.NotNull(await Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Table.StoreAsync()));

        // All different: of two equal commits on one version, both would succeed.
        await Task.WhenAll(stores.SelectMany((store, host) => Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            for (var done = 0; done < 5;)
            {
                var stored = (await store.Jobs.FindAsync(key, Cancelled))!;
                var due = Sample.Start.AddSeconds(stored.Job.Watch.Polls + 1).AddMilliseconds((host * 2) + writer);
                if (await store.Jobs.CommitAsync(new(stored.Job.DueAt(due), stored.ETag, null), Cancelled) is not null)
                    done++;
            }
        }))));

        Assert.Equal(40, (await Store.Jobs.FindAsync(key, Cancelled))?.Job.Watch.Polls);
        Assert.Equal([key], (await Store.Due.DueAsync("media", Sample.Start.AddDays(1), 10, Cancelled)).Select(due => due.Key));
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Open);
    }

    [Fact]
    public async Task A_list_continues_across_partitions_and_sources_with_equal_times_and_ids()
    {
        foreach (var source in new[] { "media", "other", "more" })
        {
            for (var i = 0; i < 20; i++)
                await Store.Jobs.CommitAsync(Sample.Job($"j{i}", source, TimeSpan.FromMinutes(i / 7)).New(), Cancelled);
        }

        foreach (var top in new[] { 1, 7, 59, 60 })
        {
            var listed = new List<Job>();
            string? continuation = null;
            do
            {
                var page = await Store.Jobs.ListAsync(new JobQuery { Top = top, Continuation = continuation }, Cancelled);
                listed.AddRange(page.Elements);
                continuation = page.Continuation;
            }
            while (continuation is not null);

            Assert.Equal(60, listed.DistinctBy(job => job.Key).Count());
            Assert.Equal(60, listed.Count);
            Assert.Equal(listed.Select(job => job.RegisteredAt).OrderDescending(), listed.Select(job => job.RegisteredAt));
        }
    }

    [Fact]
    public async Task A_partition_with_more_rows_than_one_answer_is_read_to_the_end()
    {
        await using var narrow = await TempTable.OpenAsync(await Azurite.StartedAsync(), buckets: 1);
        await Parallel.ForEachAsync(Enumerable.Range(0, 1100), Cancelled, async (i, token) =>
            await narrow.Store.Jobs.CommitAsync(Sample.Job($"j{i:0000}", after: TimeSpan.FromSeconds(i)).DueAt(null).Settled().On(null), token));

        Assert.Equal(((long)IOutbox.MostCounted, (DateTimeOffset?)Sample.Start), await narrow.Store.Outbox.DepthAsync(Cancelled));
        Assert.Equal(1100, Assert.Single(await narrow.Store.Jobs.BooksAsync(Cancelled)).Settled);
        var pending = await narrow.Store.Outbox.PendingAsync(1050, Cancelled);
        Assert.Equal(Enumerable.Range(0, 1050).Select(i => $"j{i:0000}"), pending.Select(one => one.Key.Id));
        var page = await narrow.Store.Jobs.ListAsync(new JobQuery { Top = 1000 }, Cancelled);
        Assert.Equal(100, (await narrow.Store.Jobs.ListAsync(new JobQuery { Top = 1000, Continuation = page.Continuation }, Cancelled)).Elements.Count);

        await narrow.Store.Outbox.RemoveAsync(pending, Cancelled);
        Assert.Equal((1050, true), await narrow.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal(50, Assert.Single(await narrow.Store.Jobs.BooksAsync(Cancelled)).Registered);
    }
}
