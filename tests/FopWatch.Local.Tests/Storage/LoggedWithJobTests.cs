using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Events written to the log in their job's transaction, as in the embedded host, and events that cannot be.</summary>
public sealed class LoggedWithJobTests : IAsyncLifetime
{
    private const string Refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.subject = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END";

    private readonly TempFolder _folder = new();
    private SqliteStore? _store;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private SqliteStore Store => _store!;

    public async ValueTask InitializeAsync() => await ReopenAsync(isBroker: true);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_event_is_in_the_log_once_its_job_is_committed_and_never_in_the_outbox()
    {
        var published = Store.Events.Published;
        var change = Sample.Job("a").Progressed();

        var etag = await CommitAsync(change.On(null));
        await CommitAsync(change.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));

        Assert.True(published.IsCompleted);
        var logged = await Store.Events.ReadAsync(0, 10, Cancelled);
        Assert.Equal([change.ToEvent()!.Id, change.Job.Settled(TimeSpan.FromMinutes(1)).ToEvent()!.Id], logged.Select(one => one.Id));
        Assert.Equal(change.ToEvent()!.Body.ToArray(), logged[0].Body.ToArray());
        Assert.Equal(0, (await Store.Outbox.DepthAsync(Cancelled)).Count);
        Assert.NotNull(Store.Events.Epochs.PositionOf(1).Epoch);
        Assert.Equal(0, await DrainAsync());
    }

    [Fact]
    public async Task A_commit_repeated_after_a_lost_answer_logs_its_event_once()
    {
        var commit = Sample.Job("a").Settled().On(null);

        Assert.Equal(await CommitAsync(commit), await CommitAsync(commit));

        Assert.Single(await Store.Events.ReadAsync(0, 10, Cancelled));
    }

    [Fact]
    public async Task An_event_does_not_overtake_one_of_its_job_in_the_outbox()
    {
        await ReopenAsync(isBroker: false);
        var first = Sample.Job("a").Progressed();
        var etag = await CommitAsync(first.On(null));
        await ReopenAsync(isBroker: true);

        await CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));
        await CommitAsync(Sample.Job("b").Settled().On(null));

        Assert.Equal(["b"], await SubjectsAsync());
        Assert.Equal(2, await DrainAsync());
        Assert.Equal(["b", "a", "a"], await SubjectsAsync());
        Assert.Equal([1, 2, 3], (await Store.Events.ReadAsync(0, 10, Cancelled)).Select(one => one.Seq));
        Assert.Equal(["fopwatch.job.progressed", "fopwatch.job.settled"], (await Store.Events.ReadAsync(1, 10, Cancelled)).Select(one => one.Type));
    }

    [Fact]
    public async Task An_event_refused_by_the_log_goes_to_the_outbox_and_later_ones_of_its_job_wait_behind_it()
    {
        Execute(Refuse);
        var deferred = 0;
        Store.Events.Deferred += () => deferred++;
        var bad = Sample.Job("bad").Progressed();
        var etag = await CommitAsync(bad.On(null));
        Execute("DROP TRIGGER refuse");

        var settled = bad.Job.Settled(TimeSpan.FromMinutes(1));
        await CommitAsync(settled.On(etag));
        await CommitAsync(Sample.Job("b").Settled().On(null));

        Assert.Equal("bad", (await Store.Jobs.FindAsync(bad.Job.Key, Cancelled))?.Job.Key.Id);
        Assert.Equal(["b"], await SubjectsAsync());
        Assert.Equal(2, deferred);
        Assert.Equal(2, await DrainAsync());
        Assert.Equal(["b", "bad", "bad"], await SubjectsAsync());

        // Once no event of the job waits, its events are logged with it again.
        await CommitAsync(settled.Job.Republish(settled.Job.UpdatedAt.AddMinutes(1)).On((await Store.Jobs.FindAsync(bad.Job.Key, Cancelled))!.ETag));
        Assert.Equal(["b", "bad", "bad", "bad"], await SubjectsAsync());
    }

    [Fact]
    public async Task The_loop_is_woken_for_a_refused_event()
    {
        Execute(Refuse);
        var time = TimeProvider.System;
        var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time);
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, Store.Events, time, troubles);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var outbox = new OutboxLoop(dispatcher, new() { LongestSleep = TimeSpan.FromHours(1) }, troubles, NullLogger.Instance, time);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var logged = new ConcurrentQueue<string>();
        Store.Events.Logged += events => logged.Enqueue(Assert.Single(events).Key.Id);
        _ = new EmbeddedEvents(Store.Events, outbox, new(meters.GetRequiredService<IMeterFactory>(), time), time);
        var running = outbox.RunAsync(stop.Token);

        foreach (var id in new[] { "good", "bad" })
            await CommitAsync(Sample.Job(id).Settled().On(null));

        while (await Store.Outbox.CountSetAsideAsync(Cancelled) == 0)
            await Task.Delay(20, Cancelled);
        Assert.Equal(TroubleKind.EventsRefused, Assert.Single(troubles.Current).Kind);
        Assert.Equal(["good"], await SubjectsAsync());
        while (logged.IsEmpty)
            await Task.Delay(20, Cancelled);
        Assert.Equal(["good"], logged);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_failure_of_another_call_in_the_same_transaction_neither_loses_nor_duplicates_an_event()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            if (i % 10 == 3)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(async () => await Store.Database.WriteAsync(
                    session =>
                    {
                        Store.Events.TryAppend(session, Sample.Event($"faulty{i}"));
                        return i < 1000 ? throw new InvalidOperationException("faulty") : 0;
                    },
                    Cancelled));
            }
            else
            {
                await CommitAsync(Sample.Job($"j{i}").Settled().On(null));
            }
        })));

        Assert.Equal(
            Enumerable.Range(0, 200).Where(i => i % 10 != 3).Select(i => $"j{i}").Order(StringComparer.Ordinal),
            (await Store.Events.ReadAsync(0, 1000, Cancelled)).Select(one => one.Key.Id).Order(StringComparer.Ordinal));
        Assert.Equal(1L, Scalar("SELECT count(*) FROM epochs"));
    }

    [Fact]
    public async Task A_first_event_that_is_rolled_back_starts_no_epoch_and_the_next_one_does()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Store.Database.WriteAsync<int>(
            session =>
            {
                Store.Events.TryAppend(session, Sample.Event("faulty"));
                throw new InvalidOperationException("faulty");
            },
            Cancelled));
        await Store.Database.WriteAsync(session => session.Execute("DELETE FROM unreadable_jobs"), Cancelled);
        Assert.Equal(0L, Scalar("SELECT count(*) FROM epochs"));

        await CommitAsync(Sample.Job("a").Settled().On(null));

        Assert.Equal(1L, Scalar("SELECT first FROM epochs"));
    }

    [Fact]
    public async Task While_the_log_is_damaged_jobs_are_committed_and_their_events_wait_in_the_outbox()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => CommitAsync(Sample.Job($"before{i}").Settled().On(null))));
        var (root, size) = ((long)Scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'events'")!, (long)Scalar("PRAGMA page_size")!);
        await Store.DisposeAsync();
        await using (var file = File.OpenWrite(_folder.DatabasePath))
        {
            file.Position = (root - 1) * size;
            await file.WriteAsync(new byte[100], Cancelled);
        }

        _store = null;
        await ReopenAsync(isBroker: true);
        var deferred = 0;
        Store.Events.Deferred += () => deferred++;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => CommitAsync(Sample.Job($"after{i}").Settled().On(null))));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"after{i}").Order(StringComparer.Ordinal), (await Store.Outbox.PendingAsync(100, Cancelled)).Select(one => one.Key.Id).Order(StringComparer.Ordinal));
        Assert.InRange(deferred, 1, 50);
        Assert.NotNull(Store.Database.Damage);
        Assert.Equal(100, (await Store.Jobs.ListAsync(new() { Top = 1000 }, Cancelled)).Elements.Count);
    }

    [Fact]
    public async Task A_follower_sees_every_event_once_and_in_order_per_job_although_some_are_published_later()
    {
        await ReopenAsync(isBroker: false);
        var etags = new Dictionary<int, string>();
        for (var i = 0; i < 20; i++)
            etags[i] = await CommitAsync(Sample.Job($"j{i}").Progressed().On(null));
        await ReopenAsync(isBroker: true);
        using var tail = new EventTail(Store.Events, null, TimeProvider.System);
        var following = FollowAsync(tail, 120 * 2);

        var commits = Enumerable.Range(0, 120).Select(i => Task.Run(async () =>
        {
            var first = Sample.Job($"j{i}").Progressed();
            var etag = i < 20 ? etags[i] : await CommitAsync(first.On(null));
            await CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));
        }));
        var drains = Enumerable.Range(0, 10).Select(_ => Task.Run(DrainAsync));
        await Task.WhenAll(commits.Concat(drains));
        await DrainAsync();

        var seen = await following;
        Assert.Equal(seen.Count, seen.Select(one => one.Id).Distinct().Count());
        Assert.All(seen.GroupBy(one => one.Key), job => Assert.Equal(["fopwatch.job.progressed", "fopwatch.job.settled"], job.Select(one => one.Type)));
    }

    [Fact]
    public async Task A_folder_of_an_earlier_version_publishes_waiting_events_once_even_if_a_crash_left_them_in_log_and_outbox()
    {
        await Store.DisposeAsync();
        File.Delete(_folder.DatabasePath);
        var (first, second) = (Sample.Event("a", 1), Sample.Event("a", 2));
        using (var old = SqliteSession.Open(_folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, _folder.DatabasePath, [.. Schema.Migrations.Take(8)]);
            foreach (var one in new[] { Sample.Event("z"), first })
            {
                old.Execute(
                    "INSERT INTO events (event_id, time, type, source, subject, body, redaction) VALUES ($1, $2, $3, $4, $5, $6, 0)",
                    one.Id,
                    one.Time.UtcTicks,
                    one.Type,
                    one.Key.Source,
                    one.Key.Id,
                    one.Body);
            }

            SqliteOutbox.Enqueue(old, first);
            SqliteOutbox.Enqueue(old, second);
        }

        await ReopenAsync(isBroker: true);

        Assert.Equal(2, await DrainAsync());
        Assert.Equal([Sample.Event("z").Id, first.Id, second.Id], (await Store.Events.ReadAsync(0, 10, Cancelled)).Select(one => one.Id));
    }

    private async Task<List<LoggedEvent>> FollowAsync(EventTail tail, int count)
    {
        // The tail says that there is more, and the log has the content.
        var seen = new List<LoggedEvent>();
        while (seen.Count < count)
        {
            var after = seen.Count == 0 ? 0 : seen[^1].Seq;
            var batch = await tail.NextAsync(after, Cancelled);
            Assert.NotNull(batch);
            seen.AddRange((await Store.Events.ReadAsync(after, 1000, Cancelled)).Where(one => one.Seq <= batch.Last));
        }

        return seen;
    }

    private async Task ReopenAsync(bool isBroker)
    {
        if (_store is not null)
            await _store.DisposeAsync();
        _store = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, new() { IsBroker = isBroker }, Cancelled);
    }

    private async Task<int> DrainAsync()
    {
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, Store.Events, TimeProvider.System);
        return await dispatcher.DrainAsync(Cancelled);
    }

    private async Task<string> CommitAsync(JobCommit commit)
    {
        var etag = await Store.Jobs.CommitAsync(commit, Cancelled);
        Assert.NotNull(etag);
        return etag;
    }

    private async Task<IEnumerable<string>> SubjectsAsync() => (await Store.Events.ReadAsync(0, 100, Cancelled)).Select(one => one.Key.Id);

    private void Execute(string sql) => Scalar(sql);

    private object? Scalar(string sql)
    {
        using var session = SqliteSession.Open(_folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        return session.Scalar(sql);
    }
}
