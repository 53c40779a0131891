using System.Net;
using System.Net.Sockets;

namespace FopWatch.Testing;

/// <summary>
/// A connection that the other side resets before a request is sent on it. <see cref="SocketsHttpHandler"/> throws the <see cref="SocketException"/> of such a connection as it is,
/// because it reads the address of the other side first.
/// </summary>
public static class ResetConnection
{
    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>: every connection is reset.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, cancellationToken);
        using (var accepted = await listener.AcceptSocketAsync(cancellationToken))
            accepted.LingerState = new(true, 0);
        if (!socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead))
            throw new TimeoutException("The connection was not reset.");
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>: the first connections are reset, the others connect.</summary>
    public static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Before(int count)
    {
        var connections = 0;
        return async (context, cancellationToken) =>
        {
            if (Interlocked.Increment(ref connections) <= count)
                return await ConnectAsync(context, cancellationToken);
            var client = new TcpClient();
            await client.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
            return client.GetStream();
        };
    }
}
