using System.Net;
using System.Net.Sockets;

namespace FopWatch.Webhooks;

/// <summary>Distinguishes addresses of the public internet from addresses that only this machine, its network or its cloud can reach.</summary>
/// <remarks>The ranges are those of the IANA special-purpose address registries for IPv4 and IPv6.</remarks>
public static class PublicAddress
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. ((string[])
        [
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",

            // Azure's platform services, which every virtual machine can reach.
            "168.63.129.16/32",

            // Protocol assignments (including Teredo), documentation, and 6to4, which embeds an IPv4 address.
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        ]).Select(range => IPNetwork.Parse(range)),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether an address is public. An IPv6 address that maps to an IPv4 address is judged by the IPv4 address.</summary>
    public static bool Is(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        else if (Translated.Contains(address))
            address = new(address.GetAddressBytes().AsSpan(12));
        return (address.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Contains(address))
            && !Array.Exists(NotPublic, range => range.Contains(address));
    }
}
