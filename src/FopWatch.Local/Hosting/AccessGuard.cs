using System.Security.Cryptography;
using System.Text;
using FopWatch.Api;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Lets in who may come in. The notify routes have their tokens and health has nothing to tell; all else needs the API key or,
/// where none is set, a request to a loopback name: a tunnel that is opened for notifications, or a web page that a browser on
/// this machine shows, must not reach the jobs. Browsers name the page's origin with whatever they send for it that may change something.
/// </summary>
internal sealed class AccessGuard(HostSettings settings)
{
    private readonly byte[]? _key = settings.ApiKey is { } key ? Hash(key) : null;

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        // Routing compares without regard to case.
        var path = context.Request.Path;
        if (path.StartsWithSegments("/api/notify", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase))
            return next(context);

        return Refusal(context.Request) is { } refusal ? refusal.ExecuteAsync(context) : next(context);
    }

    /// <summary>How a request for what is not open is refused; null if it may have it.</summary>
    public IResult? Refusal(HttpRequest request)
    {
        if (_key is not null)
            return IsRight(request) ? null : Problem.Unauthorized();
        return HostSettings.IsLoopback(request.Host.Host) && !IsFromElsewhere(request) ? null : Problem.NotLocal();
    }

    /// <summary>Whether a browser sends it for a page that is not from this machine; "null" is a page that has no origin, such as a file.</summary>
    private static bool IsFromElsewhere(HttpRequest request) =>
        request.Headers.Origin.Any(origin => !Uri.TryCreate(origin, UriKind.Absolute, out var page) || !HostSettings.IsLoopback(page.Host));

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
