using System.Globalization;
using System.Net.Sockets;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>A stranger who wants to fill the disk with the log: no use of a connection may log a line each time.</summary>
public sealed class LogFloodTests
{
    private const int Times = 50;

    public static TheoryData<string, string> Requests => new()
    {
        { "a malformed head", "GET / HTTP/9.9\r\n\r\n" },
        { "TLS to a port without it", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" },
        { "HTTP/2 to a port without it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
        { "a head that ends early", "GET /api/jobs HTTP/1.1\r\nHost: a\r\nX-" },
        { "a body that ends early", $"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{{\"id\":" },
        { "a body that ends early, with a wrong token", "POST /api/notify/media/wrong-token-0000 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"id\":" },
        { "a registration that ends early", "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"id\":" },
        { "a malformed chunk", $"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" },
        { "a chunk that ends early", $"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc" },
        { "a wrong token", "POST /api/notify/media/wrong-token-0000 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" },
        { "no such route", "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" },
        { "too large a body", $"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n{{" },
        { "an answer that is not read", "GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Any_input_and_any_disconnection_by_a_stranger_log_at_most_one_line(string what, string request)
    {
        var settings = AttackedHost.TwoSources();
        settings.Remove("PublicUrl");
        await using var host = await AttackedHost.StartAsync(settings);
        await host.NotifyAsync("/api/notify/media/wrong-token-0000", "{}"u8.ToArray());
        var before = Lines(host);

        foreach (var isReset in (bool[])[false, true])
        {
            for (var i = 0; i < Times; i++)
                await SendAsync(host.Host.Url, request, isReset);
        }

        // The last input has been processed by now.
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        var lines = Lines(host)[before.Length..];
        Figures.Write(string.Create(CultureInfo.InvariantCulture, $"log flood: {what}, {2 * Times} times: {lines.Length} line(s)"));
        Assert.True(lines.Length <= 1, string.Join('\n', lines));
    }

    [Fact]
    public async Task Withheld_bodies_that_are_cut_off_log_at_most_one_line()
    {
        await using var host = await AttackedHost.StartAsync();
        var before = Lines(host);
        var connections = Enumerable.Range(0, 20).Select(_ => host.Connect()).ToList();
        foreach (var connection in connections)
            await connection.SendAsync($"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n{new string('x', 100_000)}");

        foreach (var connection in connections)
            Assert.Equal(503, (await connection.ReadAsync()).Status);
        connections.ForEach(connection => connection.Dispose());

        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        // Several may have been cut off before the line is written.
        Assert.Matches("^Warning Requests are turned away, (1?[1-9]|10|20) since the start", Assert.Single(Lines(host)[before.Length..]));
    }

    /// <summary>The log at the default level, without a new host's line about its first purge.</summary>
    private static string[] Lines(AttackedHost host) =>
    [
        .. host.Log.ToString().Split('\n')
            .Where(line => Enum.TryParse<LogLevel>(line.Split(' ')[0], out var level) && level >= LogLevel.Information)
            .Where(line => !line.Contains("since the last purge", StringComparison.Ordinal)),
    ];

    private static async Task SendAsync(Uri host, string request, bool isReset)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(host.Host, host.Port, TestContext.Current.CancellationToken);
        await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);

        // The request should have reached its handler by then.
        await Task.Delay(5, TestContext.Current.CancellationToken);
        if (isReset)
            socket.LingerState = new(true, 0);
    }
}
