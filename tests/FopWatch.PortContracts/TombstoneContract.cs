using FopWatch.Jobs;

namespace FopWatch.PortContracts;

/// <summary>What every store remembers of the jobs that it purges.</summary>
public abstract class TombstoneContract : StoreContract<IJobStore>
{
    private static readonly DateTimeOffset Purged = Sample.Start.AddDays(30);

    /// <inheritdoc/>
    protected override IJobStore Jobs => Port;

    /// <summary>Deletes the jobs that settled before a time, and old tombstones.</summary>
    protected abstract Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now);

    /// <summary>Commits at a time.</summary>
    protected abstract ValueTask<string?> CommitAtAsync(JobCommit commit, DateTimeOffset now);

    /// <summary>Whether a job has a tombstone, asked at a time.</summary>
    protected abstract ValueTask<bool> HasTombstoneAsync(JobKey key, DateTimeOffset now);

    [Fact]
    public async Task Only_a_purged_job_with_an_outcome_leaves_a_tombstone_and_only_for_its_own_key()
    {
        await CommitAsync(Sample.Job("done").Settled().Job.New());
        await CommitAsync(Sample.Job("failed").PartiallyFailed().Job.New());
        await CommitAsync(Sample.Job("expired").Expired().Job.New());
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("late").Settled(TimeSpan.FromDays(2)).Job.New());
        await CommitAsync(Sample.Job("unpublished").Settled().On(null));
        Assert.False(await HasTombstoneAsync(new("media", "done"), Purged));

        Assert.Equal(3, await PurgeAsync(Sample.Start.AddDays(1), Purged));

        Assert.Null(await Port.FindAsync(new("media", "done"), Cancelled));
        foreach (var id in (string[])["done", "failed"])
            Assert.True(await HasTombstoneAsync(new("media", id), Purged));
        foreach (var id in (string[])["expired", "open", "late", "unpublished", "Done", "unknown"])
            Assert.False(await HasTombstoneAsync(new("media", id), Purged));
        Assert.False(await HasTombstoneAsync(new("files", "done"), Purged));
        Assert.Empty((await Port.ListAsync(new() { Source = "media" }, Cancelled)).Elements.Where(job => job.Key.Id == "done"));
        Assert.Equal([0], (await Port.BooksAsync(Cancelled)).Select(books => books.Unaccounted));
    }

    [Fact]
    public async Task A_tombstone_is_kept_for_its_lifetime_and_for_no_more_than_twice_as_long()
    {
        for (var i = 0; i < 300; i++)
            await CommitAsync(Sample.Job($"done{i}").Settled().Job.New());
        Assert.Equal(300, await PurgeAsync(Sample.Start.AddDays(1), Purged));

        var kept = Purged + Tombstone.Lifetime;
        await PurgeAsync(Sample.Start.AddDays(1), kept);
        for (var i = 0; i < 300; i++)
            Assert.True(await HasTombstoneAsync(new("media", $"done{i}"), kept));

        var over = Purged + Tombstone.Lifetime + Tombstone.Lifetime + TimeSpan.FromMinutes(1);
        await PurgeAsync(Sample.Start.AddDays(1), over);
        for (var i = 0; i < 300; i++)
            Assert.False(await HasTombstoneAsync(new("media", $"done{i}"), kept));
    }

    [Fact]
    public async Task A_commit_that_does_not_revive_a_purged_id_writes_nothing_as_long_as_the_tombstone_is_kept()
    {
        Assert.SkipUnless(Port.RefusesPurged, "The recorder asks this store for tombstones.");
        await CommitAsync(Sample.Job("a").Settled().Job.New());
        await CommitAsync(Sample.Job("b").Settled().Job.New());
        await CommitAsync(Sample.Job("expired").Expired().Job.New());
        Assert.Equal(3, await PurgeAsync(Sample.Start.AddDays(1), Purged));

        var again = Sample.Job("a", after: TimeSpan.FromDays(31)).Settled().Job.New() with { UnlessPurged = true };
        Assert.Null(await CommitAtAsync(again, Purged + TimeSpan.FromDays(1)));
        Assert.Null(await Port.FindAsync(new("media", "a"), Cancelled));
        Assert.True(await HasTombstoneAsync(new("media", "a"), Purged + TimeSpan.FromDays(1)));
        Assert.NotNull(await CommitAtAsync(Sample.Job("unknown").New() with { UnlessPurged = true }, Purged));
        Assert.NotNull(await CommitAtAsync(Sample.Job("expired").New() with { UnlessPurged = true }, Purged));

        // Once it is registered again, or the tombstone is too old, it is a job like others.
        Assert.NotNull(await CommitAtAsync(Sample.Job("b", after: TimeSpan.FromDays(31)).New(), Purged));
        var over = Purged + Tombstone.Lifetime + Tombstone.Lifetime + TimeSpan.FromMinutes(1);
        await PurgeAsync(Sample.Start.AddDays(1), over);
        Assert.NotNull(await CommitAtAsync(again, over));
        Assert.NotNull(await Port.FindByReferenceAsync("media", Port.References.Of(new("media", "b")), Cancelled));
        Assert.NotNull(await Port.FindByReferenceAsync("media", Port.References.Of(new("media", "a")), Cancelled));
    }

    [Fact]
    public async Task A_job_of_a_key_with_a_tombstone_is_a_new_one_and_leaves_another()
    {
        await CommitAsync(Sample.Job("a").Settled().Job.New());
        await PurgeAsync(Sample.Start.AddDays(1), Purged);

        await CommitAsync(Sample.Job("a", after: TimeSpan.FromDays(31)).Settled().Job.New());
        Assert.Equal("a", (await Port.FindAsync(new("media", "a"), Cancelled))?.Job.Key.Id);
        Assert.Equal(1, await PurgeAsync(Sample.Start.AddDays(32), Purged + Tombstone.Lifetime));

        var kept = Purged + Tombstone.Lifetime + Tombstone.Lifetime;
        await PurgeAsync(Sample.Start.AddDays(1), kept);
        Assert.True(await HasTombstoneAsync(new("media", "a"), kept));
    }
}
