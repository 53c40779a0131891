using FopWatch.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.Primitives;

namespace FopWatch.Api;

/// <summary>Reads the parts of a provider's request that its signature covers.</summary>
internal static class SignedRequests
{
    /// <summary>The request as the provider signed it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="publicOrigin">The origin of the host as the provider knows it; null to take it from the request.</param>
    /// <param name="body">The body.</param>
    public static SignedRequest Of(HttpRequest request, string? publicOrigin, ReadOnlyMemory<byte> body)
    {
        // The path exactly as sent, because the signature covers it.
        var path = UriHelper.BuildRelative(request.PathBase, request.Path, request.QueryString);
        var origin = publicOrigin ?? $"{request.Scheme}://{request.Host.ToUriComponent()}";
        return new()
        {
            Url = Uri.TryCreate(origin + path, UriKind.Absolute, out var url) ? url : new("http://invalid" + request.PathBase + request.Path),
            Authorization = Value(request.Headers.Authorization),
            ContentType = Value(request.Headers.ContentType),
            SignedHeaders = SignedHeaders(request.Headers),
            CallHeaders = CallHeaders(request.Headers),
            Body = body,
        };
    }

    private static List<KeyValuePair<string, string>> SignedHeaders(IHeaderDictionary headers)
    {
        var signed = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in headers)
        {
            if (ProviderKinds.SignsHeader(name))
                signed.Add(new(name, values.ToString()));
        }

        return signed;
    }

    private static List<KeyValuePair<string, string>> CallHeaders(IHeaderDictionary headers)
    {
        var called = new List<KeyValuePair<string, string>>(1);
        foreach (var name in SignedRequest.CallHeaderNames)
        {
            if (Value(headers[name]) is { Length: > 0 and <= SignedRequest.MaxCallHeaderLength } value)
                called.Add(new(name, value));
        }

        return called;
    }

    private static string? Value(StringValues values) => values.Count == 0 ? null : values.ToString();
}
