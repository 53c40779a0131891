using System.Net;
using System.Net.Sockets;

namespace FopWatch.Testing;

/// <summary>Ports of the loopback interface.</summary>
public static class Loopback
{
    /// <summary>A port that nothing listens on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
