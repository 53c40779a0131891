using FopWatch.Api;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Functions.Http;

/// <summary>Refuses nobody: the Functions host has checked the function key.</summary>
internal sealed class FunctionKeys : IAccessGuard
{
    /// <summary>The function key, and the name of the key.</summary>
    public IReadOnlyList<string> KeyParameters { get; } = ["code", "clientId"];

    public IResult? Refusal(HttpRequest request) => null;
}
