using System.Net;

namespace FopWatch.Settings;

/// <summary>Tells from the host of a URL who can reach it.</summary>
internal static class Reachability
{
    /// <summary>Whether the host is a loopback address or name, or the unspecified address, which is meaningful only for listening.</summary>
    public static bool IsThisMachine(Uri url)
    {
        // A trailing dot makes a name absolute; it is still the same name.
        var host = url.DnsSafeHost.TrimEnd('.');
        if (url.IsLoopback || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
            return true;
        if (!IPAddress.TryParse(host, out var address))
            return false;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
    }

    /// <summary>Whether the host is a name that RFC 2606 reserves for documentation.</summary>
    public static bool IsExample(Uri url)
    {
        var labels = url.Host.TrimEnd('.').ToLowerInvariant().Split('.');
        return labels is [.., "example"] or [.., "example", "com" or "net" or "org"];
    }
}
