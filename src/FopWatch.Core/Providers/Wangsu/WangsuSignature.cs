using System.Text;
using FopWatch.Providers.Signatures;

namespace FopWatch.Providers.Wangsu;

/// <summary>
/// The signature of Wangsu's notifications: <c>AK:base64url(hex(HMAC-SHA1(SK, url LF body)))</c>, without a scheme
/// (providers.md, section 2).
/// </summary>
internal static class WangsuSignature
{
    /// <summary>Verifies a notification.</summary>
    public static Trust Verify(SignedRequest request, KeyRing keys)
    {
        if (keys.IsEmpty || Read(request) is not { } credentials)
            return Trust.None;
        if (credentials is not ({ } accessKey, { } signature))
            return Trust.Invalid;

        var secret = Hmac.SecretOrNobodys(keys, accessKey, out var known);

        // The documentation is inconsistent about whether the signed URL includes the query.
        string[] targets = request.Url.Query.Length == 0 ? [request.Url.AbsolutePath] : [request.Url.PathAndQuery, request.Url.AbsolutePath];
        var matches = false;
        foreach (var origin in SignedForms.Origins(request.Url))
        {
            foreach (var target in targets)
                matches |= Hmac.Matches(Sign(secret, origin + target, request.Body.Span), signature);
        }

        return known & matches ? Trust.Strong : Trust.Invalid;
    }

    public static SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget)
    {
        if (source.Keys.IsEmpty || Read(request) is not { } credentials)
            return null;

        var named = SignedVariant.Of(request, SigningScheme.Wangsu);
        var origins = RequestVariants.Authorities(request)
            .SelectMany(authority => new[] { named.UrlScheme, named.UrlScheme == "https" ? "http" : "https" }
                .Select(scheme => (Func<SignedVariant, SignedVariant>)(one => one with { UrlScheme = scheme, Authority = authority })));
        var targets = RequestVariants.Targets(request).Select(target => (Func<SignedVariant, SignedVariant>)(one => one with { Target = target }));
        return new SignatureSearch(request, source, budget)
        {
            Checked = named,
            Variants = SignatureSearch.Nearest(named, origins, targets),
            Digest = (variant, secret) => Hmac.Sha1(secret, variant.Url + "\n", request.Body.Span),
            DigestForm = DigestForm.LowerHex,
        }.Run(credentials.AccessKey, credentials.Signature);
    }

    /// <summary>Creates a notification of a task: its JSON in Base64.</summary>
    public static SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key)
    {
        var body = Encoding.ASCII.GetBytes(Base64Text.UrlSafe(Encoding.UTF8.GetBytes(json)));
        return new()
        {
            Url = url,
            ContentType = "text/plain; charset=UTF-8",
            Body = body,
            Authorization = key is var (accessKey, secret) ? $"{accessKey}:{Base64Text.UrlSafe(Sign(secret, url.AbsoluteUri, body))}" : null,
        };
    }

    /// <summary>The credentials of a notification.</summary>
    /// <returns>Null if the header is not in Wangsu's format; two nulls if it is malformed.</returns>
    private static (string? AccessKey, string? Signature)? Read(SignedRequest request)
    {
        var authorization = request.Authorization?.Trim();
        if (string.IsNullOrEmpty(authorization))
            return null;

        var colon = authorization.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || authorization.Any(char.IsWhiteSpace))
            return null;
        return colon == 0 || colon == authorization.Length - 1 ? (null, null) : (authorization[..colon], authorization[(colon + 1)..]);
    }

    private static byte[] Sign(byte[] secret, string url, ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Hmac.Sha1(secret, url + "\n", body)));
}
