namespace FopWatch.Local.Hosting;

/// <summary>
/// Recognises requests that come through a reverse proxy or a tunnel. They come from a loopback address and may have a loopback name.
/// </summary>
internal static class ProxiedRequest
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        // Used by more than one proxy.
        "Forwarded", "Via", "CDN-Loop", "Surrogate-Capability", "Proxy-Connection", "X-Host", "X-Scheme", "X-Url-Scheme", "X-Request-Start",
        "Front-End-Https", "X-Proxied-By", "X-Nginx-Proxy",
        "X-Real-IP", "X-Real-Port", "True-Client-IP", "Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Proxy-Client-IP", "X-ProxyUser-IP",
        "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr",

        // Varnish, Traefik, Imperva, DigitalOcean, Google Cloud, Akamai, Tencent EdgeOne, Render, Symantec.
        "X-Varnish", "X-Replaced-Path", "Incap-Client-IP", "DO-Connecting-IP", "X-Cloud-Trace-Context", "Akamai-Origin-Hop", "EO-Connecting-IP",
        "Render-Proxy-TTL", "X-BlueCoat-Via",
    };

    private static readonly string[] Prefixes =
    [
        "X-Forwarded", "X-Original-", "X-Envoy-", "X-Azure-", "X-ARR-", "X-Amz-Cf-", "X-Amzn-", "X-Appengine-", "CloudFront-", "CF-", "Ngrok-",
        "Tailscale-", "Fly-", "Fastly-", "X-Sucuri-", "X-Vercel-", "X-Nf-", "X-Railway-", "X-Goog-IAP-", "Ali-CDN-", "WL-Proxy-",
    ];

    /// <summary>
    /// Whether a request has a header that only proxies add, or uses HTTP/1.0. By default nginx sends HTTP/1.0 to its upstreams, adds no
    /// header and replaces the host name.
    /// </summary>
    public static bool IsProxied(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol)
        || request.Headers.Keys.Any(IsOfProxies);

    /// <summary>Some proxies and configurations replace hyphens with underscores.</summary>
    private static bool IsOfProxies(string header)
    {
        var name = header.Replace('_', '-');
        return Names.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }
}
