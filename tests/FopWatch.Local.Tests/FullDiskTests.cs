using System.Net;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests;

/// <summary>The host as its own process on a disk that really fills up.</summary>
[Collection(nameof(KillTests))]
public class FullDiskTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    // On 4 MiB the write-ahead log runs out of room; on 40 MiB it has been checkpointed before, and either file may.
    [Theory(Timeout = 240_000)]
    [InlineData(4)]
    [InlineData(40)]
    public async Task On_a_full_disk_the_host_refuses_recovers_when_there_is_room_and_loses_nothing_even_if_killed(int mebibytes)
    {
        // The room that is freed each time is enough for everything that was refused.
        const int Room = 32;
        using var disk = await SmallDisk.MountAsync(mebibytes + (2 * Room));
        await disk.TakeAsync(2 * Room);
        using var host = new HostProcess(disk.Folder, Load.Settings, disk.Through);
        using var load = new Load(host.Url);
        host.Start();
        await load.ReadinessAsync(HttpStatusCode.OK);

        await FillAsync(load);
        var (lost, wrong) = await load.CheckAsync();
        Assert.Equal(HttpStatusCode.OK, (await load.Http.GetAsync("/health/live", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await load.Http.GetAsync("/api/jobs?top=100", Cancelled)).StatusCode);

        // There is room again, and the same process recovers by itself.
        await disk.GiveBackAsync(butMebibytes: Room);
        await load.ReadinessAsync(HttpStatusCode.OK);
        await load.SendRefusedAsync();
        Assert.Equal(0, load.Outstanding);
        var events = await load.CheckEventsAsync();

        // Full again, killed, and started without a byte of room.
        await disk.TakeAllAsync();
        await FillAsync(load);
        host.Kill();
        host.Start();

        // It starts although there is no room for a single change.
        await load.ReadinessAsync(HttpStatusCode.ServiceUnavailable);
        Assert.True(host.Runs);
        Assert.Equal(HttpStatusCode.OK, (await load.Http.GetAsync("/health/live", Cancelled)).StatusCode);
        Add(await load.CheckAsync());

        await disk.GiveBackAsync();
        await load.ReadinessAsync(HttpStatusCode.OK);
        await load.SendRefusedAsync();
        Assert.Equal(0, load.Outstanding);
        host.Kill();
        host.Start();
        await load.ReadinessAsync(HttpStatusCode.OK);
        Add(await load.CheckAsync());
        var again = await load.CheckEventsAsync();
        host.Kill();
        var integrity = Integrity(await disk.CopyAsync());

        Figures.Report(
            $"Embedded host on a disk of {mebibytes} MiB that gets full twice",
            load.Acknowledged,
            "2 full disks, 3 SIGKILLs, 1 start on a full disk",
            lost,
            wrong + events.Wrong + again.Wrong,
            $"{events.Repeated + again.Repeated} events",
            $"{load.Refusals} with 503, all accepted later");
        Assert.Equal("ok", integrity);
        Assert.Equal((0, 0), (lost, wrong));
        Assert.Equal((0, 0), events);
        Assert.Equal((0, 0), again);

        void Add((int Lost, int Wrong) found) => (lost, wrong) = (lost + found.Lost, wrong + found.Wrong);
    }

    /// <summary>
    /// Sends until the disk is full, as reported by the host's readiness: not while the last and smallest changes still fit.
    /// </summary>
    private static async Task FillAsync(Load load)
    {
        while (true)
        {
            var before = load.Refusals;
            await load.SendUntilAsync(() => load.Refusals >= before + 20);
            using var answer = await load.Http.GetAsync("/health/ready", Cancelled);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                return;
        }
    }

    private static string? Integrity(string folder)
    {
        using var session = SqliteSession.Open(Path.Combine(folder, SqliteDatabase.FileName), SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        return session.Scalar("PRAGMA integrity_check") as string;
    }
}
