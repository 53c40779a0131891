using System.Globalization;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

/// <summary>Followers of a host whose data folder was replaced or restored from a backup without their knowledge.</summary>
public class RestoredLogTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_position_from_after_the_backup_is_detected_however_many_events_follow_the_restore(bool whileRunning)
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, 1, 2, 3);
        var before = await PositionsAsync(host, 3);
        var backup = Path.Combine(host.Folder, "backup.db");
        if (whileRunning)
        {
            Copy(host, backup);
        }
        else
        {
            await host.StopAsync();
            Copy(host, backup);
            await host.RestartAsync();
        }

        await SettleAsync(host, 4, 5, 6);
        var lost = await PositionsAsync(host, 6);
        Assert.Equal(before, lost[..3]);
        await host.StopAsync();
        File.Move(backup, Path.Combine(host.Folder, "fopwatch.db"), overwrite: true);
        await host.RestartAsync();

        // The log recognises positions of the shared history, whether nothing or more than the loss was published since. It knows nothing of a process
        // that started after the backup, so it treats that process's positions as those of another log.
        var shared = whileRunning ? before[2] : "0";
        for (var more = 0; more < 2; more++)
        {
            Assert.Equal($"id: {before[2]}", (await BeginningAsync(host, before[2], 1))[0]);
            foreach (var position in lost[3..])
            {
                var place = position.Split('-')[0];
                Assert.Equal(
                    ["event: fopwatch.events.restarted", $$"""data: {"after":{{place}},"last":{{(more == 0 ? 3 : 10)}},"resume":"{{shared}}"}""", "", $"id: {shared}"],
                    await BeginningAsync(host, position, 4));
            }

            if (more == 0)
                await SettleAsync(host, 7, 8, 9, 10, 11, 12, 13);
        }

        await using var events = await EventReader.OpenAsync(host, lost[5]);
        Assert.Equal(whileRunning ? "z0.7" : "z0.1", (await events.NextAsync(one => one.Data is not null)).Data.Subject);

        // The start of both logs, and a position in the form of earlier versions whose number the log has reached.
        Assert.Equal("id: 0", (await BeginningAsync(host, "0", 1))[0]);
        Assert.StartsWith("id: 6-", (await BeginningAsync(host, "6", 1))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_position_of_a_replaced_folder_starts_from_the_beginning_although_the_new_log_is_as_long()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, 1, 2);
        var before = await PositionsAsync(host, 2);
        await host.StopAsync();
        File.Delete(Path.Combine(host.Folder, "fopwatch.db"));
        await host.RestartAsync();
        await SettleAsync(host, 3, 4, 5);

        Assert.Equal(
            ["event: fopwatch.events.restarted", """data: {"after":2,"last":3,"resume":"0"}""", "", "id: 0"],
            await BeginningAsync(host, before[1], 4));
    }

    [Fact]
    public async Task Positions_survive_restarts_and_a_restart_that_publishes_nothing_leaves_no_trace()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, 1);
        var positions = await PositionsAsync(host, 1);
        for (var i = 2; i <= 4; i++)
        {
            for (var restart = 0; restart < 2; restart++)
            {
                await host.StopAsync();
                await host.RestartAsync();
                Assert.Equal(positions, await PositionsAsync(host, positions.Count));
                Assert.Equal($"id: {positions[^1]}", (await BeginningAsync(host, null, 1))[0]);
            }

            await SettleAsync(host, i);
            positions.Add((await PositionsAsync(host, i))[^1]);
        }

        Assert.Equal(["1", "2", "3", "4"], positions.Select(position => position.Split('-')[0]));
        Assert.Equal(4, positions.Select(position => position.Split('-')[1]).Distinct().Count());
        Assert.Equal(4L, await CountAsync(host, "epochs"));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1-XYZ")]
    [InlineData("1-9f3a2c1e-1")]
    [InlineData("99999999999999999999")]
    public async Task An_invalid_position_is_refused(string position)
    {
        await using var host = await RunningHost.StartAsync();

        using var answer = await host.Http.GetAsync($"/events?lastEventId={position}", HttpCompletionOption.ResponseHeadersRead, Cancelled);

        Assert.Equal("urn:fopwatch:problem:invalid-request", (await RunningHost.ProblemAsync(answer)).Type);
    }

    private static void Copy(RunningHost host, string backup)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "fopwatch.db")};Pooling=false");
        connection.Open();
        using var copy = connection.CreateCommand();
        copy.CommandText = "VACUUM INTO $to";
        copy.Parameters.AddWithValue("$to", backup);
        copy.ExecuteNonQuery();
    }

    private static async Task SettleAsync(RunningHost host, params int[] numbers)
    {
        foreach (var number in numbers)
            (await host.NotifyAsync("media", $$"""{"id":"z0.{{number}}","code":3,"items":[{"cmd":"a","code":3,"key":"k"}]}""")).EnsureSuccessStatusCode();

        // They are published in order.
        await using var all = await EventReader.OpenAsync(host, "0");
        await all.NextAsync(one => one.Data.Subject == string.Create(CultureInfo.InvariantCulture, $"z0.{numbers[^1]}"));

        // A host that stops before removing what it published publishes it again.
        while (await CountAsync(host, "outbox") > 0)
            await Task.Delay(10, Cancelled);
    }

    private static async Task<long> CountAsync(RunningHost host, string table)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "fopwatch.db")};Pooling=false");
        await connection.OpenAsync(Cancelled);
        await using var count = connection.CreateCommand();
        count.CommandText = $"SELECT count(*) FROM {table}";
        return (long)(await count.ExecuteScalarAsync(Cancelled))!;
    }

    private static async Task<List<string>> PositionsAsync(RunningHost host, int count)
    {
        var positions = new List<string>();
        await using var events = await EventReader.OpenAsync(host, "0");
        while (positions.Count < count)
            positions.Add((await events.NextAsync()).EventId!);
        return positions;
    }

    private static async Task<List<string>> BeginningAsync(RunningHost host, string? position, int lines)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        timeout.CancelAfter(TimeSpan.FromSeconds(20));
        using var response = await host.Http.GetAsync(
            position is null ? "/events" : $"/events?lastEventId={position}", HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        var read = new List<string>();
        while (read.Count < lines)
            read.Add(await reader.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException("The event stream ended."));
        return read;
    }
}
