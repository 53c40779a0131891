using FopWatch.Api;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Functions.Http;

/// <summary>
/// Knows callers by function keys and API keys. A request outside of <see cref="KeyedPath"/> has come past the Functions host's check of the function
/// key. An API key that it has besides narrows what it may do; a wrong one is refused. Below <see cref="KeyedPath"/> the API key is all that admits.
/// </summary>
internal sealed class FunctionKeys(FopWatchSettings settings) : IAccessGuard
{
    /// <summary>Below it the Functions host asks for no key. <see cref="HttpPipeline"/> makes it the base of the path.</summary>
    public static readonly PathString KeyedPath = "/keyed";

    /// <summary>The function key, and the name of the key.</summary>
    public IReadOnlyList<string> KeyParameters { get; } = ["code", "clientId"];

    public Caller? CallerOf(HttpRequest request)
    {
        // Where the Functions host has let it in, Authorization may be for somebody before it.
        var isLetIn = request.PathBase != KeyedPath;
        if (isLetIn && request.Headers[SentKey.Header].Count == 0)
            return Caller.Unrestricted;
        return settings.ApiKeys.Find(SentKey.Of(request)) is { } grant ? new(grant) : null;
    }

    public IResult Refusal(HttpRequest request) => Problem.Unauthorized();
}
