using System.Diagnostics;
using System.Globalization;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public sealed class SqliteFailureTests() : SqliteFailureSuite(isBroker: false);

public sealed class SqliteFailureAsBrokerTests() : SqliteFailureSuite(isBroker: true);

/// <summary>A store that cannot write, with and without the log as the broker.</summary>
public abstract class SqliteFailureSuite(bool isBroker)
{
    private readonly SqliteStoreOptions _options = new() { IsBroker = isBroker };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_locked_store_becomes_unavailable_after_a_while_continues_to_read_and_recovers()
    {
        await using var temp = await TempStore.OpenAsync(_options with { BusyTimeout = TimeSpan.FromMilliseconds(100) });
        var store = temp.Store;
        var job = Sample.Job("a");
        var etag = await store.Jobs.CommitAsync(job.New(), Cancelled);
        using var other = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        other.Execute("BEGIN IMMEDIATE");

        var watch = Stopwatch.StartNew();
        var commits = Enumerable.Range(0, 20).Select(i => store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled).AsTask());
        await Task.WhenAll(commits.Select(commit => Assert.ThrowsAsync<StoreUnavailableException>(() => commit)));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.Events.PublishAsync([Sample.Event("a")], Cancelled));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));

        AssertOnly(etag, await store.Jobs.FindAsync(job.Key, Cancelled), await store.Jobs.ListAsync(new(), Cancelled));
        other.Execute("ROLLBACK");

        AssertOnly(etag, await store.Jobs.FindAsync(job.Key, Cancelled), await store.Jobs.ListAsync(new(), Cancelled));
        Assert.NotNull(await store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled));
        Assert.Equal(0, await store.Quarantine.CountAsync(Cancelled));
        Assert.Equal(isBroker ? 1 : 0, await store.Events.LastSeqAsync(Cancelled));
    }

    [Fact]
    public async Task On_a_full_disk_nothing_is_confirmed_or_half_written_and_the_store_recovers()
    {
        await using var temp = await TempStore.OpenAsync(_options);
        var store = temp.Store;
        var confirmed = new List<JobKey>();
        await LimitAsync("page_count + 20");

        var unavailable = 0;
        for (var i = 0; unavailable < 5; i++)
        {
            var change = Sample.Job($"j{i:0000}").Settled();
            try
            {
                Assert.NotNull(await store.Jobs.CommitAsync(change.On(null), Cancelled));
                confirmed.Add(change.Job.Key);
            }
            catch (StoreUnavailableException)
            {
                unavailable++;
            }

            Assert.True(i < 1000, "The disk did not fill up.");
        }

        Assert.NotEmpty(confirmed);
        await AssertHoldsAsync();

        await LimitAsync("1000000");
        Assert.NotNull(await store.Jobs.CommitAsync(Sample.Job("recovered").Settled().On(null), Cancelled));
        confirmed.Add(new("media", "recovered"));
        await AssertHoldsAsync();

        // max_page_count is a property of the connection, so it is set on the one that writes.
        async Task LimitAsync(string pages) => await store.Database.WriteAsync(
            session =>
            {
                var count = session.Scalar("PRAGMA page_count") is long n ? n : 0;
                var limit = pages.StartsWith("page_count", StringComparison.Ordinal) ? count + 20 : long.Parse(pages, CultureInfo.InvariantCulture);
                return session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {limit}"));
            },
            Cancelled);

        async Task AssertHoldsAsync()
        {
            Assert.Equal(
                confirmed.Select(key => key.Id).Order(StringComparer.Ordinal),
                (await store.Jobs.ListAsync(new() { Top = 1000 }, Cancelled)).Elements.Select(job => job.Key.Id).Order(StringComparer.Ordinal));
            var (pending, logged) = (await store.Outbox.PendingAsync(1000, Cancelled), await store.Events.ReadAsync(0, 1000, Cancelled));
            Assert.Equal(confirmed, isBroker ? logged.Select(one => one.Key) : pending.Select(one => one.Key));
            Assert.Equal(0, isBroker ? pending.Count : logged.Count);
            Assert.Equal(new Books("media", confirmed.Count, confirmed.Count, 0, 0, 0), Assert.Single(await store.Jobs.BooksAsync(Cancelled)));
        }
    }

    [Fact]
    public async Task A_failure_that_breaks_the_connection_is_survived_with_a_new_one()
    {
        await using var temp = await TempStore.OpenAsync(_options);
        var store = temp.Store;
        await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.Database.WriteAsync<int>(
            session =>
            {
                session.Execute("DELETE FROM jobs");
                throw new SqliteException("disk I/O error", SQLitePCL.raw.SQLITE_IOERR);
            },
            Cancelled));

        Assert.NotNull(await store.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled));
        Assert.Equal(2, (await store.Jobs.ListAsync(new(), Cancelled)).Elements.Count);
        Assert.Equal(2L, await store.Database.WriteAsync(session => session.Scalar("PRAGMA synchronous"), Cancelled));
    }

    [Fact]
    public async Task A_queue_that_stays_full_makes_the_store_unavailable()
    {
        var time = new ManualTimeProvider(Sample.Start);
        await using var temp = await TempStore.OpenAsync(_options with { QueueCapacity = 2, QueueTimeout = TimeSpan.FromSeconds(5) }, time);
        var store = temp.Store;
        using var release = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stuck = store.Database.WriteAsync(
            session =>
            {
                started.TrySetResult();
                release.Wait(Cancelled);
                return session.Execute("SELECT 1");
            },
            Cancelled).AsTask();
        await started.Task;

        var waiting = Enumerable.Range(0, 2).Select(i => store.Jobs.CommitAsync(Sample.Job($"j{i}").New(), Cancelled).AsTask()).ToList();
        var tooMany = store.Jobs.CommitAsync(Sample.Job("too-many").New(), Cancelled).AsTask();
        using var cancellation = new CancellationTokenSource();
        var impatient = store.Jobs.CommitAsync(Sample.Job("impatient").New(), cancellation.Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(tooMany.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => tooMany);

        release.Set();
        await stuck;
        Assert.All(await Task.WhenAll(waiting), Assert.NotNull);
        Assert.Equal(["j0", "j1"], (await store.Jobs.ListAsync(new(), Cancelled)).Elements.Select(job => job.Key.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_waiting_commit_that_is_cancelled_is_not_made()
    {
        await using var temp = await TempStore.OpenAsync(_options);
        var store = temp.Store;
        using var release = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stuck = store.Database.WriteAsync(
            session =>
            {
                started.TrySetResult();
                release.Wait(Cancelled);
                return session.Execute("SELECT 1");
            },
            Cancelled).AsTask();
        await started.Task;

        using var cancellation = new CancellationTokenSource();
        var cancelled = store.Jobs.CommitAsync(Sample.Job("cancelled").New(), cancellation.Token).AsTask();
        var kept = store.Jobs.CommitAsync(Sample.Job("kept").New(), Cancelled).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        release.Set();
        await stuck;

        Assert.NotNull(await kept);
        Assert.Equal("kept", Assert.Single((await store.Jobs.ListAsync(new(), Cancelled)).Elements).Key.Id);
    }

    [Fact]
    public async Task Every_confirmed_commit_survives_a_kill()
    {
        using var folder = new TempFolder();
        var confirmed = new Dictionary<string, string>();

        // Repeated, so that a store that was killed before is killed again.
        for (var round = 1; round <= 3; round++)
        {
            using var process = Start(folder.FullName);
            // Everything it wrote before it died was confirmed. A line without an end is incomplete.
            var lines = (await process.StandardOutput.ReadToEndAsync(Cancelled)).Split('\n').SkipLast(1);
            await process.WaitForExitAsync(Cancelled);
            Assert.NotEqual(0, process.ExitCode);
            foreach (var line in lines)
                confirmed.Add(line.Split(' ')[0], line.Split(' ')[1].TrimEnd('\r'));

            await using var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, _options, Cancelled);
            Assert.InRange(confirmed.Count, round * CommitUntilKilled.Confirmations, int.MaxValue);
            foreach (var (id, etag) in confirmed)
                Assert.Equal(etag, (await store.Jobs.FindAsync(new JobKey("media", id), Cancelled))?.ETag);

            var books = Assert.Single(await store.Jobs.BooksAsync(Cancelled));
            Assert.Equal(0, books.Unaccounted);
            Assert.InRange(books.Settled, confirmed.Count, int.MaxValue);

            // Every job has its event exactly once.
            var (events, empty) = isBroker ? ("events", "outbox") : ("outbox", "events");
            Assert.Equal((books.Settled, books.Settled), (await CountAsync(store, $"SELECT count(*) FROM {events}"), await CountAsync(store, $"SELECT count(DISTINCT event_id) FROM {events}")));
            Assert.Equal(0, await CountAsync(store, $"SELECT count(*) FROM {empty}"));
            Assert.Equal("ok", await store.Database.ReadAsync(session => session.Scalar("PRAGMA integrity_check"), Cancelled));
        }
    }

    private static ValueTask<long> CountAsync(SqliteStore store, string sql) => store.Database.ReadAsync(session => (long)session.Scalar(sql)!, Cancelled);

    private Process Start(string folder)
    {
        var host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
            start.ArgumentList.Add(typeof(CommitUntilKilled).Assembly.Location);
        start.ArgumentList.Add(CommitUntilKilled.Argument);
        start.ArgumentList.Add(folder);
        start.ArgumentList.Add(isBroker.ToString());
        return Process.Start(start)!;
    }

    private static void AssertOnly(string? etag, StoredJob? stored, Page<Job> listed)
    {
        Assert.Equal(etag, stored?.ETag);
        Assert.Single(listed.Elements);
    }
}

/// <summary>How failures of SQLite are worded.</summary>
public sealed class SqliteReasonTests
{
    [Theory]
    [InlineData(10, 4874, "the disk is full, so the index of the write-ahead log has no room (SQLite error 4874)")]
    [InlineData(10, 778, "the file system reports an error (SQLite error 778)")]
    [InlineData(13, 13, "the disk is full")]
    public void A_failure_is_told_in_words(int code, int extended, string reason) =>
        Assert.Equal(reason, new SqliteException("", code, extended).Reason());
}
