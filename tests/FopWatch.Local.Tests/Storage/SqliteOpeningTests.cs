using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public class SqliteOpeningTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_folder_is_created()
    {
        using var folder = new TempFolder();
        var nested = Path.Combine(folder.FullName, "a", "b");

        await using var store = await OpenAsync(nested);

        Assert.True(File.Exists(Path.Combine(nested, "fopwatch.db")));
    }

    [Fact]
    public async Task A_store_is_reopened_as_it_was_left()
    {
        using var folder = new TempFolder();
        string? etag;
        await using (var store = await OpenAsync(folder.FullName))
        {
            etag = await store.Jobs.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);
            await store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled);
            await store.Events.PublishAsync([Sample.Event("b")], Cancelled);
        }

        await using var reopened = await OpenAsync(folder.FullName);
        Assert.Equal(etag, (await reopened.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))?.ETag);
        Assert.Single(await reopened.Outbox.PendingAsync(10, Cancelled));
        Assert.Equal(1, await reopened.Quarantine.CountAsync(Cancelled));
        Assert.Equal(1, await reopened.Events.LastSeqAsync(Cancelled));
    }

    [Fact]
    public async Task A_commit_is_flushed_before_it_is_confirmed()
    {
        await using var temp = await TempStore.OpenAsync();

        Assert.Equal("wal", await temp.Store.Database.WriteAsync(session => session.Scalar("PRAGMA journal_mode"), Cancelled));
        // 2 is FULL.
        Assert.Equal(2L, await temp.Store.Database.WriteAsync(session => session.Scalar("PRAGMA synchronous"), Cancelled));
    }

    [Fact]
    public async Task Of_two_hosts_on_one_folder_the_second_is_refused_until_the_first_has_ended()
    {
        using var folder = new TempFolder();
        var first = await OpenAsync(folder.FullName);
        await first.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));
        Assert.Contains("in use by another FopWatch host", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(await first.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled));

        await first.DisposeAsync();
        await using var second = await OpenAsync(folder.FullName);
        Assert.Equal(2, (await second.Jobs.ListAsync(new(), Cancelled)).Elements.Count);
    }

    [Fact]
    public async Task A_file_that_is_not_a_database_is_refused_and_not_changed()
    {
        using var folder = new TempFolder();
        var content = string.Concat(Enumerable.Repeat("This is no database. ", 1000));
        await File.WriteAllTextAsync(folder.DatabasePath, content, Cancelled);

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));

        Assert.Contains("is not an SQLite database", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(folder.DatabasePath, Cancelled));
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused_and_not_changed()
    {
        using var folder = new TempFolder();
        using (var other = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
            other.Execute("CREATE TABLE jobs (a)");
        var before = await File.ReadAllBytesAsync(folder.DatabasePath, Cancelled);

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));

        Assert.Contains("database of another program", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(folder.DatabasePath, Cancelled));
    }

    [Fact]
    public async Task A_file_of_a_newer_FopWatch_is_refused()
    {
        using var folder = new TempFolder();
        await (await OpenAsync(folder.FullName)).DisposeAsync();
        using (var newer = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
        {
            newer.Execute("PRAGMA user_version = 99");
            newer.Execute("UPDATE installation SET value = $1 WHERE name = 'writtenBy'", "7.1.0"u8.ToArray());
        }

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));

        Assert.Contains("newer FopWatch (7.1.0)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Run that version", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_created_is_named()
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", Cancelled);

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(Path.Combine(file, "data")));

        Assert.Contains(file, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("is not writable", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_opening_releases_the_folder()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.DatabasePath, new string('x', 5000), Cancelled);
        await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));
        File.Delete(folder.DatabasePath);

        await using var store = await OpenAsync(folder.FullName);

        Assert.NotNull(await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
    }

    [Fact]
    public async Task An_older_file_is_upgraded_and_keeps_its_content()
    {
        using var folder = new TempFolder();
        await using (var store = await OpenAsync(folder.FullName))
            await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        using var session = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        var version = Schema.Migrations.Count;
        Assert.Equal((long)version, session.Scalar("PRAGMA user_version"));

        string[] newer = [.. Schema.Migrations, "ALTER TABLE jobs ADD COLUMN note TEXT", "UPDATE jobs SET note = 'migrated'"];
        Schema.Migrate(session, folder.DatabasePath, newer);
        Schema.Migrate(session, folder.DatabasePath, newer);

        Assert.Equal(version + 2L, session.Scalar("PRAGMA user_version"));
        Assert.Equal("migrated", session.Scalar("SELECT note FROM jobs WHERE id = 'a'"));
    }

    [Fact]
    public async Task A_job_of_the_first_format_is_found_by_its_reference_and_by_its_watch()
    {
        using var folder = new TempFolder();
        var job = Sample.Job("a");
        var stopped = Sample.Job("b").Stopped();
        var expired = Sample.Job("c").Expired().Job;
        var settled = Sample.Job("d").Settled().Job;
        using (var old = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, folder.DatabasePath, [.. Schema.Migrations.Take(1)]);
            foreach (var (one, state) in new[] { (job, "waiting"), (stopped, "waiting"), (expired, "expired"), (settled, "succeeded") })
            {
                old.Execute(
                    """
                    INSERT INTO jobs (source, id, revision, state, registered_at, settled_at, due_at, stopped, body)
                    VALUES ('media', $1, 1, $2, $3, $4, $5, $6, $7)
                    """,
                    one.Key.Id,
                    state,
                    one.RegisteredAt.UtcTicks,
                    one.SettledAt?.UtcTicks,
                    one.Watch.DueAt?.UtcTicks,
                    one.WatchStatus == WatchStatus.Stopped ? 1 : 0,
                    JobJson.Serialize(one));
            }
        }

        await using var store = await OpenAsync(folder.FullName);

        foreach (var one in new[] { job, stopped, expired, settled })
        {
            Assert.Equal(one.Key, (await store.Jobs.FindByReferenceAsync("media", store.Jobs.References.Of(one.Key), Cancelled))?.Key);
            Assert.Equal(one.Key, Assert.Single((await store.Jobs.ListAsync(new() { Watches = [one.WatchStatus] }, Cancelled)).Elements).Key);
        }
    }

    [Theory]
    [InlineData(12, false)]
    [InlineData(13, true)]
    public async Task A_database_without_statistics_or_with_earlier_ones_is_upgraded(int version, bool hasStatistics)
    {
        using var folder = new TempFolder();
        var hour = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        using (var old = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, folder.DatabasePath, [.. Schema.Migrations.Take(version)]);
            if (hasStatistics)
            {
                old.Execute("INSERT INTO statistics_hours (source, hour, sums) VALUES ('media', $1, '{\"registered\":1}')", hour.UtcTicks);
                old.Execute("INSERT INTO statistics_additions (source, ids) VALUES ('media', 'before')");
            }
        }

        await using var store = await OpenAsync(folder.FullName);
        Assert.Equal(default, await store.Statistics.ReadLatestAsync("media", Cancelled));
        var sums = new HourSums();
        sums.Add(HourSum.Registered);
        var delta = new StatisticsDelta(
            "after", "media", hour, new Dictionary<DateTimeOffset, HourSums> { [hour] = sums }, new Dictionary<string, KnownAges>())
        { Latest = new(hour, null, PollAnswer.None) };
        await store.Statistics.AddAsync(delta, Cancelled);
        await store.Statistics.AddAsync(delta with { Id = "before" }, Cancelled);

        var read = Assert.Single(await store.Statistics.ReadHoursAsync("media", hour, hour.AddHours(1), Cancelled));

        // Additions from before the upgrade are known and not repeated.
        Assert.Equal(2, read.Sums[HourSum.Registered]);
        Assert.Equal(hour, (await store.Statistics.ReadLatestAsync("media", Cancelled)).NotifiedAt);
    }

    [Fact]
    public async Task Events_of_an_earlier_format_are_redacted_when_read()
    {
        using var folder = new TempFolder();
        var stored = EarlierEvent.Stored;
        using (var old = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1)))
        {
            Schema.Migrate(old, folder.DatabasePath, [.. Schema.Migrations.Take(3)]);
            old.Execute(
                "INSERT INTO outbox (source, id, version, event_id, type, time, body) VALUES ('media', 'a', 2, $1, $2, $3, $4)",
                stored.Id,
                stored.Type,
                stored.Time.UtcTicks,
                stored.Body);
            old.Execute(
                "INSERT INTO events (event_id, time, type, source, subject, body) VALUES ($1, $2, $3, 'media', 'a', $4)",
                stored.Id,
                stored.Time.UtcTicks,
                stored.Type,
                stored.Body);
        }

        await using var store = await OpenAsync(folder.FullName);

        var pending = await store.Outbox.PendingAsync(10, Cancelled);
        EarlierEvent.AssertRedacted(Assert.Single(pending).Id, pending[0].Body);
        var logged = Assert.Single(await store.Events.ReadAsync(0, 10, Cancelled));
        EarlierEvent.AssertRedacted(logged.Id, logged.Body);

        // Published again, it keeps its position in the log.
        await store.Events.PublishAsync(pending, Cancelled);
        Assert.Equal(logged.Seq, Assert.Single(await store.Events.ReadAsync(0, 10, Cancelled)).Seq);
    }

    [Fact]
    public async Task An_event_of_an_earlier_format_is_logged_without_its_secrets()
    {
        await using var temp = await TempStore.OpenAsync();
        using (var old = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
        {
            var stored = EarlierEvent.Stored;
            old.Execute(
                "INSERT INTO outbox (source, id, version, event_id, type, time, body, redaction) VALUES ('media', 'a', 2, $1, $2, $3, $4, 1)",
                stored.Id,
                stored.Type,
                stored.Time.UtcTicks,
                stored.Body);
        }

        await temp.Store.Events.PublishAsync(await temp.Store.Outbox.PendingAsync(10, Cancelled), Cancelled);

        using var rows = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        EarlierEvent.AssertRedacted(EarlierEvent.Stored.Id, (byte[])rows.Scalar("SELECT body FROM events")!);
    }

    [Fact]
    public async Task A_job_of_an_earlier_version_is_read_without_its_secrets_and_with_the_items_of_today()
    {
        await using var temp = await TempStore.OpenAsync();
        await temp.Store.Jobs.CommitAsync(new(EarlierJob.Stored, null, null), Cancelled);

        EarlierJob.AssertUpgraded((await temp.Store.Jobs.FindAsync(EarlierJob.Stored.Key, Cancelled))?.Job);
        EarlierJob.AssertUpgraded(Assert.Single((await temp.Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements));
    }

    [Fact]
    public async Task References_are_the_same_after_a_restart_and_different_in_another_folder()
    {
        var key = new JobKey("media", "a");
        using var folder = new TempFolder();
        string reference;
        await using (var store = await OpenAsync(folder.FullName))
            reference = store.Jobs.References.Of(key);

        await using var reopened = await OpenAsync(folder.FullName);
        await using var another = await TempStore.OpenAsync();

        Assert.Equal(reference, reopened.Jobs.References.Of(key));
        Assert.NotEqual(reference, another.Store.Jobs.References.Of(key));
    }

    [Fact]
    public async Task A_damaged_reference_key_is_refused()
    {
        using var folder = new TempFolder();
        await (await OpenAsync(folder.FullName)).DisposeAsync();
        using (var session = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
            session.Execute("UPDATE installation SET value = x'00'");

        var refusal = await Assert.ThrowsAsync<StoreOpenException>(() => OpenAsync(folder.FullName));

        Assert.Contains("reference key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_migration_changes_nothing()
    {
        using var folder = new TempFolder();
        await (await OpenAsync(folder.FullName)).DisposeAsync();
        using var session = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));

        Assert.Throws<SqliteException>(() => Schema.Migrate(
            session, folder.DatabasePath, [.. Schema.Migrations, "CREATE TABLE half (a)", "CREATE TABLE jobs (a)"]));

        Assert.Equal((long)Schema.Migrations.Count, session.Scalar("PRAGMA user_version"));
        Assert.Equal(0L, session.Scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'half'"));
    }

    private static Task<SqliteStore> OpenAsync(string folder) => SqliteStore.OpenAsync(folder, TimeProvider.System, cancellationToken: Cancelled);
}
