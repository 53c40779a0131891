using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Decides who may use the routes that are not open to all (<see cref="OpenToAllAttribute"/>).</summary>
public interface IAccessGuard
{
    /// <summary>The query parameters in which a host takes a key. Every route accepts them, any number of times.</summary>
    IReadOnlyList<string> KeyParameters { get; }

    /// <summary>Who sends a request, and what the sender may see and do; null if the request is to be refused.</summary>
    Caller? CallerOf(HttpRequest request);

    /// <summary>How a request without a <see cref="CallerOf">caller</see> is refused.</summary>
    IResult Refusal(HttpRequest request);
}
