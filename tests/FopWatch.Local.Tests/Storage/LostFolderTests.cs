using System.Net;
using FopWatch.Jobs;
using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Loss of the data folder of a running host, and the host's reaction.</summary>
public sealed class LostFolderTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("delete")]
    [InlineData("move")]
    [InlineData("delete the lock")]
    [InlineData("replace the lock")]
    [InlineData("replace the database")]
    public async Task A_host_whose_folder_is_lost_accepts_nothing_and_says_why(string way)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux names the path of an open file.");
        await using var host = await RunningHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready", Cancelled)).StatusCode);
        Lose(host.Folder, way);

        var notified = await host.NotifyAsync("media", Done);
        var registered = await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""");
        var ready = await host.Http.GetAsync("/health/ready", Cancelled);
        using var stranger = new HttpRequestMessage(HttpMethod.Get, "/health/ready") { Headers = { Host = "hooks.example.com" } };
        var seenByStranger = await RunningHost.ProblemAsync(await host.Http.SendAsync(stranger, Cancelled));

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable),
            (notified.StatusCode, registered.StatusCode, ready.StatusCode));
        Assert.Contains("was deleted, moved or replaced while the host was running", (await RunningHost.ProblemAsync(ready)).Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Folder, seenByStranger.Detail, StringComparison.Ordinal);
        Assert.Contains("was deleted, moved or replaced", host.Log.ToString(), StringComparison.Ordinal);
        Directory.CreateDirectory(host.Folder);
    }

    [Fact]
    public async Task A_folder_that_is_put_back_is_used_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux names the path of an open file.");
        await using var host = await RunningHost.StartAsync();
        Directory.Move(host.Folder, host.Folder + "-elsewhere");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.NotifyAsync("media", Done)).StatusCode);

        Directory.Move(host.Folder + "-elsewhere", host.Folder);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Without_its_lock_file_a_database_still_belongs_to_one_host()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "On other systems the lock file is the only lock.");
        using var folder = new TempFolder();
        using var first = new HostProcess(folder.FullName, RunningHost.TokenSources());
        using var second = new HostProcess(folder.FullName, RunningHost.TokenSources());
        first.Start();
        using var http = new HttpClient { BaseAddress = first.Url };
        await first.UntilReadyAsync();
        File.Delete(Path.Combine(folder.FullName, DataFolder.LockName));

        Assert.Equal(3, await second.RunToEndAsync());

        Assert.True(first.Runs);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/health/ready", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_database_with_a_damaged_page_is_not_ready_from_the_start()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", "no JSON")).StatusCode);
        await host.StopAsync();
        DamagePagesOf(Path.Combine(host.Folder, SqliteDatabase.FileName), "quarantine");

        await host.RestartAsync();

        var ready = await host.Http.GetAsync("/health/ready", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.StartsWith("The database is damaged: ", (await RunningHost.ProblemAsync(ready)).Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/live", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task A_page_damaged_at_run_time_is_found_by_the_sweeps_or_the_first_statement_that_reads_it()
    {
        await using var temp = await TempStore.OpenAsync();
        var store = temp.Store;
        for (var i = 0; i < 50; i++)
            await store.Quarantine.AddAsync(Sample.Notification($"k{i:00}"), Cancelled);
        using (var session = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(5)))
            session.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        await store.Database.CheckWritesAsync(Cancelled);
        DamagePagesOf(temp.DatabasePath, "quarantine");

        for (var i = 0; i < 30 && store.Database.Damage is null; i++)
            await store.Database.InspectAsync(Cancelled);

        Assert.StartsWith("The database is damaged: ", store.Database.Damage, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.Database.CheckWritesAsync(Cancelled));
    }

    private static void Lose(string folder, string way)
    {
        var (lockFile, database) = (Path.Combine(folder, DataFolder.LockName), Path.Combine(folder, SqliteDatabase.FileName));
        switch (way)
        {
            case "delete":
                Directory.Delete(folder, recursive: true);
                break;
            case "move":
                Directory.Move(folder, folder + "-elsewhere");
                Directory.Delete(folder + "-elsewhere", recursive: true);
                break;
            case "delete the lock":
                File.Delete(lockFile);
                break;
            case "replace the lock":
                File.Delete(lockFile);
                File.WriteAllText(lockFile, "");
                break;
            default:
                File.WriteAllText(database + ".new", "");
                File.Move(database + ".new", database, overwrite: true);
                break;
        }
    }

    private static void DamagePagesOf(string database, string table)
    {
        int size;
        long page;
        using (var session = SqliteSession.Open(database, SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(5)))
        {
            size = (int)(long)session.Scalar("PRAGMA page_size")!;
            page = (long)session.Scalar("SELECT rootpage FROM sqlite_schema WHERE name = $1", table)!;
        }

        using var file = new FileStream(database, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.Position = (page - 1) * size;
        file.Write([.. Enumerable.Repeat((byte)0x5A, size)]);
    }
}
