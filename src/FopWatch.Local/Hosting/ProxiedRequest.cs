namespace FopWatch.Local.Hosting;

/// <summary>Recognises requests that a reverse proxy or a tunnel has passed on. They come from a loopback address and may have a loopback name.</summary>
internal static class ProxiedRequest
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Forwarded", "Via", "X-Real-IP", "True-Client-IP", "Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "Fly-Client-IP",
        "Proxy-Client-IP", "WL-Proxy-Client-IP", "X-ProxyUser-IP", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "X-Host", "CDN-Loop",
    };

    private static readonly string[] Prefixes =
        ["X-Forwarded", "X-Original-", "X-Envoy-", "X-Azure-", "X-ARR-", "X-Amz-Cf-", "X-Amzn-", "X-Appengine-", "CloudFront-", "CF-", "Ngrok-", "Tailscale-"];

    /// <summary>
    /// Whether a request has a header that only proxies add, or speaks HTTP/1.0: nginx does to what it passes requests to, and by default it
    /// adds no header and replaces the name.
    /// </summary>
    public static bool IsProxied(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol)
        || request.Headers.Keys.Any(name => Names.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)));
}
