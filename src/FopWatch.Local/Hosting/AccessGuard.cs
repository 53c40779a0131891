using System.Net;
using System.Security.Cryptography;
using System.Text;
using FopWatch.Api;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Decides who may use the routes that are not open to all. <c>RequestPipeline.IsOpen</c> decides which are open: the notify routes, which have their tokens,
/// and health, which reveals nothing. Every other route needs the API key. Without one, it needs a request that this machine makes to a loopback name:
/// neither a proxy or tunnel that was opened for notifications, nor a web page that a browser on this machine shows, must reach the jobs.
/// </summary>
internal sealed class AccessGuard(HostSettings settings) : IAccessGuard
{
    private readonly byte[]? _key = settings.ApiKey is { } key ? Hash(key) : null;

    public IReadOnlyList<string> KeyParameters => [];

    public IResult? Refusal(HttpRequest request)
    {
        if (_key is not null)
            return IsRight(request) ? null : Problem.Unauthorized();
        return IsLocal(request) ? null : Problem.NotLocal();
    }

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

    private bool IsRight(HttpRequest request)
    {
        // Schemes are compared without regard to case (RFC 9110, section 11.1).
        const string Bearer = "Bearer ";
        var given = request.Headers["X-Api-Key"].ToString();
        if (given.Length == 0 && request.Headers.Authorization.ToString() is { } header && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            given = header[Bearer.Length..];
        return CryptographicOperations.FixedTimeEquals(Hash(given), _key);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
