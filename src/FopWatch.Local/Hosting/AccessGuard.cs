using System.Net;
using FopWatch.Api;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Guards the routes that are not open. <c>RequestPipeline.IsOpen</c> lists the open ones: notify routes (protected by tokens), health and
/// the dashboard's files (which reveal nothing). Every other route needs an API key. A host without API keys accepts only requests from
/// this machine to a loopback name. A proxy or tunnel that was opened for notifications cannot reach the jobs, nor can a web page in a
/// local browser.
/// </summary>
internal sealed class AccessGuard(Replaceable<ApiKeys> keys) : IAccessGuard
{
    public IReadOnlyList<string> KeyParameters => [];

    public CancellationToken Replaced => keys.Replaced;

    public Caller? CallerOf(HttpRequest request)
    {
        var now = keys.Now;
        if (now.IsEmpty)
            return IsLocal(request) ? Caller.Unrestricted : null;
        return now.Find(SentKey.Of(request)) is { } grant ? new(grant) : null;
    }

    public IResult Refusal(HttpRequest request) => keys.Now.IsEmpty ? Problem.NotLocal() : Problem.Unauthorized();

    private static bool IsLocal(HttpRequest request) =>
        request.HttpContext.Connection.RemoteIpAddress is { } peer
        && IPAddress.IsLoopback(peer)
        && HostSettings.IsLoopback(request.Host.Host)
        && !ProxiedRequest.IsProxied(request)
        && request.Headers.Origin.All(origin => string.Equals(origin, $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase))
        && request.Headers["Sec-Fetch-Site"].All(IsForNoOtherPage);

    /// <summary>
    /// Whether a browser sends the request for itself or for a page of this origin. Browsers send <c>Origin</c> with requests that may
    /// change something, and <c>Sec-Fetch-Site</c> with all requests. A page from another port of this machine is <c>same-site</c>.
    /// </summary>
    private static bool IsForNoOtherPage(string? site) => site is "none" or "same-origin";
}
