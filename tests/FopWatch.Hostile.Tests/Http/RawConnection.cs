using System.Net.Sockets;
using System.Text;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>A connection for requests that no HTTP client would send.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;
    private readonly List<byte> _read = [];

    public RawConnection(Uri host)
    {
        _client.NoDelay = true;
        _client.Connect(host.Host, host.Port);
        _stream = _client.GetStream();
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends bytes. A connection closed by the other side is not an error, and shows when reading.</summary>
    /// <returns>Whether the bytes could be sent.</returns>
    public async Task<bool> SendAsync(byte[] bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes, TestContext.Current.CancellationToken);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Reads the status and body of one answer. A status of 0 means that the connection was closed.</summary>
    public async Task<(int Status, string Head, string Body)> ReadAsync(TimeSpan? within = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(within ?? TimeSpan.FromSeconds(60));
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. _read]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var head = text[..(end + 4)];
                var body = text[(end + 4)..];
                if (BodyIn(head, body) is var (whole, length))
                {
                    _read.RemoveRange(0, head.Length + length);
                    return (int.Parse(head.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), head, whole);
                }
            }

            if (!await ReadSomeAsync(limit.Token))
                return (0, "", "");
        }
    }

    /// <summary>Reads until the other side closes the connection.</summary>
    public async Task<string> ReadToEndAsync(TimeSpan within)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(within);
        while (await ReadSomeAsync(limit.Token))
        {
        }

        return Encoding.Latin1.GetString([.. _read]);
    }

    public void Dispose() => _client.Dispose();

    private async Task<bool> ReadSomeAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        int read;
        try
        {
            read = await _stream.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            return false;
        }

        _read.AddRange(buffer.AsSpan(0, read));
        return read > 0;
    }

    private static (string Body, int Length)? BodyIn(string head, string rest)
    {
        var length = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        if (length is not null)
        {
            var bytes = int.Parse(length["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture);
            return rest.Length >= bytes ? (rest[..bytes], bytes) : null;
        }

        if (!head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
            return ("", 0);
        var body = new StringBuilder();
        for (var at = 0; ;)
        {
            var line = rest.IndexOf("\r\n", at, StringComparison.Ordinal);
            if (line < 0)
                return null;
            var size = Convert.ToInt32(rest[at..line], 16);
            if (rest.Length < line + 2 + size + 2)
                return null;
            if (size == 0)
                return (body.ToString(), line + 4);
            body.Append(rest, line + 2, size);
            at = line + 2 + size + 2;
        }
    }
}
