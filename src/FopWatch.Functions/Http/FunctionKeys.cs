using FopWatch.Api;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Functions.Http;

/// <summary>
/// Identifies callers by function keys and API keys. A request outside <see cref="KeyedPath"/> has passed the Functions host's check of the function
/// key. An additional API key limits its rights; an invalid one is refused. Below <see cref="KeyedPath"/> only an API key gives access.
/// </summary>
internal sealed class FunctionKeys(FopWatchSettings settings) : IAccessGuard
{
    /// <summary>The path below which the Functions host requires no key. <see cref="HttpPipeline"/> moves it to the path base.</summary>
    public static readonly PathString KeyedPath = "/keyed";

    /// <summary>The function key, and the name of the key.</summary>
    public IReadOnlyList<string> KeyParameters { get; } = ["code", "clientId"];

    public Caller? CallerOf(HttpRequest request)
    {
        // After the Functions host's check, Authorization may have been meant for a proxy or for App Service authentication.
        var isLetIn = request.PathBase != KeyedPath;
        if (isLetIn && request.Headers[SentKey.Header].Count == 0)
            return Caller.Unrestricted;
        return settings.ApiKeys.Find(SentKey.Of(request)) is { } grant ? new(grant) : null;
    }

    public IResult Refusal(HttpRequest request) => Problem.Unauthorized();
}
