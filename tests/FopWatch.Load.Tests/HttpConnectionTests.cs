using System.Net;
using System.Net.Sockets;
using System.Text;
using FopWatch.Load.Generating;

namespace FopWatch.Load.Tests;

/// <summary>How the load generator reads answers, however they arrive.</summary>
public sealed class HttpConnectionTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HttpConnectionTests() => _listener.Start();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private Uri Url => new($"http://{_listener.LocalEndpoint}");

    public static TheoryData<string, int> Answers => new()
    {
        { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200 },
        { "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nRetry-After: 1\r\n\r\n", 503 },
        { "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", 204 },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", 200 },
        { $"HTTP/1.1 202 Accepted\r\nContent-Length: 200000\r\n\r\n{new string('x', 200_000)}", 202 },
    };

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Answers))]
    public async Task Every_answer_is_read_to_its_end_whole_or_in_pieces(string answer, int status)
    {
        var serving = ServeAsync([answer, answer, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"], pieces: answer.Length < 1000 ? 1 : 5000);
        using var connection = new HttpConnection(Url);

        var request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n");
        Assert.Equal([status, status, 201], [await connection.SendAsync(request), await connection.SendAsync(request), await connection.SendAsync(request)]);
        await serving;
    }

    [Fact(Timeout = 60_000)]
    public async Task A_broken_connection_is_a_failure_and_the_next_request_opens_a_new_one()
    {
        using var connection = new HttpConnection(Url);
        var request = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n");

        var serving = ServeAsync(["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"], pieces: 1000);
        await Assert.ThrowsAsync<IOException>(async () => await connection.SendAsync(request));
        await serving;

        serving = ServeAsync(["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], pieces: 1000);
        Assert.Equal(200, await connection.SendAsync(request));
        await serving;
    }

    [Fact(Timeout = 60_000)]
    public async Task At_a_fixed_rate_the_wait_for_earlier_requests_counts_as_latency()
    {
        // One connection, a request every 20 ms; the first is answered after 500 ms.
        var serving = ServeAsync([.. Enumerable.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1000)], pieces: 1000, firstAfter: TimeSpan.FromMilliseconds(500));
        var result = await RequestLoop.RunAsync(Url, 1, () => new GetRequests(Url, "/"), TimeSpan.FromSeconds(1), perSecond: 50);
        await serving;

        Assert.Empty(result.Failed);
        Assert.Equal(result.Done, result.Latency.Count);

        // The 25 requests due meanwhile waited 250 ms on average.
        Assert.InRange(result.Done, 10, 50);
        Assert.True(result.Latency.Quantile(0.6) > TimeSpan.FromMilliseconds(20), $"{result.Latency.Quantile(0.6)}");
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Answers the requests of one connection, each in pieces of the given size, and closes it.</summary>
    private async Task ServeAsync(IReadOnlyList<string> answers, int pieces, TimeSpan firstAfter = default)
    {
        using var client = await _listener.AcceptTcpClientAsync(Cancelled);
        client.NoDelay = true;
        var stream = client.GetStream();
        var request = new byte[4096];
        foreach (var answer in answers)
        {
            if (await stream.ReadAsync(request, Cancelled) == 0)
                return;
            await Task.Delay(firstAfter, Cancelled);
            firstAfter = default;
            foreach (var piece in Encoding.ASCII.GetBytes(answer).Chunk(pieces))
            {
                await stream.WriteAsync(piece, Cancelled);
                if (pieces == 1)
                    await Task.Yield();
            }
        }
    }
}
