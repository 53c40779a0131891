using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The dashboard's files below <c>/ui/</c>. They are open to all, because they hold no data: the pages get it from the API.</summary>
public static class DashboardApi
{
    /// <summary>The path of the files.</summary>
    public static readonly PathString Path = "/ui";

    private const string Index = "index.html";

    private static readonly KeyValuePair<string, string>[] Headers =
    [
        new(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
        new("X-Content-Type-Options", "nosniff"),
        new("Referrer-Policy", "no-referrer"),
        new("Cross-Origin-Opener-Policy", "same-origin"),
        new("Cross-Origin-Resource-Policy", "same-origin"),
        new("Cache-Control", "no-cache"),
        new("Vary", "Accept-Encoding"),
    ];

    internal static void MapDashboard(this IEndpointRouteBuilder routes) =>
        routes.MapGetAndHead("/ui/{**path}", Get).ExcludeFromDescription();

    /// <summary><c>GET /</c>: redirects to the dashboard. For a host that serves nothing but FopWatch.</summary>
    [OpenToAll]
    public static RedirectHttpResult Root() => TypedResults.Redirect("ui/");

    /// <summary>A file; the index for <c>/ui/</c>.</summary>
    [OpenToAll]
    internal static Results<FileContentHttpResult, RedirectHttpResult, ProblemResult<NotFound>> Get(string? path, HttpRequest request)
    {
        var response = request.HttpContext.Response;
        foreach (var (name, value) in Headers)
            response.Headers[name] = value;

        // Relative, so that it works behind a proxy that adds a prefix.
        if (path is null or "" && request.Path.Value?.EndsWith('/') != true)
            return TypedResults.Redirect("ui/");

        if (DashboardFile.Find(path is null or "" ? Index : path) is not { } file)
            return Problem.NotFound($"The dashboard has no such file.");

        var encoded = file.For(request.Headers.AcceptEncoding);
        if (encoded.Coding is { } coding)
            response.Headers.ContentEncoding = coding;
        return TypedResults.Bytes(encoded.Bytes, file.ContentType, entityTag: encoded.Tag);
    }
}
