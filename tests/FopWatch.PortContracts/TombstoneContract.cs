using FopWatch.Jobs;

namespace FopWatch.PortContracts;

/// <summary>How every store remembers the jobs that it purges.</summary>
public abstract class TombstoneContract : StoreContract<IJobStore>
{
    private static readonly DateTimeOffset Purged = Sample.Start.AddDays(30);

    /// <inheritdoc/>
    protected override IJobStore Jobs => Port;

    /// <summary>Deletes jobs that settled before a time, and old tombstones.</summary>
    protected abstract Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now);

    /// <summary>The store at a time.</summary>
    protected abstract ValueTask<IJobStore> AtAsync(DateTimeOffset now);

    /// <summary>Whether events wait in the outbox, where they prevent a purge of their jobs; otherwise they are published with their jobs.</summary>
    protected virtual bool HasOutbox => true;

    private async ValueTask<bool> HasTombstoneAsync(JobKey key, DateTimeOffset now) =>
        await (await AtAsync(now)).FindForChangeAsync(key, JobOrigin.Report, mayPresume: false, Cancelled) is { Job: null, WasPurged: true, IsPresumed: false };

    /// <summary>Creates a job as the recorder does, whatever the store presumes.</summary>
    private async ValueTask<string?> CreateAtAsync(Job job, DateTimeOffset now)
    {
        var store = await AtAsync(now);
        var found = await store.FindForChangeAsync(job.Key, job.Origin, mayPresume: true, Cancelled);
        Assert.Null(found.Job);
        if (found.WasPurged)
            return null;
        var etag = await store.CommitAsync(job.New(), Cancelled);

        // The lookup stays valid because there is no other writer.
        Assert.True(etag is not null || found.IsPresumed);
        return etag;
    }

    [Fact]
    public async Task Only_a_purged_job_with_an_outcome_leaves_a_tombstone_for_its_own_key()
    {
        await CommitAsync(Sample.Job("done").Settled().Job.New());
        await CommitAsync(Sample.Job("failed").PartiallyFailed().Job.New());
        await CommitAsync(Sample.Job("expired").Expired().Job.New());
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("late").Settled(TimeSpan.FromDays(2)).Job.New());
        await CommitAsync(Sample.Job("unpublished").Settled().On(null));
        Assert.False(await HasTombstoneAsync(new("media", "done"), Purged));

        Assert.Equal(HasOutbox ? 3 : 4, await PurgeAsync(Sample.Start.AddDays(1), Purged));

        Assert.Null(await Port.FindAsync(new("media", "done"), Cancelled));
        foreach (var id in (string[])["done", "failed"])
            Assert.True(await HasTombstoneAsync(new("media", id), Purged));
        foreach (var id in (string[])["expired", "open", "late", "Done", "unknown"])
            Assert.False(await HasTombstoneAsync(new("media", id), Purged));
        Assert.Equal(!HasOutbox, await HasTombstoneAsync(new("media", "unpublished"), Purged));
        Assert.False(await HasTombstoneAsync(new("files", "done"), Purged));
        Assert.Empty((await Port.ListAsync(new() { Source = "media" }, Cancelled)).Elements.Where(job => job.Key.Id == "done"));
        Assert.Equal([0], (await Port.BooksAsync(Cancelled)).Select(books => books.Unaccounted));
    }

    [Fact]
    public async Task A_tombstone_is_kept_for_its_lifetime_and_at_most_twice_as_long()
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
    public async Task A_purged_id_is_created_only_by_a_registration_while_the_tombstone_is_kept()
    {
        await CommitAsync(Sample.Job("a").Settled().Job.New());
        await CommitAsync(Sample.Job("b").Settled().Job.New());
        await CommitAsync(Sample.Job("expired").Expired().Job.New());
        Assert.Equal(3, await PurgeAsync(Sample.Start.AddDays(1), Purged));

        var again = Sample.Job("a", after: TimeSpan.FromDays(31)).Settled().Job;
        foreach (var origin in (JobOrigin[])[JobOrigin.Report, JobOrigin.Hint])
        {
            Assert.Null(await CreateAtAsync(again with { Origin = origin }, Purged + TimeSpan.FromDays(1)));
            Assert.Null(await Port.FindAsync(new("media", "a"), Cancelled));
            Assert.True(await HasTombstoneAsync(new("media", "a"), Purged + TimeSpan.FromDays(1)));
        }

        Assert.NotNull(await CreateAtAsync(Sample.Job("unknown") with { Origin = JobOrigin.Report }, Purged));
        Assert.NotNull(await CreateAtAsync(Sample.Job("expired") with { Origin = JobOrigin.Report }, Purged));

        // Once it is registered again, or the tombstone is too old, it is an ordinary job.
        Assert.NotNull(await CreateAtAsync(Sample.Job("b", after: TimeSpan.FromDays(31)), Purged));
        var over = Purged + Tombstone.Lifetime + Tombstone.Lifetime + TimeSpan.FromMinutes(1);
        await PurgeAsync(Sample.Start.AddDays(1), over);
        Assert.NotNull(await CreateAtAsync(again with { Origin = JobOrigin.Report }, over));
        Assert.NotNull(await Port.FindByReferenceAsync("media", Port.References.Of(new("media", "b")), Cancelled));
        Assert.NotNull(await Port.FindByReferenceAsync("media", Port.References.Of(new("media", "a")), Cancelled));
    }

    [Fact]
    public async Task A_job_registered_over_a_tombstone_is_new_and_leaves_another_tombstone()
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
