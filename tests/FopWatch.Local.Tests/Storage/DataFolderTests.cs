using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Which users of the machine may read the data folder.</summary>
public sealed class DataFolderTests : IDisposable
{
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnersFile | UnixFileMode.UserExecute;
    private const UnixFileMode EverybodyReads = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>Another process that locks the file after its release must not lose it.</summary>
    [Fact]
    public void A_folder_that_is_not_kept_is_deleted_before_its_lock_is_released()
    {
        SkipOnWindows();
        var data = Path.Combine(_folder.FullName, "data");
        bool? existed = null;
        using (var made = DataFolder.LockEmpty(data))
        {
            var real = made.Lock!;
            made.Lock = new Released(() =>
            {
                existed ??= Directory.Exists(data);
                real.Dispose();
            });
        }

        Assert.False(existed);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task With_a_common_umask_only_the_processs_user_can_read_new_files()
    {
        SkipOnWindows();
        var data = Path.Combine(_folder.FullName, "above", "data");
        var host = new HostProcess(data, RunningHost.TokenSources(), ["sh", "-c", "umask 022; exec \"$@\"", "sh"]);
        try
        {
            host.Start();
            using var http = new HttpClient { BaseAddress = host.Url };
            await host.UntilReadyAsync();
            using (var notified = await http.PostAsync(
                $"/api/notify/media/{RunningHost.Token}", new StringContent("""{"id":"z0.1","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}"""), Cancelled))
            {
                notified.EnsureSuccessStatusCode();
            }

            AssertPrivate(data, ["fopwatch.db", "fopwatch.db-shm", "fopwatch.db-wal", "fopwatch.lock"]);
            Assert.Equal(OwnersFolder, Mode(data));
        }
        finally
        {
            host.Dispose();
        }
    }

    [Fact]
    public async Task Files_of_an_earlier_version_become_private_and_their_folder_keeps_its_mode()
    {
        SkipOnWindows();
        var before = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        await before.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        var copy = Path.Combine(_folder.FullName, "killed");
        Directory.CreateDirectory(copy);
        SetMode(copy, OwnersFolder | EverybodyReads);

        // As a killed process leaves it: with its log.
        foreach (var name in (string[])["fopwatch.db", "fopwatch.db-wal", "fopwatch.db-shm"])
            File.Copy(Path.Combine(_folder.FullName, name), Path.Combine(copy, name));
        await File.WriteAllTextAsync(Path.Combine(copy, "fopwatch.lock"), "", Cancelled);
        await before.DisposeAsync();
        foreach (var file in Directory.GetFiles(copy))
            SetMode(file, OwnersFile | EverybodyReads);
        Assert.Contains(Path.Combine(copy, "fopwatch.db-wal"), Directory.GetFiles(copy));
        var folderMode = Mode(copy);
        Assert.NotEqual(OwnersFolder, folderMode);

        await using var store = await SqliteStore.OpenAsync(copy, TimeProvider.System, cancellationToken: Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled);

        AssertPrivate(copy, ["fopwatch.db", "fopwatch.db-shm", "fopwatch.db-wal", "fopwatch.lock"]);
        Assert.Equal(folderMode, Mode(copy));
        Assert.Equal(2, (await store.Jobs.ListAsync(new(), Cancelled)).Elements.Count);
        Assert.Empty(DataFolder.OpenToOthers(copy));
    }

    [Theory]
    [InlineData("fopwatch.db")]
    [InlineData("fopwatch.db-wal")]
    [InlineData("fopwatch.db-shm")]
    [InlineData("fopwatch.lock")]
    public async Task A_symbolic_link_is_refused_and_its_target_keeps_its_mode(string name)
    {
        SkipOnWindows();
        var target = Path.Combine(_folder.FullName, "of-somebody-else");
        var data = Path.Combine(_folder.FullName, "data");
        var link = Path.Combine(data, name);
        await File.WriteAllTextAsync(target, "text", Cancelled);
        SetMode(target, OwnersFile | EverybodyReads);
        Directory.CreateDirectory(data);
        File.CreateSymbolicLink(link, target);

        var refused = await Assert.ThrowsAsync<StoreOpenException>(() => SqliteStore.OpenAsync(data, TimeProvider.System, cancellationToken: Cancelled));

        Assert.StartsWith($"'{link}' is a symbolic link", refused.Message, StringComparison.Ordinal);
        Assert.Equal((OwnersFile | EverybodyReads, "text"), (Mode(target), await File.ReadAllTextAsync(target, Cancelled)));

        // A dangling link must not create a file at its target.
        File.Delete(target);
        await Assert.ThrowsAsync<StoreOpenException>(() => SqliteStore.OpenAsync(data, TimeProvider.System, cancellationToken: Cancelled));
        Assert.False(File.Exists(target));
    }

    [Theory]
    [InlineData("fopwatch.db")]
    [InlineData("fopwatch.lock")]
    public async Task A_folder_in_place_of_a_file_is_named(string name)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(path);

        var refused = await Assert.ThrowsAsync<StoreOpenException>(
            () => SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, cancellationToken: Cancelled));

        Assert.StartsWith($"'{path}' is a folder, but FopWatch needs a file of this name.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_linked_data_folder_is_used()
    {
        SkipOnWindows();
        var link = Path.Combine(_folder.FullName, "link");
        Directory.CreateSymbolicLink(link, Directory.CreateDirectory(Path.Combine(_folder.FullName, "real")).FullName);

        await using (var store = await SqliteStore.OpenAsync(link, TimeProvider.System, cancellationToken: Cancelled))
            await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);

        Assert.True(File.Exists(Path.Combine(_folder.FullName, "real", "fopwatch.db")));
    }

    [Fact]
    public async Task The_host_warns_of_a_folder_that_others_may_write_to()
    {
        SkipOnWindows();
        await using var host = await RunningHost.StartAsync();
        Assert.DoesNotContain("chmod", host.Log.ToString(), StringComparison.Ordinal);
        await host.StopAsync();
        SetMode(host.Folder, OwnersFolder | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute);

        await host.RestartAsync();

        var warning = Assert.Single(host.Log.ToString().Split('\n'), line => line.Contains("chmod", StringComparison.Ordinal));
        Assert.Contains(host.Folder, warning, StringComparison.Ordinal);
        Assert.Equal(OwnersFolder | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute, Mode(host.Folder));
    }

    [Fact]
    public async Task An_unusable_folder_is_named_without_framework_wording()
    {
        var file = Path.Combine(_folder.FullName, "file");
        await File.WriteAllTextAsync(file, "", Cancelled);

        var itself = await Assert.ThrowsAsync<StoreOpenException>(() => SqliteStore.OpenAsync(file, TimeProvider.System, cancellationToken: Cancelled));
        var below = await Assert.ThrowsAsync<StoreOpenException>(
            () => SqliteStore.OpenAsync(Path.Combine(file, "data"), TimeProvider.System, cancellationToken: Cancelled));

        Assert.Equal($"The data folder '{file}' is not writable: it is a file.", itself.Message);
        Assert.StartsWith($"The data folder '{Path.Combine(file, "data")}' is not writable: ", below.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Could not", below.Message, StringComparison.Ordinal);
    }

    private static void AssertPrivate(string folder, string[] files)
    {
        Assert.Equal(files, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(folder), file => Assert.Equal(OwnersFile, Mode(file)));
    }

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    private static void SkipOnWindows() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");

    private sealed class Released(Action act) : IDisposable
    {
        public void Dispose() => act();
    }
}
