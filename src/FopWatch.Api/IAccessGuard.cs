using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Decides who may use the routes that are not open to all (<see cref="OpenToAllAttribute"/>).</summary>
public interface IAccessGuard
{
    /// <summary>The query parameters in which a host takes a key. Every route accepts them, any number of times.</summary>
    IReadOnlyList<string> KeyParameters { get; }

    /// <summary>How a request is refused; null if it is not.</summary>
    IResult? Refusal(HttpRequest request);
}
