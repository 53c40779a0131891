using System.Globalization;

namespace FopWatch.Providers.Signatures;

/// <summary>The variants of a request that proxies, tunnels and settings cause: the hosts, paths and content types that the provider may have signed.</summary>
internal static class RequestVariants
{
    private const int MaxAuthorities = 16;

    private static readonly string[] ContentTypeGuesses =
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain; charset=UTF-8",
        "application/octet-stream",
    ];

    /// <summary>Hosts with and without ports: those of the settings, of the request and of loopback.</summary>
    public static IReadOnlyList<string> Authorities(SignedRequest request)
    {
        List<string?> named = [request.Url.Authority];
        foreach (var header in (string[])["Host", "X-Forwarded-Host", "X-Original-Host"])
            named.Add(request.CalledBy(header)?.Split(',')[0].Trim());
        named.Add(ForwardedBy(request, "host"));

        var authorities = new List<string>();
        foreach (var one in named.OfType<string>().Where(IsAuthority))
        {
            var (host, _) = Split(one);
            authorities.AddRange([one, host, $"{host}:443", $"{host}:80"]);

            // The provider may have been given the host in another case.
            if (one.Any(char.IsAsciiLetterUpper))
                authorities.AddRange([one.ToLowerInvariant(), host.ToLowerInvariant()]);
        }

        var called = request.CalledBy("Host") is { } calledAs && IsAuthority(calledAs) ? calledAs : request.Url.Authority;
        var port = Split(called).Port is { } number ? string.Create(CultureInfo.InvariantCulture, $":{number}") : "";
        authorities.AddRange([$"localhost{port}", $"127.0.0.1{port}", $"[::1]{port}"]);
        return [.. authorities.Distinct(StringComparer.Ordinal).Take(MaxAuthorities)];
    }

    /// <summary>The hosts of <see cref="Authorities"/>, without ports.</summary>
    public static IReadOnlyList<string> Hosts(SignedRequest request) =>
        [.. Authorities(request).Select(authority => Split(authority).Host).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>The URL scheme that a proxy names; null if it names none.</summary>
    public static string? UrlScheme(SignedRequest request) =>
        (request.CalledBy("X-Forwarded-Proto") ?? ForwardedBy(request, "proto")) is ("https" or "http") and var scheme ? scheme : null;

    /// <summary>The variants of path and query before a proxy may have changed them.</summary>
    public static IReadOnlyList<string> Targets(SignedRequest request)
    {
        var (path, query) = (request.Url.AbsolutePath, request.Url.Query);
        var raw = NotifyUrl.TargetOf(request.Url);
        var slashed = path.EndsWith('/') ? path.TrimEnd('/') : path + "/";
        var decoded = Uri.UnescapeDataString(path);
        List<string> targets =
            [request.Url.PathAndQuery, path, raw, raw.Split('?', 2)[0], decoded + query, decoded, slashed + query, slashed];
        var own = NotifyUrl.OwnPath(path);
        if (request.CalledBy("X-Forwarded-Prefix") is ['/', ..] prefix)
            targets.AddRange([prefix.TrimEnd('/') + own + query, prefix.TrimEnd('/') + path + query]);

        // Without a prefix of PublicUrl that the provider does not call, and without prefixes that a proxy adds.
        foreach (var suffix in (string[])[own, NotifyUrl.Without(own, "/api"), NotifyUrl.Without(own, NotifyUrl.RootOf(own) ?? NotifyUrl.Root)])
            targets.AddRange([suffix + query, suffix]);
        return [.. targets.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The content types that a proxy or a framework may have rewritten; null for none.</summary>
    public static IReadOnlyList<string?> ContentTypes(SignedRequest request)
    {
        List<string?> types = [request.ContentType, null];
        if (request.ContentType?.Split(';', 2) is [var type, _])
            types.Add(type.Trim());
        types.AddRange(ContentTypeGuesses);
        return [.. types.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>A parameter in the first element of the <c>Forwarded</c> header (RFC 7239), which the proxy closest to the caller wrote.</summary>
    private static string? ForwardedBy(SignedRequest request, string name) => request.CalledBy("Forwarded")?.Split(',')[0].Split(';')
        .Select(pair => pair.Split('=', 2))
        .Where(pair => pair.Length == 2 && pair[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(pair => pair[1].Trim().Trim('"'))
        .FirstOrDefault();

    private static bool IsAuthority(string text) =>
        text.Length is > 0 and <= 255 && Uri.TryCreate($"http://{text}/", UriKind.Absolute, out var url) && url is { UserInfo: "", PathAndQuery: "/" };

    private static (string Host, int? Port) Split(string authority)
    {
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') && int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? (authority[..colon], port)
            : (authority, null);
    }
}
