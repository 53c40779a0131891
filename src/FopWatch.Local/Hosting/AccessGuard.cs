using System.Net;
using FopWatch.Api;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Decides who may use the routes that are not open to all. <c>RequestPipeline.IsOpen</c> decides which are open: the notify routes, which have their tokens,
/// health and the dashboard's files, which reveal nothing. Every other route needs an API key. Where the host has none, it needs a request that this machine makes to a loopback name:
/// neither a proxy or tunnel that was opened for notifications, nor a web page that a browser on this machine shows, must reach the jobs.
/// </summary>
internal sealed class AccessGuard(HostSettings settings) : IAccessGuard
{
    private readonly ApiKeys _keys = settings.Keys;

    public IReadOnlyList<string> KeyParameters => [];

    public Caller? CallerOf(HttpRequest request)
    {
        if (_keys.IsEmpty)
            return IsLocal(request) ? Caller.Unrestricted : null;
        return _keys.Find(SentKey.Of(request)) is { } grant ? new(grant) : null;
    }

    public IResult Refusal(HttpRequest request) => _keys.IsEmpty ? Problem.NotLocal() : Problem.Unauthorized();

    private static bool IsLocal(HttpRequest request) =>
        request.HttpContext.Connection.RemoteIpAddress is { } peer
        && IPAddress.IsLoopback(peer)
        && HostSettings.IsLoopback(request.Host.Host)
        && !ProxiedRequest.IsProxied(request)
        && request.Headers.Origin.All(origin => string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase))
        && request.Headers["Sec-Fetch-Site"].All(IsForNoOtherPage);

    /// <summary>
    /// Whether a browser sends the request for itself or for a page of this origin. Browsers name a page's origin (<c>Origin</c>) with every request
    /// that may change something, and how far it is from this one (<c>Sec-Fetch-Site</c>) with all others too. A page of another port of this
    /// machine is <c>same-site</c>.
    /// </summary>
    private static bool IsForNoOtherPage(string? site) => site is "none" or "same-origin";
}
