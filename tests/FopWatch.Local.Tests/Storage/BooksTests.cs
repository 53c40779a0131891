using System.Globalization;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public class BooksTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_kind_of_change_keeps_the_books_equal_to_a_count_of_all_jobs()
    {
        var time = new ManualTimeProvider();
        await using var temp = await TempStore.OpenAsync(time: time);
        var store = temp.Store;
        Assert.Empty(await store.Jobs.BooksAsync(Cancelled));
        var etags = new Dictionary<JobKey, string?>();
        Job[] jobs = [.. Enumerable.Range(0, 12).Select(i => Sample.Job($"j{i}", i % 3 == 0 ? "other" : "media"))];
        foreach (var job in jobs)
            await CommitAsync(job);
        await HoldsAsync();

        await CommitAsync(jobs[1].Settled().Job);
        await CommitAsync(jobs[2].Expired().Job);
        await CommitAsync(jobs[3].Stopped());
        await CommitAsync(jobs[4].DueAt(null));
        await CommitAsync(jobs[5].Progressed().Job);
        await CommitAsync(jobs[6].DueAt(Sample.Start.AddDays(1)));
        await HoldsAsync();

        await CommitAsync(jobs[2].ExpiredAndWatched().Job);
        await CommitAsync(jobs[3]);
        await CommitAsync(jobs[5].Progressed().Job.PartiallyFailed().Job);
        await store.Jobs.SetAsideAsync(new(jobs[4].Key, etags[jobs[4].Key]!, "it is damaged"), Sample.Start, Cancelled);
        await store.Jobs.SetAsideAsync(new(jobs[6].Key, etags[jobs[6].Key]!, "it is damaged"), Sample.Start, Cancelled);
        await HoldsAsync();
        await Assert.ThrowsAnyAsync<Exception>(async () => await store.Database.WriteAsync<int>(_ => throw new InvalidOperationException(), Cancelled));
        Assert.Null(await store.Jobs.CommitAsync(new(jobs[7].Settled().Job, null, null), Cancelled));
        var purge = store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), Sample.Start.AddDays(2), Cancelled).AsTask();
        await Eventually.HoldsAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return purge.IsCompleted;
        });
        Assert.Equal(2, await purge);
        await HoldsAsync();

        async Task CommitAsync(Job job)
        {
            etags[job.Key] = await store.Jobs.CommitAsync(new(job, etags.GetValueOrDefault(job.Key), null), Cancelled);
            Assert.NotNull(etags[job.Key]);
        }

        async Task HoldsAsync()
        {
            // The first sweep after an hour counts all jobs, the second trusts the books.
            time.Advance(SqliteBooks.CountEvery);
            var counted = await store.Jobs.BooksAsync(Cancelled);
            Assert.Equal(counted, await temp.Store.Database.ReadAsync(SqliteBooks.ReadKept, Cancelled));
        }
    }

    [Fact]
    public async Task A_job_that_vanishes_shows_within_the_hour_and_continues_to_show()
    {
        var time = new ManualTimeProvider();
        await using var temp = await TempStore.OpenAsync(time: time);
        await temp.Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        await temp.Store.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled);
        Assert.Equal(0, (await BooksAsync()).Unaccounted);

        await temp.Store.Database.WriteAsync(session => session.Execute("DELETE FROM jobs WHERE id = 'a'"), Cancelled);
        Assert.Equal(0, (await BooksAsync()).Unaccounted);
        time.Advance(SqliteBooks.CountEvery);

        for (var i = 0; i < 3; i++)
            Assert.Equal((2, 1, 1), ((await BooksAsync()) is var books ? books.Registered : 0, books.Open, books.Unaccounted));

        async Task<Books> BooksAsync() => Assert.Single(await temp.Store.Jobs.BooksAsync(Cancelled));
    }

    [Fact]
    public async Task Wrong_books_are_corrected_during_commits_and_the_sweep_reports_it_once()
    {
        var time = new ManualTimeProvider();
        await using var temp = await TempStore.OpenAsync(time: time);
        var store = temp.Store;
        for (var i = 0; i < 5; i++)
            await store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled);
        var recorder = new JobRecorder(new([]), store.Jobs, new NoObserver(), time, new(1));
        var sweeper = Unobserved.Sweeper(new([]), store.Jobs, store.Due, store.Outbox, store.Quarantine, recorder, time);
        Assert.False((await sweeper.SweepAsync(Cancelled)).BooksCorrected);
        await store.Database.WriteAsync(session => session.Execute("UPDATE books SET open = open + 3, settled = settled - 3"), Cancelled);
        await store.Database.WriteAsync(session => session.Execute("INSERT INTO books (source, registered, stopped) VALUES ('gone', 0, 2)"), Cancelled);
        time.Advance(SqliteBooks.CountEvery);

        var more = Enumerable.Range(5, 200).Select(i => store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled).AsTask()).ToList();
        var sweep = await sweeper.SweepAsync(Cancelled);
        await Task.WhenAll(more);

        Assert.True(sweep.BooksCorrected);
        Assert.Equal(0, sweep.Unaccounted);
        Assert.Equal([new("media", 205, 0, 0, 205, 0)], await store.Database.ReadAsync(SqliteBooks.ReadKept, Cancelled));
        sweep = await sweeper.SweepAsync(Cancelled);
        Assert.Equal((false, 205), (sweep.BooksCorrected, sweep.Books.Single().Open));
        time.Advance(SqliteBooks.CountEvery);
        Assert.False((await sweeper.SweepAsync(Cancelled)).BooksCorrected);
    }

    [Fact]
    public async Task The_books_of_an_earlier_format_are_completed()
    {
        using var folder = new TempFolder();
        using (var old = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, folder.DatabasePath, [.. Schema.Migrations.Take(10)]);
            old.Execute("INSERT INTO books (source, registered) VALUES ('media', 8), ('other', 1)");
            (string Source, string State, long? SettledAt, long? DueAt, int Stopped)[] rows =
            [
                ("media", "succeeded", 1, null, 0), ("media", "failed", 1, null, 0), ("media", "cancelled", 1, null, 0), ("media", "expired", 1, null, 0), ("media", "expired", 1, 5, 0),
                ("media", "waiting", null, 5, 0), ("media", "processing", null, null, 1), ("media", "waiting", null, null, 0), ("other", "processing", null, 5, 0),
            ];
            for (var i = 0; i < rows.Length; i++)
            {
                old.Execute(
                    "INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, due_at, stopped, body, watch) VALUES ($1, $2, 1, $3, 1, $4, $5, $6, x'', 'done')",
                    rows[i].Source, i.ToString(CultureInfo.InvariantCulture), rows[i].State, rows[i].SettledAt, rows[i].DueAt, rows[i].Stopped);
            }
        }

        await using var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled);

        Assert.Equal([new("media", 8, 3, 2, 1, 1), new("other", 1, 0, 0, 1, 0)], await store.Database.ReadAsync(SqliteBooks.ReadKept, Cancelled));
        Assert.Equal([new("media", 8, 3, 2, 1, 1), new("other", 1, 0, 0, 1, 0)], await store.Jobs.BooksAsync(Cancelled));
    }

    private sealed class NoObserver : ICommitObserver
    {
        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}
