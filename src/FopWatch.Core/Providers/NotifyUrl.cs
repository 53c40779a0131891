namespace FopWatch.Providers;

/// <summary>Parses the URLs that a provider calls, and redacts their tokens.</summary>
internal static class NotifyUrl
{
    /// <summary>The beginning of the path of every notify URL, after the path of the public URL.</summary>
    public const string Root = "/api/notify";

    /// <summary>The beginning of the path of every URL for upload callbacks. A source's name and a token follow, as in a notify URL.</summary>
    public const string UploadsRoot = "/api/uploads";

    /// <summary>The replacement of a token or a query value.</summary>
    public const string Mask = "***";

    private const int ShortestToken = 8;

    /// <summary>A path, with its query if it has one, without the path of the public URL.</summary>
    public static string OwnPath(string path)
    {
        var (notify, upload) = (StartOf(path, Root), StartOf(path, UploadsRoot));
        return Math.Min(notify, upload) is var start && start < path.Length ? path[start..] : path;
    }

    /// <summary>The root that an <see cref="OwnPath"/> begins with; null if it begins with none.</summary>
    public static string? RootOf(string ownPath) =>
        new[] { Root, UploadsRoot }.FirstOrDefault(root => ownPath.StartsWith(root + "/", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a URL is for upload callbacks.</summary>
    public static bool IsForUploads(Uri url) => RootOf(OwnPath(TargetOf(url))) == UploadsRoot;

    /// <summary>The path and query as written. The other forms of a <see cref="Uri"/> are normalised.</summary>
    public static string TargetOf(Uri url)
    {
        var text = url.OriginalString;
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var path = scheme < 0 ? -1 : text.IndexOf('/', scheme + 3);
        return path < 0 ? url.PathAndQuery : text[path..].Split('#', 2)[0];
    }

    /// <summary>A path without a prefix; the same path if it does not have the prefix.</summary>
    public static string Without(string path, string prefix) =>
        path.StartsWith(prefix + "/", StringComparison.OrdinalIgnoreCase) ? path[prefix.Length..] : path;

    /// <summary>The URL without its notify token and the values of its query.</summary>
    /// <param name="url">The URL; it need not be valid.</param>
    /// <param name="source">The name of the source to which the URL belongs or belonged.</param>
    /// <param name="tokens">The tokens of the source; null if it is not configured.</param>
    public static string Redact(string url, string source, NotifyTokens? tokens)
    {
        var (path, query) = url.Split('?', 2) is [var before, var after] ? (before, after) : (url, null);
        var segments = path.Split('/');

        // Skip the authority, because a source may have the name of the host.
        var masked = (string[])[.. segments];
        for (var i = 1; i < segments.Length; i++)
        {
            if ((i > 3 && segments[i - 1] == source) || IsToken(segments[i], tokens))
                masked[i] = Mask;
        }

        var shown = string.Join('/', masked);
        if (query is not null)
            shown += $"?{string.Join('&', query.Split('&').Select(Parameter))}";

        // The rest of the URL may repeat a former token of the source.
        for (var i = 4; i < segments.Length; i++)
        {
            if (segments[i - 1] == source && segments[i].Length >= ShortestToken)
                shown = shown.Replace(segments[i], Mask, StringComparison.Ordinal);
        }

        return shown;

        string Parameter(string parameter) => parameter.Split('=', 2) switch
        {
            [var name, _] => $"{(IsToken(name, tokens) ? Mask : name)}={Mask}",
            _ => Mask,
        };
    }

    /// <summary>A text without the token of a URL.</summary>
    /// <param name="text">The text, such as the value of a header.</param>
    /// <param name="url">The called URL, with its token.</param>
    public static string WithoutToken(string text, Uri url) =>
        OwnPath(url.OriginalString) is var path && RootOf(path) is not null && path.Split('/', '?') is ["", _, _, _, { Length: > 0 } token, ..]
            ? text.Replace(token, Mask, StringComparison.Ordinal)
            : text;

    private static int StartOf(string path, string root) =>
        path.IndexOf(root + "/", StringComparison.OrdinalIgnoreCase) is >= 0 and var start ? start : path.Length;

    private static bool IsToken(string text, NotifyTokens? tokens) => tokens is not null && tokens.Match(Uri.UnescapeDataString(text));
}
