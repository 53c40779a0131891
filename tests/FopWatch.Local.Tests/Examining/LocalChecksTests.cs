using FopWatch.Diagnosis;
using FopWatch.Local.Examining;
using FopWatch.Local.Hosting;
using FopWatch.Local.Tests.Http;
using FopWatch.Settings;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Examining;

/// <summary>The doctor's findings about a data folder, its database and the process.</summary>
public sealed class LocalChecksTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_writable_folder_passes_and_no_file_stays_in_it()
    {
        var finding = Assert.Single(await RunAsync(new DataFolderCheck(_folder.FullName, isOfHost: false)));

        // The test machine may itself report that it has little room.
        Assert.True(finding.Level is DoctorLevel.Pass or DoctorLevel.Warning, $"{finding}");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.FullName));
    }

    [Fact]
    public async Task A_missing_folder_is_created_at_the_start_and_a_file_in_its_place_is_trouble()
    {
        var path = Path.Combine(_folder.FullName, "data");
        Assert.Equal(DoctorLevel.Info, Assert.Single(await RunAsync(new DataFolderCheck(path, isOfHost: false))).Level);
        Assert.False(Directory.Exists(path));

        await File.WriteAllTextAsync(path, "", Cancelled);
        Assert.Equal((DoctorLevel.Trouble, "The data folder is a file."), Of(Assert.Single(await RunAsync(new DataFolderCheck(path, isOfHost: false)))));
    }

    /// <summary>A link to itself: the file system answers neither that the database exists nor that it does not.</summary>
    [Fact]
    public async Task An_error_of_the_file_system_is_not_a_missing_database()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right on Windows.");
        var loop = Path.Combine(_folder.FullName, "loop");
        File.CreateSymbolicLink(loop, loop);

        Assert.Throws<StoreOpenException>(() => DataFolder.HasDatabase(loop));
        Assert.Equal(
            (DoctorLevel.Trouble, "The data folder cannot be read: the file system reports an error."), Of(Assert.Single(await RunAsync(new DataFolderCheck(loop, isOfHost: false)))));
        Assert.Equal(
            (DoctorLevel.Skipped, "The database was not examined: the data folder cannot be read."), Of(Assert.Single(await RunAsync(new DatabaseCheck(loop, null)))));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "file"), "", Cancelled);
        Assert.False(DataFolder.HasDatabase(Path.Combine(_folder.FullName, "file")));
    }

    [Fact]
    public async Task A_folder_that_others_may_write_to_is_a_warning()
    {
        if (OperatingSystem.IsWindows())
            return;
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_111_111);

        Assert.Contains("Other users of this machine can access the data folder.", (await RunAsync(new DataFolderCheck(_folder.FullName, isOfHost: false))).Select(finding => finding.What.ToString()));
    }

    [Fact]
    public async Task A_full_disk_is_trouble()
    {
        using var disk = await SmallDisk.MountAsync(2);
        var folder = $"/proc/{disk.Through[5]}/root{disk.Folder}";
        Assert.SkipUnless(Directory.Exists(folder), "The mount namespace of another process is not accessible.");
        Assert.Contains(await RunAsync(new DataFolderCheck(folder, isOfHost: false)), finding => finding.What.ToString().StartsWith("The disk of the data folder has ", StringComparison.Ordinal));

        await disk.TakeAllAsync();

        Assert.Equal(
            (DoctorLevel.Trouble, "The data folder is not writable: the disk may be full or read-only."), Of(Assert.Single(await RunAsync(new DataFolderCheck(folder, isOfHost: false)))));
    }

    [Theory]
    [InlineData(10L << 30, null)]
    [InlineData(500L << 20, DoctorLevel.Warning)]
    [InlineData(5L << 20, DoctorLevel.Trouble)]
    public void Little_room_is_reported(long free, DoctorLevel? expected) => Assert.Equal(expected, DataFolderCheck.OfRoom(free)?.Level);

    [Theory]
    [InlineData("ext4", null)]
    [InlineData("overlay", null)]
    [InlineData("nfs4", DoctorLevel.Trouble)]
    [InlineData("CIFS", DoctorLevel.Trouble)]
    [InlineData("tmpfs", DoctorLevel.Warning)]
    public void File_systems_that_lose_or_damage_the_database_are_reported(string name, DoctorLevel? expected) =>
        Assert.Equal(expected, DataFolderCheck.OfFileSystem(name)?.Level);

    [Fact]
    public async Task A_database_passes_with_and_without_its_host()
    {
        await using (var store = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, null, Cancelled))
        {
            var open = Assert.Single(await RunAsync(new DatabaseCheck(_folder.FullName, store)));
            Assert.Equal(DoctorLevel.Pass, open.Level);
            Assert.StartsWith("No page of the database is damaged.", open.What, StringComparison.Ordinal);
            Assert.Contains("A commit took", open.What, StringComparison.Ordinal);
        }

        Assert.Equal(DoctorLevel.Pass, Assert.Single(await RunAsync(new DatabaseCheck(_folder.FullName, null))).Level);
    }

    [Fact]
    public async Task A_damaged_database_is_trouble()
    {
        await (await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, null, Cancelled)).DisposeAsync();
        await using (var file = File.OpenWrite(_folder.DatabasePath))
        {
            // Past the page that contains the schema.
            file.Position = 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0x5A, 64 * 1024).ToArray(), Cancelled);
        }

        Assert.Equal(
            (DoctorLevel.Trouble, "The database is damaged: its check (PRAGMA quick_check) fails."), Of(Assert.Single(await RunAsync(new DatabaseCheck(_folder.FullName, null)))));

        await File.WriteAllTextAsync(_folder.DatabasePath, new string('x', 10_000), Cancelled);
        Assert.Equal(DoctorLevel.Trouble, Assert.Single(await RunAsync(new DatabaseCheck(_folder.FullName, null))).Level);
    }

    [Fact]
    public async Task A_missing_database_is_reported() => Assert.Equal(DoctorLevel.Info, Assert.Single(await RunAsync(new DatabaseCheck(_folder.FullName, null))).Level);

    [Theory]
    [InlineData(64L << 20, null)]
    [InlineData(2L << 30, DoctorLevel.Warning)]
    public void A_growing_log_is_reported(long length, DoctorLevel? expected) => Assert.Equal(expected, DatabaseCheck.OfLog(length)?.Level);

    [Theory]
    [InlineData(null, DoctorLevel.Pass)]
    [InlineData(1_000_000, DoctorLevel.Pass)]
    [InlineData(1024, DoctorLevel.Warning)]
    public async Task A_limit_of_open_files_that_reduces_connections_is_a_warning(int? limit, DoctorLevel expected) =>
        Assert.Equal(expected, Assert.Single(await RunAsync(new OpenFilesCheck(OpenFiles.Share(limit, 2), FopWatchSettings.Read(RunningHost.TokenSources()).Sources))).Level);

    private static (DoctorLevel Level, string What) Of(DoctorFinding finding) => (finding.Level, finding.What.ToString());

    private static Task<IReadOnlyList<DoctorFinding>> RunAsync(IDoctorCheck check) => check.Steps.Single().RunAsync(Cancelled);
}
