using System.Net;
using System.Net.Sockets;

namespace FopWatch.Testing;

public static class Loopback
{
    /// <summary>A port that nothing listens on.</summary>
    /// <remarks>
    /// It is below the ports that systems give out themselves, which begin at 32768 or later: one of those could be given to another process before the caller listens.
    /// </remarks>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_240, 32_768);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                // Another program listens there, or Windows has reserved it.
            }
        }
    }
}
