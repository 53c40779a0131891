using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Finds out whether addresses can be bound before a start creates a database. An address that another
/// program takes in between is still found by Kestrel.
/// </summary>
internal static class ListeningProbe
{
    /// <summary>Binds each address and releases it. Port 0 is always free, and names other than <c>localhost</c> are left to Kestrel.</summary>
    /// <param name="urls">The addresses to listen on, separated by <c>;</c>.</param>
    /// <exception cref="ListenException">An address cannot be bound.</exception>
    public static void Check(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var address = BindingAddress.Parse(url);
            if (address.Port == 0 || AddressOf(address.Host) is not { } ip)
                continue;

            try
            {
                using var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(ip, address.Port));
            }
            catch (SocketException e)
            {
                throw ListenException.Of(e, url)!;
            }
        }
    }

    /// <summary>Kestrel does without ::1 of <c>localhost</c> where a machine has none.</summary>
    private static IPAddress? AddressOf(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? IPAddress.Loopback
        : IPAddress.TryParse(host.Trim('[', ']'), out var ip) ? ip
        : null;
}
