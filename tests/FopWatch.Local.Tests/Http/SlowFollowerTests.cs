using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Local.Demo;
using FopWatch.Local.Hosting;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.Http;

/// <summary>Followers that read more slowly than events are published, over sockets that buffer a few MB.</summary>
public partial class SlowFollowerTests
{
    private const int Events = 32;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_follower_that_reads_nothing_is_cut_off_and_resumes_from_its_position_while_others_get_everything()
    {
        var clock = new ManualTimeProvider(Sample.Start);
        await using var host = await RunningHost.StartAsync(transportTime: clock);
        using var stalled = await FollowAsync(host, 0);
        using var other = await FollowAsync(host, 0);
        for (var i = 1; i <= Events; i++)
            await LogOf(host).PublishAsync([Recent("a", i).Sized(1)], Cancelled);

        Assert.Contains($"id: {Events}\n", await ReadAsync(other, read => read.Contains($"id: {Events}-", StringComparison.Ordinal)), StringComparison.Ordinal);

        // However long the host takes to fill the socket buffers.
        while (!stalled.Client.Poll(0, SelectMode.SelectError))
        {
            clock.Advance(EventStream.Patience);
            await Task.Delay(50, Cancelled);
        }

        // Data on its way arrives, and no more.
        var last = int.Parse(Ids().Matches(await ReadAsync(stalled, _ => false))[^1].Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(last, 1, Events - 1);
        using var again = await FollowAsync(host, last - 1);
        Assert.Contains($"id: {last - 1}\n\n", await ReadAsync(again, read => read.Contains($"id: {last}-", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task With_a_faster_host_clock_a_follower_that_pauses_for_seconds_gets_everything_and_no_heartbeats()
    {
        // Four seconds are 16 minutes of the host's clock.
        await using var host = await RunningHost.StartAsync(time: new CompressedTime(240));
        using var pausing = await FollowAsync(host, 0);
        for (var i = 1; i <= Events; i++)
            await LogOf(host).PublishAsync([Recent("a", i).Sized(1)], Cancelled);
        await Task.Delay(TimeSpan.FromSeconds(4), Cancelled);

        var read = await ReadAsync(pausing, read => read.Contains($"id: {Events}-", StringComparison.Ordinal));
        using var idle = await FollowAsync(host, Events);
        await Task.Delay(TimeSpan.FromSeconds(2), Cancelled);
        await LogOf(host).PublishAsync([Recent("b", 1)], Cancelled);
        var afterIdling = await ReadAsync(idle, read => read.Contains($"id: {Events + 1}-", StringComparison.Ordinal));

        Assert.Contains($"\nid: {Events}\n", read, StringComparison.Ordinal);
        Assert.DoesNotContain("\n:\n", afterIdling, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_follower_that_a_purge_overtakes_is_told_in_mid_stream()
    {
        await using var host = await RunningHost.StartAsync();
        using var slow = await FollowAsync(host, 0);
        for (var i = 1; i <= Events; i++)
            await LogOf(host).PublishAsync([Recent("a", i).Sized(1)], Cancelled);
        Assert.Equal(Events, await LogOf(host).PurgeAsync(DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, Cancelled));
        await LogOf(host).PublishAsync([Recent("b", 1)], Cancelled);

        var read = await ReadAsync(slow, read => read.Contains($"id: {Events + 1}", StringComparison.Ordinal));

        var ids = Ids().Matches(read).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal((ids.Count - 3).ToString(System.Globalization.CultureInfo.InvariantCulture), ids[^3]);
        Assert.Matches(
            $$"""}\n\nid: {{Events}}\nevent: fopwatch.events.purged\ndata: {"before":{{Events + 1}},"resume":"{{Events}}"}\n\nid: {{Events + 1}}""", read);
    }

    /// <summary>An event that the host's purge at its start does not delete.</summary>
    private static OutboxEvent Recent(string id, long version) => Sample.Event(id, version, after: DateTimeOffset.UtcNow - Sample.Start);

    private static EventLog LogOf(RunningHost host) => host.Host.Services.GetRequiredService<EventLog>();

    private static async Task<TcpClient> FollowAsync(RunningHost host, long after)
    {
        var client = new TcpClient { ReceiveBufferSize = 64 * 1024 };
        await client.ConnectAsync(host.Host.Url.Host, host.Host.Url.Port, Cancelled);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"GET /events?lastEventId={after} HTTP/1.1\r\nHost: localhost\r\n\r\n"), Cancelled);
        return client;
    }

    /// <summary>Reads, without the filler text of events, until the condition holds or the connection ends.</summary>
    private static async Task<string> ReadAsync(TcpClient client, Func<string, bool> isEnough)
    {
        var (read, buffer) = (new StringBuilder(), new byte[1024 * 1024]);
        try
        {
            while (await client.GetStream().ReadAsync(buffer, Cancelled) is > 0 and var count)
            {
                read.Append(Filling().Replace(Encoding.UTF8.GetString(buffer.AsSpan(0, count)), ""));
                if (isEnough(read.ToString()))
                    break;
            }
        }
        catch (IOException)
        {
            // The follower was cut off.
        }

        // Chunks start and end anywhere. The epoch does not matter here.
        return Epochs().Replace(Chunks().Replace(read.ToString(), ""), "$1");
    }

    [GeneratedRegex("((?:\nid: |\"resume\":\")[0-9]+)-[0-9a-f]+")]
    private static partial Regex Epochs();

    [GeneratedRegex("x{4,}")]
    private static partial Regex Filling();

    [GeneratedRegex("(\r\n)?[0-9a-f]+\r\n")]
    private static partial Regex Chunks();

    [GeneratedRegex("\nid: ([0-9]+)\n")]
    private static partial Regex Ids();
}
