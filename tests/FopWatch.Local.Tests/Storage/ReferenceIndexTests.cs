using System.Globalization;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public class ReferenceIndexTests
{
    private const int Collected = 20;
    private const int Jobs = 10 * Collected;

    private static readonly SqliteStoreOptions Few = new() { ReferencesCollected = Collected, QueueCapacity = 8 };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_job_is_found_by_its_reference_from_its_commit_and_after_every_start()
    {
        using var folder = new TempFolder();
        await using (var store = await OpenAsync(folder))
        {
            await Task.WhenAll(Enumerable.Range(0, Jobs).Select(async i =>
            {
                var job = Sample.Job($"j{i}");
                Assert.Null(await FindAsync(store, job.Key));
                await store.Jobs.CommitAsync(job.New(), Cancelled);
                Assert.Equal(job.Key, await FindAsync(store, job.Key));
            }));
            Assert.InRange(await CountAsync(store), Jobs - (3 * Collected), Jobs - 1);
        }

        for (var start = 1; start <= 3; start++)
        {
            await using var store = await OpenAsync(folder);
            await store.Jobs.CommitAsync(Sample.Job($"start{start}").New(), Cancelled);
            for (var i = 0; i < Jobs; i++)
                Assert.Equal($"j{i}", (await FindAsync(store, new("media", $"j{i}")))?.Id);
            for (var i = 1; i <= start; i++)
                Assert.Equal($"start{i}", (await FindAsync(store, new("media", $"start{i}")))?.Id);
            Assert.Null(await store.Jobs.FindByReferenceAsync("other", store.Jobs.References.Of(new("media", "j0")), Cancelled));
            Assert.Null(await store.Jobs.FindByReferenceAsync(null, "no reference", Cancelled));
        }
    }

    [Fact]
    public async Task A_job_is_found_by_its_reference_only_once_its_transaction_succeeds()
    {
        using var folder = new TempFolder();
        await using var store = await OpenAsync(folder);
        var job = Sample.Job("a");
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.Database.WriteAsync<int>(
            session =>
            {
                store.Database.ByReference.Add(session, store.Jobs.References.Of(job.Key), 1);
                throw new InvalidOperationException();
            },
            Cancelled));
        Assert.Null(await FindAsync(store, job.Key));

        await store.Jobs.CommitAsync(job.New(), Cancelled);

        Assert.Equal(job.Key, await FindAsync(store, job.Key));
    }

    [Fact]
    public async Task A_purge_removes_references_from_the_index_including_those_about_to_be_added()
    {
        using var folder = new TempFolder();
        await using var store = await OpenAsync(folder);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < Jobs; i++)
                await store.Jobs.CommitAsync(new(Sample.Job($"{round}-{i}").Settled().Job, null, null), Cancelled);
            Assert.Equal(Jobs, await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), DateTimeOffset.MaxValue, Cancelled));
            Assert.Null(await FindAsync(store, new("media", $"{round}-0")));
            Assert.Null(await FindAsync(store, new("media", $"{round}-{Jobs - 1}")));
            Assert.Equal(0, await CountAsync(store));
        }

        // The same id again is another job.
        await store.Jobs.CommitAsync(Sample.Job("0-0").New(), Cancelled);
        Assert.Equal("0-0", (await FindAsync(store, new("media", "0-0")))?.Id);
    }

    [Fact]
    public async Task A_reference_that_is_removed_in_the_transaction_that_would_index_it_is_not_indexed()
    {
        using var folder = new TempFolder();
        await using var store = await OpenAsync(folder);
        var jobs = Enumerable.Range(1, Collected).Select(i => Sample.Job($"j{i}")).ToList();
        foreach (var job in jobs)
            await store.Jobs.CommitAsync(job.New(), Cancelled);
        Assert.Equal(0, await CountAsync(store));

        await ChangeAsync(isSuccess: false);
        await store.Jobs.CommitAsync(Sample.Job("next").New(), Cancelled);
        var indexed = await CountAsync(store);
        Assert.InRange(indexed, 1, Collected - 1);

        await ChangeAsync(isSuccess: true);
        for (var i = 0; i < Collected; i++)
            await store.Jobs.CommitAsync(Sample.Job($"further{i}").New(), Cancelled);
        Assert.Equal(0, await CountAsync(store, upTo: Collected));
        Assert.InRange(await CountAsync(store), 1, Collected);

        // Removes all of the jobs and adds another, so that some are about to be indexed.
        async Task ChangeAsync(bool isSuccess)
        {
            var change = store.Database.WriteAsync(
                session =>
                {
                    for (var i = 0; i < Collected; i++)
                        store.Database.ByReference.Remove(session, store.Jobs.References.Of(jobs[i].Key), i + 1);
                    store.Database.ByReference.Add(session, store.Jobs.References.Of(new("media", "added")), 2 * Jobs);
                    return isSuccess ? 0 : throw new InvalidOperationException();
                },
                Cancelled).AsTask();
            if (isSuccess)
                await change;
            else
                await Assert.ThrowsAsync<InvalidOperationException>(() => change);
        }
    }

    [Fact]
    public async Task References_of_an_earlier_format_and_of_externally_added_rows_are_indexed()
    {
        using var folder = new TempFolder();
        var references = new JobReferences(new byte[JobReferences.KeyLength]);
        using (var old = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, folder.DatabasePath, [.. Schema.Migrations.Take(11)]);
            old.Execute("INSERT INTO installation (name, value) VALUES ('referenceKey', $1)", new byte[JobReferences.KeyLength]);
            Insert(old, "old", i => i % 2 == 0 ? references.Of(new("media", $"old{i}")) : null);
        }

        await using (var store = await OpenAsync(folder))
        {
            Assert.Equal(Jobs, await CountAsync(store));
            await AllAreFoundAsync(store, "old");
        }

        using (var other = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
            Insert(other, "other", i => references.Of(new("media", $"other{i}")));
        await using (var store = await OpenAsync(folder))
        {
            Assert.Equal(2 * Jobs, await CountAsync(store));
            await AllAreFoundAsync(store, "other");
        }

        static async Task AllAreFoundAsync(SqliteStore store, string prefix)
        {
            for (var i = 0; i < Jobs; i++)
                Assert.Equal($"{prefix}{i}", (await FindAsync(store, new("media", $"{prefix}{i}")))?.Id);
        }

        static void Insert(SqliteSession session, string prefix, Func<int, string?> reference)
        {
            for (var i = 0; i < Jobs; i++)
            {
                var job = Sample.Job(string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}"));
                session.Execute(
                    "INSERT INTO jobs (source, id, revision, state, registered_at, due_at, stopped, body, watch, reference) VALUES ('media', $1, 1, 'waiting', 1, 1, 0, $2, 'watching', $3)",
                    job.Key.Id, JobJson.Serialize(job), reference(i));
            }
        }
    }

    private static Task<SqliteStore> OpenAsync(TempFolder folder) => SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, Few, Cancelled);

    private static async Task<JobKey?> FindAsync(SqliteStore store, JobKey key) =>
        (await store.Jobs.FindByReferenceAsync(null, store.Jobs.References.Of(key), Cancelled))?.Key;

    private static ValueTask<long> CountAsync(SqliteStore store, long upTo = long.MaxValue) =>
        store.Database.ReadAsync(session => (long)session.Scalar("SELECT count(*) FROM job_references WHERE seq <= $1", upTo)!, Cancelled);
}
