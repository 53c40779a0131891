using System.Globalization;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>Clients of the event stream that read nothing.</summary>
[Collection(nameof(OverloadTests))]
public class StalledFollowersTests
{
    private const int Followers = 100;
    private const int Events = 200;

    /// <summary>The maximum memory per client in addition to the share of followers that are behind: buffers of 64 KiB, and garbage.</summary>
    private const long MostEach = 512 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task Clients_that_read_none_of_large_events_hold_little_memory_and_delay_no_other()
    {
        using var host = await HostProcess.StartAsync(
            new()
            {
                ["Sources:media:Provider"] = "Qiniu",
                ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
                ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
            },
            folder: await CreateAsync());

        // One client reads everything first, so that its cost is not attributed to the stalled ones.
        Assert.Equal(Events, await FollowAsync(host, 0));
        await Task.Delay(1000, Cancelled);
        var before = host.Memory;
        var stalled = Enumerable.Range(0, Followers).Select(_ => new RawConnection(host.Url)).ToList();
        var most = 0L;
        for (var i = 0; i < Followers; i++)
        {
            // Each at another position, so that they share nothing.
            await stalled[i].SendAsync($"GET /events?lastEventId={i % (Events / 2)} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            most = Math.Max(most, host.Memory);
        }

        for (var i = 0; i < 100; i++)
        {
            await Task.Delay(100, Cancelled);
            most = Math.Max(most, host.Memory);
        }

        // Memory that the collector reclaims while another client reads is garbage, which nobody holds.
        var held = host.Memory - before;
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Events, await FollowAsync(host, 0));
            await Task.Delay(1000, Cancelled);
            held = Math.Min(held, host.Memory - before);
        }

        Figures.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"stalled followers: {Followers} that read none of {Events} events of 1 MiB hold {held / 1048576} MiB, at most {(most - before) / 1048576} MiB; another one gets all"));
        Assert.True(held < EventTail.BehindBytes + (Followers * MostEach), $"The followers hold {held / 1048576} MiB, {(most - before) / 1048576} at most, {before / 1048576} before.");
        stalled.ForEach(connection => connection.Dispose());
    }

    /// <summary>Reads the log to its end.</summary>
    /// <returns>The number of events.</returns>
    private static async Task<int> FollowAsync(HostProcess host, int after)
    {
        using var http = new HttpClient { BaseAddress = host.Url };
        using var lines = new StreamReader(await http.GetStreamAsync($"/events?lastEventId={after}", Cancelled));
        var events = 0;
        while (after + events < Events && await lines.ReadLineAsync(Cancelled) is { } line)
            events += line.StartsWith("event: ", StringComparison.Ordinal) ? 1 : 0;
        return events;
    }

    private static async Task<string> CreateAsync()
    {
        var folder = Directory.CreateTempSubdirectory("fopwatch-hostile-").FullName;
        await (await SqliteStore.OpenAsync(folder, TimeProvider.System)).DisposeAsync();
        using var file = new SqliteConnection($"Data Source={Path.Combine(folder, SqliteDatabase.FileName)};Pooling=false");
        file.Open();
        using var command = file.CreateCommand();
        command.CommandText = string.Create(CultureInfo.InvariantCulture, $$"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Events}})
            INSERT INTO events (event_id, time, type, source, subject, body, redaction)
            SELECT lower(hex(randomblob(16))), {{DateTimeOffset.UtcNow.UtcTicks}}, 'fopwatch.job.settled', 'media', 'z0.' || n.i,
                CAST('{"specversion":"1.0","id":"' || n.i || '","type":"fopwatch.job.settled","source":"/fopwatch/media","subject":"z0.' || n.i
                    || '","data":{"text":"' || hex(randomblob(524288)) || '"} }' AS BLOB),
                {{CommandRedaction.Version}}
            FROM n
            """);
        command.ExecuteNonQuery();
        return folder;
    }
}
