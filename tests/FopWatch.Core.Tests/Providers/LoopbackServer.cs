using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Answers the single request of each connection with arbitrary bytes, including status codes that HTTP does not have.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _answered = new(0);
    private readonly Func<string, Reply> _answer;
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    /// <param name="answer">Maps path and query to the answer.</param>
    public LoopbackServer(Func<string, Reply> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Path and query of each request, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Completes once for each request whose answer was sent.</summary>
    public Task UntilAnsweredAsync(CancellationToken cancellationToken) => _answered.WaitAsync(cancellationToken);

    public ConcurrentQueue<string> Heads { get; } = new();

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
        _answered.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped. InvalidOperationException means that between two connections.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = client.GetStream();
            var head = await ReadHeadAsync(stream);
            var target = head.Split(' ')[1];
            Heads.Enqueue(head);
            Asked.Enqueue(target);

            var reply = _answer(target);
            await stream.WriteAsync(reply.Bytes, _stop.Token);
            _answered.Release();
            if (reply.ThenHang)
                await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // Stopped, or the client has read enough.
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stop.Token) > 0)
            head.Append((char)one[0]);
        return head.ToString();
    }

    /// <summary>The bytes of an answer, after which the connection is closed or left open.</summary>
    internal sealed record Reply(byte[] Bytes, bool ThenHang = false)
    {
        /// <summary>A complete answer.</summary>
        public static Reply Of(int status, string body = "", params string[] headers) =>
            Raw($"HTTP/1.1 {status} Reason\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n{Lines(headers)}\r\n{body}");

        /// <summary>An answer shorter than its announced length, after which the connection is closed or left open.</summary>
        public static Reply Cut(string body, bool thenHang = false) =>
            Raw($"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(body) + 5}\r\n\r\n{body}") with { ThenHang = thenHang };

        /// <summary>Arbitrary bytes.</summary>
        public static Reply Raw(string text) => new(Encoding.UTF8.GetBytes(text));

        /// <summary>An answer in chunks.</summary>
        public static Reply Chunked(IEnumerable<string> chunks) => Raw(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            + string.Concat(chunks.Select(chunk => $"{Encoding.UTF8.GetByteCount(chunk).ToString("x", CultureInfo.InvariantCulture)}\r\n{chunk}\r\n"))
            + "0\r\n\r\n");

        private static string Lines(string[] headers) => string.Concat(headers.Select(header => header + "\r\n"));
    }
}
