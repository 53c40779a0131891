using System.Collections.Concurrent;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using FopWatch.Watching;

namespace FopWatch.Local.Tests.Storage;

public class SqliteStoreTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hundreds_of_callers_may_commit_at_once()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;

        await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () =>
        {
            var etag = await store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled);
            Assert.NotNull(etag);
            Assert.NotNull(await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().On(etag), Cancelled));
        })));

        Assert.Equal(new Books("media", 400, 400, 0, 0, 0), Assert.Single(await store.Jobs.BooksAsync(Cancelled)));
        Assert.Equal(400, (await store.Outbox.PendingAsync(1000, Cancelled)).DistinctBy(pending => pending.Key).Count());
        Assert.Equal(400, (await store.Outbox.DepthAsync(Cancelled)).Count);
    }

    [Fact]
    public async Task The_depth_of_the_outbox_is_counted_up_to_a_thousand_and_the_oldest_is_always_known()
    {
        await using var temp = await TempStore.OpenAsync();
        foreach (var some in Enumerable.Range(0, IOutbox.MostCounted + 1).Chunk(200))
            await Task.WhenAll(some.Select(i => temp.Store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled(TimeSpan.FromSeconds(i)).On(null), Cancelled).AsTask()));

        Assert.Equal(IOutbox.MostCounted, (await temp.Store.Outbox.DepthAsync(Cancelled)).Count);
        Assert.NotNull((await temp.Store.Outbox.DepthAsync(Cancelled)).Oldest);
    }

    [Fact]
    public async Task Callers_who_take_turns_to_change_one_job_lose_no_change()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        var key = Sample.Job("a").Key;
        await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);

        // All different: of two equal commits on one version, both would succeed.
        await Task.WhenAll(Enumerable.Range(1, 50).Select(i => Task.Run(async () =>
        {
            StoredJob? stored;
            do
                stored = await store.Jobs.FindAsync(key, Cancelled);
            while (await store.Jobs.CommitAsync(stored!.Job.Republish(stored.Job.UpdatedAt.AddSeconds(i)).On(stored.ETag), Cancelled) is null);
        })));

        Assert.Equal(51, (await store.Jobs.FindAsync(key, Cancelled))?.Job.Version);
        Assert.Equal(Enumerable.Range(2, 50).Select(i => (long)i), (await store.Outbox.PendingAsync(100, Cancelled)).Select(pending => pending.Version));
    }

    [Fact]
    public async Task A_commit_that_fails_halfway_keeps_nothing_and_affects_no_other()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        var (job, foreign) = (Sample.Job("a"), Sample.Event("b", 7));
        var etag = await store.Jobs.CommitAsync(job.New(), Cancelled);
        await store.Jobs.CommitAsync(new(Sample.Job("c"), null, foreign), Cancelled);

        // The event already exists from another job's commit: the job would be written but its event would not.
        var faulty = Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            if (i % 10 == 3)
                await Assert.ThrowsAsync<Microsoft.Data.Sqlite.SqliteException>(async () => await store.Jobs.CommitAsync(new(job.Settled().Job, etag, foreign), Cancelled));
            else
                Assert.NotNull(await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().On(null), Cancelled));
        }));
        await Task.WhenAll(faulty);

        var stored = await store.Jobs.FindAsync(job.Key, Cancelled);
        Assert.Equal((etag, JobState.Waiting), (stored?.ETag, stored?.Job.State));
        Assert.Equal(job.Watch.DueAt, await store.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
        Assert.Equal(new Books("media", 47, 45, 0, 2, 0), Assert.Single(await store.Jobs.BooksAsync(Cancelled)));
        Assert.Equal(46, (await store.Outbox.DepthAsync(Cancelled)).Count);
    }

    [Fact]
    public async Task An_ETag_is_never_reused_after_a_purge()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        var job = Sample.Job("a");
        var old = await store.Jobs.CommitAsync(new(job.Settled().Job, null, null), Cancelled);
        await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), DateTimeOffset.MaxValue, Cancelled);

        var etag = await store.Jobs.CommitAsync(job.New(), Cancelled);

        Assert.NotEqual(old, etag);
        Assert.Null(await store.Jobs.CommitAsync(job.Settled().On(old), Cancelled));
    }

    [Fact]
    public async Task A_purge_deletes_jobs_that_settled_before_a_time_and_are_published()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        await Task.WhenAll(Enumerable.Range(0, 1100).Select(
            i => store.Jobs.CommitAsync(new(Sample.Job($"old{i}").Settled().Job, null, null), Cancelled).AsTask()));
        await store.Jobs.CommitAsync(new(Sample.Job("expired", "other").Expired().Job, null, null), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("pending").Settled().On(null), Cancelled);
        await store.Jobs.CommitAsync(new(Sample.Job("late").Settled(TimeSpan.FromDays(3)).Job, null, null), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("open").New(), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("stopped").Stopped().New(), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("watched-again").ExpiredAndWatched().Job.New(), Cancelled);

        Assert.Equal(1101, await store.JobPurge.PurgeAsync(Sample.Start.AddDays(3), DateTimeOffset.MaxValue, Cancelled));

        var left = (await store.Jobs.ListAsync(new(), Cancelled)).Elements.Select(job => job.Key.Id).Order(StringComparer.Ordinal);
        Assert.Equal(["late", "open", "pending", "stopped", "watched-again"], left);
        Assert.Equal(new Books("media", 5, 2, 1, 1, 1), Assert.Single(await store.Jobs.BooksAsync(Cancelled)));

        await store.Outbox.RemoveAsync(await store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal(1, await store.JobPurge.PurgeAsync(Sample.Start.AddDays(3), DateTimeOffset.MaxValue, Cancelled));
        Assert.Null(await store.Jobs.FindAsync(new JobKey("media", "pending"), Cancelled));
    }

    [Fact]
    public async Task A_purge_skips_jobs_that_stay_however_many_they_are()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        await Task.WhenAll(Enumerable.Range(0, 150).Select(
            i => store.Jobs.CommitAsync(Sample.Job($"watched-again{i}").ExpiredAndWatched(TimeSpan.FromHours(1)).Job.New(), Cancelled).AsTask()));
        await Task.WhenAll(Enumerable.Range(0, 150).Select(
            i => store.Jobs.CommitAsync(new(Sample.Job($"old{i}").Settled(TimeSpan.FromHours(2)).Job, null, null), Cancelled).AsTask()));

        Assert.Equal(150, await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), DateTimeOffset.MaxValue, Cancelled));
        Assert.Equal(0, await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), DateTimeOffset.MaxValue, Cancelled));
        Assert.Equal(new Books("media", 150, 0, 150, 0, 0), Assert.Single(await store.Jobs.BooksAsync(Cancelled)));
    }

    [Fact]
    public async Task Long_reads_by_lists_and_followers_delay_no_commit_and_no_read_of_a_job()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        using var over = new ManualResetEventSlim();
        ReadPool[] pools = [store.Database.Lists, store.Database.Searches, store.Database.Log, store.Database.Tail];
        var readers = pools.SelectMany(pool => Enumerable.Range(0, 10).Select(_ => Task.Run(async () => await pool.ReadAsync(
            _ =>
            {
                over.Wait(Cancelled);
                return 0;
            },
            Cancelled)))).ToList();

        await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        Assert.NotNull(await store.Jobs.FindAsync(Sample.Job("a").Key, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        Assert.NotNull(await store.Due.NextDueAsync("media", default, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled));
        Assert.Single(await store.Due.DueAsync("media", DateTimeOffset.MaxValue, 10, Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancelled));

        over.Set();
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task The_books_show_a_job_that_vanished()
    {
        await using var temp = await TempStore.OpenAsync();
        await temp.Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        await temp.Store.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled);

        await temp.Store.Database.WriteAsync(session => session.Execute("DELETE FROM jobs WHERE id = 'a'"), Cancelled);

        var books = Assert.Single(await temp.Store.Jobs.BooksAsync(Cancelled));
        Assert.Equal((2, 1, 1), (books.Registered, books.Open, books.Unaccounted));
    }

    [Fact]
    public async Task Readers_see_every_commit_that_has_returned()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        var missed = new ConcurrentBag<JobKey>();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () =>
        {
            var job = Sample.Job($"j{i}");
            await store.Jobs.CommitAsync(job.New(), Cancelled);
            if (await store.Jobs.FindAsync(job.Key, Cancelled) is null)
                missed.Add(job.Key);
        })));

        Assert.Empty(missed);
    }

    [Fact]
    public async Task Commits_waiting_when_the_store_is_closed_are_written()
    {
        using var folder = new TempFolder();
        var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        var commits = Enumerable.Range(0, 200).Select(i => store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled).AsTask()).ToList();
        await store.DisposeAsync();

        Assert.All(await Task.WhenAll(commits), Assert.NotNull);
        Assert.False(File.Exists(folder.DatabasePath + "-wal"));
        await using var reopened = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        Assert.Equal(200, Assert.Single(await reopened.Jobs.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task A_closed_store_says_so()
    {
        await using var temp = await TempStore.OpenAsync();
        await temp.Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await temp.Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await temp.Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled));
    }

    [Fact]
    public async Task A_job_settled_by_a_clock_that_was_ahead_is_kept_as_long_as_one_that_settles_now()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        for (var i = 0; i < 100; i++)
            await store.Jobs.CommitAsync(new(Sample.Job($"j{i}").Settled(TimeSpan.FromDays(400)).Job, null, null), Cancelled);
        var (noticed, retention) = (Sample.Start.AddDays(1), TimeSpan.FromDays(30));

        Assert.Equal(0, await store.JobPurge.PurgeAsync(noticed - retention, noticed, Cancelled));
        Assert.Equal(0, await store.JobPurge.PurgeAsync(noticed, noticed + retention, Cancelled));
        Assert.Equal(100, await store.JobPurge.PurgeAsync(noticed.AddTicks(1), noticed + retention, Cancelled));
        Assert.Empty(await store.Jobs.BooksAsync(Cancelled));
    }
}
