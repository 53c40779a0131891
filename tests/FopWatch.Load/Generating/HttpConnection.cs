using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Load.Generating;

/// <summary>A connection that sends one request after another, and keeps only the status of an answer.</summary>
internal sealed class HttpConnection(Uri url) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private Socket? _socket;
    private int _from, _to;

    /// <summary>Sends a request and waits for the whole answer.</summary>
    /// <param name="request">A complete HTTP/1.1 request.</param>
    /// <returns>The status of the answer.</returns>
    /// <exception cref="IOException">The connection broke, or the bytes received are not an answer. The next request opens a new connection.</exception>
    public async ValueTask<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        try
        {
            _socket ??= await ConnectAsync();
            for (var sent = 0; sent < request.Length;)
                sent += await _socket.SendAsync(request[sent..]);
            return await ReadAnswerAsync();
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            Dispose();
            throw e as IOException ?? new IOException(e.Message, e);
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        (_socket, _from, _to) = (null, 0, 0);
    }

    private async ValueTask<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, url.Port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async ValueTask<int> ReadAnswerAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(_from, _to - _from).IndexOf("\r\n\r\n"u8)) < 0)
            await ReceiveAsync();
        var (status, length) = Head(_buffer.AsSpan(_from, end + 2));
        _from += end + 4;
        if (length is { } known)
        {
            await SkipAsync(known);
            return status;
        }

        // A chunk ends with a line break, like the trailer after the last chunk.
        for (long chunk = -1; chunk != 0;)
        {
            chunk = await ReadChunkLengthAsync();
            await SkipAsync(chunk + 2);
        }

        return status;
    }

    private async ValueTask<long> ReadChunkLengthAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(_from, _to - _from).IndexOf("\r\n"u8)) < 0)
            await ReceiveAsync();
        if (!Utf8Parser.TryParse(_buffer.AsSpan(_from, end), out long length, out _, 'x'))
            throw new IOException("A chunk has no length.");
        _from += end + 2;
        return length;
    }

    private async ValueTask SkipAsync(long bytes)
    {
        while (bytes > _to - _from)
        {
            bytes -= _to - _from;
            _from = _to;
            await ReceiveAsync();
        }

        _from += (int)bytes;
    }

    private async ValueTask ReceiveAsync()
    {
        if (_from == _to)
            _from = _to = 0;
        if (_to == _buffer.Length)
        {
            if (_from == 0)
                throw new IOException("The head of an answer is too long.");
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        var received = await _socket!.ReceiveAsync(_buffer.AsMemory(_to));
        _to += received > 0 ? received : throw new IOException("The connection was closed.");
    }

    private static (int Status, long? Length) Head(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 "u8) || !Utf8Parser.TryParse(head[9..], out int status, out _))
            throw new IOException("The bytes received are not an HTTP answer.");
        for (var line = head; (line = line[(line.IndexOf("\r\n"u8) + 2)..]).Length > 0;)
        {
            if (Ascii.EqualsIgnoreCase(line[..Math.Min(line.Length, 16)], "content-length: "u8) && Utf8Parser.TryParse(line[16..], out long length, out _))
                return (status, length);
            if (Ascii.EqualsIgnoreCase(line[..Math.Min(line.Length, 19)], "transfer-encoding: "u8))
                return (status, null);
        }

        return (status, 0);
    }
}
