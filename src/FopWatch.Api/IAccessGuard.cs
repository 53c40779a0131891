using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Authorises requests to routes without <see cref="OpenToAllAttribute"/>.</summary>
public interface IAccessGuard
{
    /// <summary>The query parameters that may carry a key. Every route accepts them, any number of times.</summary>
    IReadOnlyList<string> KeyParameters { get; }

    /// <summary>Is cancelled once other keys have replaced those that are right now; never, where keys do not change while the host runs.</summary>
    CancellationToken Replaced => CancellationToken.None;

    /// <summary>The caller with its rights; null if the request must be refused.</summary>
    Caller? CallerOf(HttpRequest request);

    /// <summary>The answer to a request without a <see cref="CallerOf">caller</see>.</summary>
    IResult Refusal(HttpRequest request);
}
