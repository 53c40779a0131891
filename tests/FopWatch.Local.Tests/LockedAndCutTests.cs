using System.Net;
using System.Net.Sockets;
using System.Text;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests;

/// <summary>The host as its own process under load, while another program locks its database and clients disconnect in mid-body.</summary>
[Collection(nameof(KillTests))]
public class LockedAndCutTests
{
    private const int Locks = 5;
    private const int Cuts = 300;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task With_a_locked_database_and_truncated_bodies_the_host_refuses_loses_nothing_and_ignores_truncated_bodies()
    {
        using var folder = new TempFolder();
        using var host = new HostProcess(folder.FullName, Load.Settings);
        using var load = new Load(host.Url);
        host.Start();
        await load.ReadinessAsync(HttpStatusCode.OK);

        var over = false;
        var sending = load.SendUntilAsync(() => Volatile.Read(ref over));
        var cutting = CutAsync(host.Url);
        using (var other = SqliteSession.Open(folder.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(5)))
        {
            for (var i = 0; i < Locks; i++)
            {
                // Held until the host has stopped waiting and answered.
                var refusals = load.Refusals;
                other.Execute("BEGIN IMMEDIATE");
                while (load.Refusals == refusals)
                    await Task.Delay(20, Cancelled);
                await load.ReadinessAsync(HttpStatusCode.ServiceUnavailable);
                other.Execute("ROLLBACK");

                var acknowledged = load.Acknowledged;
                while (load.Acknowledged < acknowledged + 100)
                    await Task.Delay(20, Cancelled);
            }
        }

        await cutting;
        Volatile.Write(ref over, true);
        await sending;
        var (lost, wrong) = await load.CheckAsync();
        await load.SendRefusedAsync();
        Assert.Equal(0, load.Outstanding);
        var events = await load.CheckEventsAsync();
        var counted = 0;
        for (var i = 0; i < Cuts; i++)
        {
            using var answer = await load.Http.GetAsync($"/api/jobs/media/z0.cut{i}", Cancelled);
            counted += answer.StatusCode == HttpStatusCode.NotFound ? 0 : 1;
        }

        Figures.Report(
            "Embedded host under load, its database locked, sockets cut in mid-body",
            load.Acknowledged,
            $"{Locks} locks, {Cuts} cut bodies",
            lost,
            wrong + events.Wrong + counted,
            $"{events.Repeated} events",
            $"{load.Refusals} with 503, all accepted later");
        Assert.Equal((0, 0, 0), (lost, wrong, counted));
        Assert.Equal((0, 0), events);
        Assert.True(host.Runs);
    }

    /// <summary>Sends notifications that would settle a job if they were complete, and closes or resets the connection before their end.</summary>
    private static async Task CutAsync(Uri host)
    {
        for (var i = 0; i < Cuts; i++)
        {
            var body = $$"""{"id":"z0.cut{{i}}","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";
            using var client = new TcpClient { LingerState = new(enable: i % 2 == 0, seconds: 0) };
            await client.ConnectAsync(host.Host, host.Port, Cancelled);
            var sent = $"POST /api/notify/media/{Load.Token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n{body[..(i % body.Length)]}";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent), Cancelled);
        }
    }
}
