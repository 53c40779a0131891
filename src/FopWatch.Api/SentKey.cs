using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Reads the API key of a request.</summary>
public static class SentKey
{
    /// <summary>The header.</summary>
    public const string Header = "X-Api-Key";

    // Schemes are case-insensitive (RFC 9110, section 11.1).
    private const string Bearer = "Bearer ";

    /// <summary>The key in <see cref="Header"/>, or else in <c>Authorization: Bearer</c>; null if there is neither.</summary>
    public static string? Of(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Headers[Header].ToString() is { Length: > 0 } key)
            return key;
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? authorization[Bearer.Length..] : null;
    }
}
