using System.Globalization;

namespace FopWatch.Providers.Signatures;

/// <summary>
/// The forms of a notify URL that a provider may have signed. A provider signs the URL as the application gave it or as its HTTP client normalised it:
/// host in lower case, international name in Punycode, no default port. There are at most 8 authorities. They depend only on the URL, so checking all of
/// them takes the same time for every signature.
/// </summary>
internal static class SignedForms
{
    /// <summary>Host and port, as written in the URL and as clients normalise them. A port other than the default is part of each.</summary>
    public static IReadOnlyList<string> Authorities(Uri url)
    {
        var (host, port) = SplitPort(AuthorityOf(url));
        List<string> hosts = [host];
        if (url.HostNameType == UriHostNameType.Dns)
            hosts.AddRange([host.ToLowerInvariant(), .. InternationalNames(url)]);
        string[] ports = url.IsDefaultPort ? [port, ""] : [port];
        return [.. hosts.SelectMany(_ => ports, (one, at) => one + at).Distinct(StringComparer.Ordinal)];
    }

    /// <summary><see cref="Authorities"/> with and without their ports: the vendor's SDKs disagree about the port.</summary>
    public static IReadOnlyList<string> Hosts(Uri url)
    {
        var authorities = Authorities(url);
        return [.. authorities.Concat(authorities.Select(authority => SplitPort(authority).Host)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Scheme and <see cref="Authorities"/>.</summary>
    public static IReadOnlyList<string> Origins(Uri url)
    {
        var written = $"{url.OriginalString.Split("://", 2)[0]}://{AuthorityOf(url)}";
        return [.. Authorities(url).Select(authority => $"{url.Scheme}://{authority}").Append(written).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The host in Punycode and in Unicode; empty if it is not a valid name, because the <c>Host</c> of a request may be anything.</summary>
    private static string[] InternationalNames(Uri url)
    {
        try
        {
            return [url.IdnHost, new IdnMapping().GetUnicode(url.IdnHost)];
        }
        catch (Exception e) when (e is UriFormatException or ArgumentException)
        {
            return [];
        }
    }

    private static string AuthorityOf(Uri url) => url.OriginalString.Split("://", 2) is [_, var rest] ? rest.Split('/', '?', '#')[0] : url.Authority;

    private static (string Host, string Port) SplitPort(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') ? (authority[..colon], authority[colon..]) : (authority, "");
    }
}
