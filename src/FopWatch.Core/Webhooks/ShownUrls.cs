using System.Text;

namespace FopWatch.Webhooks;

/// <summary>URLs as logs and answers show them.</summary>
internal static class ShownUrls
{
    private const int Longest = 300;

    /// <summary>The URL without user, fragment and query values.</summary>
    public static string Of(Uri url)
    {
        var shown = new StringBuilder(url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));
        var names = url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < names.Length; i++)
        {
            // A part without a name may be a secret.
            var equals = names[i].IndexOf('=', StringComparison.Ordinal);
            shown.Append(i == 0 ? '?' : '&').Append(equals < 0 ? "***" : $"{names[i][..equals]}=***");
        }

        return shown.Length <= Longest ? shown.ToString() : $"{shown.ToString(0, Longest)}…";
    }

    /// <summary>The target of a redirect, without its query.</summary>
    public static string OfRedirect(Uri from, Uri? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var target))
            return "nowhere";
        var shown = target.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return shown.Length <= Longest ? shown : $"{shown[..Longest]}…";
    }
}
