using Azure.Data.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Which jobs a purge of the table deletes.</summary>
public sealed class TablePurgeTests(SharedAzurite azurite) : TableTest(azurite)
{
    [Fact]
    public async Task Jobs_registered_or_settled_by_a_clock_that_was_ahead_are_purged_by_the_services_time()
    {
        var ahead = DateTimeOffset.UtcNow.AddDays(400) - Sample.Start;
        await Store.Jobs.CommitAsync(Sample.Job("settled").Settled(ahead).Job.New(), Cancelled);
        await Store.Jobs.CommitAsync(Sample.Job("all", after: ahead).Settled(TimeSpan.FromMinutes(1)).Job.New(), Cancelled);
        await Store.Jobs.CommitAsync(Sample.Job("open", after: ahead).New(), Cancelled);

        // They were written just now.
        Assert.Equal((0, true), await Store.JobPurge.PurgeAsync(DateTimeOffset.UtcNow.AddHours(-1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal((2, true), await Store.JobPurge.PurgeAsync(DateTimeOffset.UtcNow.AddHours(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal(new Books("media", 1, 0, 0, 1, 0), Assert.Single(await Store.Jobs.BooksAsync(Cancelled)));
    }

    [Fact]
    public async Task Only_jobs_that_settled_long_ago_are_purged()
    {
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("late").Settled(TimeSpan.FromDays(3)).Job.New());
        await CommitAsync(Sample.Job("settled").Settled(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("expired", "other").Expired(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("watched-again").ExpiredAndWatched(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("unpublished").Settled(TimeSpan.FromDays(1)).On(null));

        Assert.Equal((0, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal((2, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(2), TimeSpan.MaxValue, Cancelled));

        var left = (await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements.Select(job => job.Key.Id);
        Assert.Equal(["late", "open", "unpublished", "watched-again"], left.Order());
        var books = Assert.Single(await Store.Jobs.BooksAsync(Cancelled));
        Assert.Equal((4, 0), (books.Registered, books.Unaccounted));

        await Store.Outbox.RemoveAsync(await Store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(2), TimeSpan.MaxValue, Cancelled));
        Assert.Null(await Store.Jobs.FindAsync(new JobKey("media", "unpublished"), Cancelled));
    }

    [Fact]
    public async Task A_purge_leaves_only_a_tombstone_without_the_id_and_the_job_can_return()
    {
        var job = Sample.Job("a").Settled().Job;
        await CommitAsync(job.New());
        await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled);

        var left = Assert.Single(await Table.Rows.QueryAsync<TableEntity>("PartitionKey ne '|'", cancellationToken: Cancelled).ToListAsync(Cancelled));
        Assert.Equal(PartitionOf(job), left.PartitionKey);
        Assert.Matches(@"^x\|\d{7}\|[0-9a-f]{24}$", left.RowKey);
        await CommitAsync(job.New());
    }

    [Fact]
    public async Task A_job_whose_outcome_is_republished_during_a_purge_stays()
    {
        await using var narrow = await TempTable.OpenAsync(await Azurite.StartedAsync(), buckets: 1);
        var store = narrow.Store;
        var wire = new InterceptedRequests();
        var purging = await narrow.StoreAsync(wire.Between);
        var jobs = Enumerable.Range(0, 9).Select(i => Sample.Job($"j{i}").Settled().Job).ToList();
        foreach (var job in jobs)
            Assert.NotNull(await store.Jobs.CommitAsync(job.New(), Cancelled));

        // Between the reads of the purge and its deletions.
        var republished = 0;
        wire.Fates = request =>
        {
            if (request == "transaction" && Interlocked.Exchange(ref republished, 1) == 0)
                jobs.Take(3).ToList().ForEach(job => RepublishAsync(job).GetAwaiter().GetResult());
            return Fate.Answered;
        };

        Assert.Equal((6, true), await purging.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal(["j0", "j1", "j2"], (await store.Outbox.PendingAsync(10, Cancelled)).Select(one => one.Key.Id).Order());
        Assert.Equal(["j0", "j1", "j2"], (await store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements.Select(job => job.Key.Id).Order());

        async Task RepublishAsync(Job job)
        {
            var etag = (await store.Jobs.FindAsync(job.Key, Cancelled))?.ETag;
            Assert.NotNull(await store.Jobs.CommitAsync(job.Republish(Sample.Start.AddDays(3)).On(etag), Cancelled));
        }
    }
}
