namespace FopWatch.Providers;

/// <summary>The URLs that a provider calls: how they are put together, and how they are shown without their token.</summary>
internal static class NotifyUrl
{
    /// <summary>What the path of every notify URL begins with, after the path of the public URL.</summary>
    public const string Root = "/api/notify";

    /// <summary>What the path of every URL for upload callbacks begins with. A source's name and a token follow, as in a notify URL.</summary>
    public const string UploadsRoot = "/api/uploads";

    /// <summary>What stands in the place of a token or a query's value.</summary>
    public const string Mask = "***";

    private const int ShortestToken = 8;

    /// <summary>The path, and the query where it is given, as the host has it: without the path of a public URL.</summary>
    public static string OwnPath(string path)
    {
        var (notify, upload) = (StartOf(path, Root), StartOf(path, UploadsRoot));
        return Math.Min(notify, upload) is var start && start < path.Length ? path[start..] : path;
    }

    /// <summary>The root that an <see cref="OwnPath"/> begins with; null if it begins with none.</summary>
    public static string? RootOf(string ownPath) =>
        new[] { Root, UploadsRoot }.FirstOrDefault(root => ownPath.StartsWith(root + "/", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a URL is one for upload callbacks.</summary>
    public static bool IsForUploads(Uri url) => RootOf(OwnPath(TargetOf(url))) == UploadsRoot;

    /// <summary>The path and query as they were written: a <see cref="Uri"/>'s other forms are normalised.</summary>
    public static string TargetOf(Uri url)
    {
        var text = url.OriginalString;
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var path = scheme < 0 ? -1 : text.IndexOf('/', scheme + 3);
        return path < 0 ? url.PathAndQuery : text[path..].Split('#', 2)[0];
    }

    /// <summary>A path without a prefix; the path itself if it has another.</summary>
    public static string Without(string path, string prefix) =>
        path.StartsWith(prefix + "/", StringComparison.OrdinalIgnoreCase) ? path[prefix.Length..] : path;

    /// <summary>The URL without its notify token and the values of its query.</summary>
    /// <param name="url">The URL; it need not be the right one.</param>
    /// <param name="source">The name of the source whose URL it is or was.</param>
    /// <param name="tokens">The source's tokens; null if it is not configured.</param>
    public static string Redact(string url, string source, NotifyTokens? tokens)
    {
        var (path, query) = url.Split('?', 2) is [var before, var after] ? (before, after) : (url, null);
        var segments = path.Split('/');

        // From the end of the authority: a source may be named like the host.
        var masked = (string[])[.. segments];
        for (var i = 1; i < segments.Length; i++)
        {
            if ((i > 3 && segments[i - 1] == source) || IsToken(segments[i], tokens))
                masked[i] = Mask;
        }

        var shown = string.Join('/', masked);
        if (query is not null)
            shown += $"?{string.Join('&', query.Split('&').Select(Parameter))}";

        // A token that is none of the source's any more may be repeated in what follows it.
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
    /// <param name="url">The URL as it was called, with its token.</param>
    public static string WithoutToken(string text, Uri url) =>
        OwnPath(url.OriginalString) is var path && RootOf(path) is not null && path.Split('/', '?') is ["", _, _, _, { Length: > 0 } token, ..]
            ? text.Replace(token, Mask, StringComparison.Ordinal)
            : text;

    private static int StartOf(string path, string root) =>
        path.IndexOf(root + "/", StringComparison.OrdinalIgnoreCase) is >= 0 and var start ? start : path.Length;

    private static bool IsToken(string text, NotifyTokens? tokens) => tokens is not null && tokens.Match(Uri.UnescapeDataString(text));
}
