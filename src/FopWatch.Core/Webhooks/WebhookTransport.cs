using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FopWatch.Webhooks;

/// <summary>A receiver's name resolves only to addresses that are not public.</summary>
internal sealed class PrivateAddressException(IPAddress address)
    : IOException($"{address} is not a public address, and AllowPrivate is not set")
{
}

/// <summary>Connects to receivers.</summary>
internal static class WebhookTransport
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Creates the HTTP handler of one webhook.</summary>
    /// <param name="allowPrivate">
    /// Whether it may connect to any address, and through a proxy of the environment. If not, no proxy is used, because a proxy would connect to unchecked addresses.
    /// </param>
    public static SocketsHttpHandler CreateHandler(bool allowPrivate)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            Credentials = null,
            DefaultProxyCredentials = null,
            PreAuthenticate = false,
            UseProxy = allowPrivate,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            MaxConnectionsPerServer = 1,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
        };
        if (!allowPrivate)
            handler.ConnectCallback = (context, cancelled) => ConnectAsync(context.DnsEndPoint, allowPrivate, cancelled);
        return handler;
    }

    /// <summary>
    /// Connects to the first allowed address that answers. It connects to the address that was checked, so a later change of DNS cannot redirect it.
    /// </summary>
    /// <param name="server">The name and the port.</param>
    /// <param name="allowPrivate">Whether addresses that are not public are allowed.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="PrivateAddressException">No address of the name is allowed.</exception>
    /// <exception cref="SocketException">The name does not resolve, or no address answers.</exception>
    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint server, bool allowPrivate, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(server.Host.Trim('[', ']'), out var literal) ? [literal] : await Dns.GetHostAddressesAsync(server.Host, cancellationToken);
        if (addresses.Length == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        var open = addresses.Where(address => allowPrivate || PublicAddress.Is(address)).ToList();
        if (open.Count == 0)
            throw new PrivateAddressException(addresses[0]);

        SocketException? failure = null;
        foreach (var address in open)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, server.Port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                failure = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw failure!;
    }
}
