using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Backups of a data folder in use, and restoring them.</summary>
public sealed class DataCopyTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>Jobs are committed in sequence: a copy of one moment has a prefix of them, which includes all that were confirmed before it started.</summary>
    [Fact]
    public async Task A_copy_is_consistent_while_the_store_is_written_to()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        await using var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, new() { IsBroker = true }, Cancelled);
        var confirmed = 0;
        var writing = Task.Run(
            async () =>
            {
                for (; !stop.IsCancellationRequested; Interlocked.Increment(ref confirmed))
                    await store.Jobs.CommitAsync(Sample.Job($"z0.{confirmed:D6}").Settled().On(null), Cancelled);
            },
            Cancelled);
        var copies = new List<(string File, int Least)>();
        for (var copy = 0; copy < 5; copy++)
        {
            var (before, file) = (Volatile.Read(ref confirmed), PathOf($"copy-{copy}.db"));
            await Task.Run(() => DataCopy.Backup(PathOf("data"), [file], Cancelled), Cancelled);
            copies.Add((file, before));
            await Eventually.HoldsAsync(() => Volatile.Read(ref confirmed) > before + 20);
        }

        await stop.CancelAsync();
        await writing;
        Assert.All(copies, copy =>
        {
            using var session = SqliteSession.Open(copy.File, SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(1));
            var jobs = (long)session.Scalar("SELECT count(*) FROM jobs")!;
            Assert.InRange(jobs, copy.Least, confirmed);
            Assert.Equal(jobs == 0 ? null : $"z0.{jobs - 1:D6}", session.Scalar("SELECT max(id) FROM jobs"));

            // An event and its job are in one transaction.
            Assert.Equal(jobs, session.Scalar("SELECT count(*) FROM events"));
            Assert.Equal("ok", session.Scalar("PRAGMA integrity_check"));
        });
        Assert.Equal(
            ["copy-0.db", "copy-1.db", "copy-2.db", "copy-3.db", "copy-4.db", "data"],
            Directory.EnumerateFileSystemEntries(_folder.FullName).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var (file, _) in copies)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? UnixFileMode.UserRead | UnixFileMode.UserWrite : File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task A_copy_contains_what_a_killed_process_left_in_the_log()
    {
        await using (var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
        {
            await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
            Directory.CreateDirectory(PathOf("killed"));
            foreach (var name in (string[])["fopwatch.db", "fopwatch.db-wal"])
                File.Copy(Path.Combine(PathOf("data"), name), Path.Combine(PathOf("killed"), name));
        }

        DataCopy.Backup(PathOf("killed"), [PathOf("copy.db")], Cancelled);

        Assert.Equal(["a"], await RestoredJobsAsync(PathOf("copy.db"), "restored"));
    }

    [Fact]
    public async Task A_restored_folder_continues_from_the_copy_and_its_events_have_a_new_epoch()
    {
        EventPosition lost;
        await using (var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, new() { IsBroker = true }, Cancelled))
        {
            await store.Jobs.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);
            DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled);
            await store.Jobs.CommitAsync(Sample.Job("b").Settled().On(null), Cancelled);
            lost = store.Events.Epochs.PositionOf(2);
        }

        Assert.Equal(["a"], await RestoredJobsAsync(PathOf("copy.db"), "restored"));
        await using var restored = await SqliteStore.OpenAsync(PathOf("restored"), TimeProvider.System, new() { IsBroker = true }, Cancelled);
        await restored.Jobs.CommitAsync(Sample.Job("c").Settled().On(null), Cancelled);
        Assert.NotEqual(lost, restored.Events.Epochs.PositionOf(2));
        Assert.Equal(1, restored.Events.Epochs.KnownUpTo(lost, 2));
        Assert.Empty(DataFolder.OpenToOthers(PathOf("restored")));
    }

    [Fact]
    public async Task A_folder_that_is_in_use_or_not_empty_is_not_restored_to()
    {
        await using (await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
        {
            DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled);

            Assert.Equal($"The data folder '{PathOf("data")}' is in use by another FopWatch host.", Refused(() => Restore("copy.db", "data")));
        }

        Assert.StartsWith($"The data folder '{PathOf("data")}' is not empty: it contains fopwatch.db.", Refused(() => Restore("copy.db", "data")), StringComparison.Ordinal);

        Directory.CreateDirectory(PathOf("other"));
        await File.WriteAllTextAsync(Path.Combine(PathOf("other"), "notes.txt"), "mine", Cancelled);
        Assert.StartsWith($"The data folder '{PathOf("other")}' is not empty: it contains notes.txt.", Refused(() => Restore("copy.db", "other")), StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(PathOf("other")).Select(Path.GetFileName));

        Assert.EndsWith("it is a file.", Refused(() => Restore("copy.db", "copy.db")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_the_data_folder_is_not_restored_and_stays()
    {
        await using (await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
            DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled);
        Directory.CreateDirectory(PathOf("rest"));
        var partial = Path.Combine("rest", $"fopwatch.db.a{DataFolder.PartialSuffix}");
        File.Move(PathOf("copy.db"), PathOf(partial));

        Assert.Equal($"'{PathOf(partial)}' is in the data folder '{PathOf("rest")}'. Move it elsewhere first.", Refused(() => Restore(partial, "rest")));
        Assert.True(File.Exists(PathOf(partial)));
    }

    [Fact]
    public async Task A_file_in_the_data_folder_is_not_restored_through_links_either()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege.");
        await using (await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
            DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled);
        Directory.CreateDirectory(PathOf("rest"));
        const string Name = $"fopwatch.db.p5xkq2ab.c3d{DataFolder.PartialSuffix}";
        File.Move(PathOf("copy.db"), PathOf(Path.Combine("rest", Name)));
        Directory.CreateSymbolicLink(PathOf("folder"), PathOf("rest"));
        File.CreateSymbolicLink(PathOf("file.db"), Path.Combine("rest", Name));

        foreach (var (file, folder) in (ReadOnlySpan<(string, string)>)[(Path.Combine("folder", Name), "rest"), (Path.Combine("rest", Name), "folder"), ("file.db", "rest"), ("file.db", "folder")])
        {
            Assert.Equal($"'{PathOf(file)}' is in the data folder '{PathOf(folder)}'. Move it elsewhere first.", Refused(() => Restore(file, folder)));
            Assert.True(File.Exists(PathOf(Path.Combine("rest", Name))));
        }
    }

    [Fact]
    public async Task A_restore_accepts_the_lock_file_of_an_ended_host_and_locks_the_folder_meanwhile()
    {
        await using (await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
            DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled);
        File.Delete(Path.Combine(PathOf("data"), "fopwatch.db"));

        using (DataFolder.LockEmpty(PathOf("data")))
            Assert.Contains("in use by another FopWatch host", Refused(() => Restore("copy.db", "data")), StringComparison.Ordinal);
        Restore("copy.db", "data");

        Assert.Equal(["fopwatch.db", "fopwatch.lock"], Directory.EnumerateFileSystemEntries(PathOf("data")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_damaged_database_is_not_copied()
    {
        await using (var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
        {
            for (var i = 0; i < 200; i++)
                await store.Jobs.CommitAsync(Sample.Job($"z0.{i:D6}").New(), Cancelled);
        }

        var database = Path.Combine(PathOf("data"), "fopwatch.db");
        await using (var file = File.OpenWrite(database))
        {
            file.Position = file.Length / 2 / 4096 * 4096;
            file.Write(new byte[4096 * 4]);
        }

        Assert.Throws<DamagedCopyException>(() => DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], Cancelled));
        Assert.Throws<DamagedCopyException>(() => DataCopy.Restore(database, PathOf("restored"), Cancelled));

        Assert.Equal(["data"], Directory.EnumerateFileSystemEntries(_folder.FullName).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_file_of_another_program_or_a_newer_version_is_not_restored()
    {
        await File.WriteAllTextAsync(PathOf("text.db"), "no database, and long enough to be one: " + new string('x', 4096), Cancelled);
        await File.WriteAllTextAsync(PathOf("empty.db"), "", Cancelled);
        Write("other.db", "CREATE TABLE t (a)");
        Write("newer.db", $"PRAGMA application_id = {Schema.ApplicationId}; PRAGMA user_version = {Schema.Migrations.Count + 1}; CREATE TABLE t (a)");

        Assert.Equal($"'{PathOf("text.db")}' is not an SQLite database.", Refused(() => Restore("text.db", "restored")));
        Assert.Equal($"'{PathOf("empty.db")}' is an empty database.", Refused(() => Restore("empty.db", "restored")));
        Assert.Equal($"'{PathOf("other.db")}' is a database of another program.", Refused(() => Restore("other.db", "restored")));
        Assert.StartsWith($"'{PathOf("newer.db")}' was written by a newer FopWatch", Refused(() => Restore("newer.db", "restored")), StringComparison.Ordinal);
        Assert.Equal($"'{PathOf("none.db")}': there is no such file.", Refused(() => Restore("none.db", "restored")));
        Assert.Equal($"'{_folder.FullName}' is a folder. Give the backup file.", Refused(() => Restore("", "restored")));

        // Nothing stays of a folder that was created for a failed restore, nor of a lock in one that was there.
        Assert.False(Directory.Exists(PathOf("restored")));
        Directory.CreateDirectory(PathOf("there"));
        Refused(() => Restore("text.db", "there"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(PathOf("there")));

        // A folder of another program is not copied either; one of a newer version is.
        Directory.CreateDirectory(PathOf("data"));
        Assert.Equal($"The data folder '{PathOf("data")}' has no fopwatch.db.", Refused(() => Backup("copy.db")));
        File.Copy(PathOf("other.db"), Path.Combine(PathOf("data"), "fopwatch.db"));
        Assert.EndsWith("is a database of another program.", Refused(() => Backup("copy.db")), StringComparison.Ordinal);
        File.Copy(PathOf("newer.db"), Path.Combine(PathOf("data"), "fopwatch.db"), overwrite: true);
        Backup("copy.db");
        Assert.EndsWith("already exists. Give the name of a new file.", Refused(() => Backup("copy.db")), StringComparison.Ordinal);
        Assert.EndsWith("there is no such folder.", Refused(() => Backup("none/copy.db")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_copy_leaves_nothing()
    {
        await using var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled);

        Assert.ThrowsAny<OperationCanceledException>(() => DataCopy.Backup(PathOf("data"), [PathOf("copy.db")], new(canceled: true)));

        Assert.Equal(["data"], Directory.EnumerateFileSystemEntries(_folder.FullName).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_restore_removes_the_remains_of_a_killed_one()
    {
        await using (await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled))
            Backup("copy.db");
        Directory.CreateDirectory(PathOf("restored"));
        foreach (var name in (string[])["fopwatch.lock", "fopwatch.db.p5xkq2ab.c3d.partial", "fopwatch.db.p5xkq2ab.c3d.partial-journal"])
            await File.WriteAllTextAsync(Path.Combine(PathOf("restored"), name), "part", Cancelled);

        // The other one holds the lock while it runs.
        using (File.Open(Path.Combine(PathOf("restored"), "fopwatch.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.Contains("in use by another FopWatch host", Refused(() => Restore("copy.db", "restored")), StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(PathOf("restored")).Length);

        Restore("copy.db", "restored");

        Assert.Equal(["fopwatch.db", "fopwatch.lock"], Directory.EnumerateFileSystemEntries(PathOf("restored")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_incomplete_database_is_named_with_the_missing_table_or_column()
    {
        Write("hollow.db", $"PRAGMA application_id = {Schema.ApplicationId}; PRAGMA user_version = {Schema.Migrations.Count}; CREATE TABLE t (a)");
        Write("column.db", $"PRAGMA application_id = {Schema.ApplicationId}; PRAGMA user_version = {Schema.Migrations.Count};{string.Concat(Schema.Migrations)}; ALTER TABLE webhooks DROP COLUMN missed");

        Assert.Equal($"'{PathOf("hollow.db")}' is no whole database of FopWatch: it lacks the table books.", Refused(() => Restore("hollow.db", "restored")));
        Assert.Equal($"'{PathOf("column.db")}' is no whole database of FopWatch: it lacks the column webhooks.missed.", Refused(() => Restore("column.db", "restored")));
        Assert.False(Directory.Exists(PathOf("restored")));
    }

    [Fact]
    public async Task A_backup_of_an_earlier_format_is_upgraded()
    {
        for (var version = 1; version < Schema.Migrations.Count; version++)
        {
            Write($"{version}.db", $"{string.Concat(Schema.Migrations.Take(version))}; PRAGMA application_id = {Schema.ApplicationId}; PRAGMA user_version = {version}");

            Assert.Equal(Schema.Migrations.Count, DataCopy.Restore(PathOf($"{version}.db"), PathOf($"restored-{version}"), Cancelled).Format);
            Assert.Equal(["fopwatch.db", "fopwatch.lock"], Directory.EnumerateFileSystemEntries(PathOf($"restored-{version}")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            await using var store = await SqliteStore.OpenAsync(PathOf($"restored-{version}"), TimeProvider.System, cancellationToken: Cancelled);
            await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        }
    }

    [Fact]
    public async Task No_path_writes_a_backup_into_the_data_folder()
    {
        await using var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled);
        var before = Directory.GetFileSystemEntries(PathOf("data"));
        Directory.CreateDirectory(PathOf("data/below"));
        Directory.CreateSymbolicLink(PathOf("link"), PathOf("data"));

        foreach (var file in (string[])["data/copy.db", "data/below/copy.db", "link/copy.db", "link/../link/below/copy.db"])
            Assert.StartsWith($"'{PathOf(file)}' would be in the data folder '{PathOf("data")}', and be lost with it.", Refused(() => Backup(file)), StringComparison.Ordinal);

        Assert.Equal(before.Append(PathOf("data/below")).Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(PathOf("data")).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(PathOf("data/below")));
        Backup("data-copy.db");
    }

    [Fact]
    public async Task Concurrent_copies_get_distinct_names()
    {
        await using var store = await SqliteStore.OpenAsync(PathOf("data"), TimeProvider.System, cancellationToken: Cancelled);
        string[] names = [PathOf("a.db"), PathOf("a-2.db"), PathOf("a-3.db"), PathOf("a-4.db")];

        var copies = await Task.WhenAll(names.Select(_ => Task.Run(() => DataCopy.Backup(PathOf("data"), names, Cancelled), Cancelled)));

        Assert.Equal(names.Order(StringComparer.Ordinal), copies.Select(copy => copy.File).Order(StringComparer.Ordinal));
        Assert.Equal($"'{names[0]}' already exists. Give the name of a new file.", Refused(() => DataCopy.Backup(PathOf("data"), names, Cancelled)));
    }

    private async Task<IEnumerable<string>> RestoredJobsAsync(string file, string folder)
    {
        DataCopy.Restore(file, PathOf(folder), Cancelled);
        await using var store = await SqliteStore.OpenAsync(PathOf(folder), TimeProvider.System, new() { IsBroker = true }, Cancelled);
        return (await store.Jobs.ListAsync(new(), Cancelled)).Elements.Select(job => job.Key.Id);
    }

    private void Backup(string file) => DataCopy.Backup(PathOf("data"), [PathOf(file)], Cancelled);

    private void Restore(string file, string folder) => DataCopy.Restore(PathOf(file), PathOf(folder), Cancelled);

    private static string Refused(Action act) => Assert.Throws<StoreOpenException>(act).Message;

    private void Write(string name, string sql)
    {
        using var session = SqliteSession.Open(PathOf(name), SqliteOpenMode.ReadWriteCreate, TimeSpan.FromSeconds(1));
        session.Execute(sql);
    }

    private string PathOf(string name) => Path.TrimEndingDirectorySeparator(Path.Combine(_folder.FullName, name));
}
