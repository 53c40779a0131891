using System.Text;

namespace FopWatch.Providers.Wangsu;

/// <summary>
/// The signature of Wangsu's notifications: <c>AK:base64url(hex(HMAC-SHA1(SK, url LF body)))</c>, without a scheme
/// (providers.md, section 2).
/// </summary>
internal static class WangsuSignature
{
    /// <summary>Checks a notification.</summary>
    public static Trust Verify(SignedRequest request, KeyRing keys)
    {
        var authorization = request.Authorization?.Trim();
        if (string.IsNullOrEmpty(authorization) || keys.IsEmpty)
            return Trust.None;

        var colon = authorization.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || authorization.Any(char.IsWhiteSpace))
            return Trust.None;
        if (colon == 0 || colon == authorization.Length - 1)
            return Trust.Invalid;

        var secret = Hmac.SecretOrNobodys(keys, authorization[..colon], out var known);
        var signature = authorization[(colon + 1)..];

        // The documents disagree whether the query is part of the URL.
        var whole = Hmac.Matches(Sign(secret, request.Url.AbsoluteUri, request.Body.Span), signature);
        var withoutQuery = Hmac.Matches(Sign(secret, request.Url.GetLeftPart(UriPartial.Path), request.Body.Span), signature);
        return known & (whole | withoutQuery) ? Trust.Strong : Trust.Invalid;
    }

    private static byte[] Sign(byte[] secret, string url, ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Hmac.Sha1(secret, url + "\n", body)));
}
