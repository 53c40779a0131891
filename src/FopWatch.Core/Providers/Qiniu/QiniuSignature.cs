using System.Text;
using FopWatch.Providers.Signatures;

namespace FopWatch.Providers.Qiniu;

/// <summary>The two signature schemes that were observed in Qiniu's notifications (providers.md, section 1).</summary>
internal static class QiniuSignature
{
    private const string Scheme = "Qiniu";
    private const string OldScheme = "QBox";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Bytes = "application/octet-stream";
    private const string HeaderPrefix = "X-Qiniu-";

    /// <summary>Whether the <c>Qiniu</c> signature covers a header besides <c>Host</c> and <c>Content-Type</c>.</summary>
    public static bool Covers(string header) =>
        header.Length > HeaderPrefix.Length && header.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Verifies a notification, which is always a POST.</summary>
    public static Trust Verify(SignedRequest request, KeyRing keys)
    {
        if (keys.IsEmpty || Read(request) is not var (isNew, credentials))
            return Trust.None;
        if (credentials is not var (accessKey, signature))
            return Trust.Invalid;

        var secret = Hmac.SecretOrNobodys(keys, accessKey, out var known);
        var (matches, coversBody) = isNew ? MatchNew(request, secret, signature) : MatchOld(request, secret, signature);
        return !(matches & known) ? Trust.Invalid : coversBody ? Trust.Strong : Trust.Weak;
    }

    public static SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget)
    {
        if (source.Keys.IsEmpty || Read(request) is not var (isNew, credentials))
            return null;

        var named = SignedVariant.Of(request, isNew ? SigningScheme.Qiniu : SigningScheme.QBox);
        var other = named with { Scheme = isNew ? SigningScheme.QBox : SigningScheme.Qiniu };
        return new SignatureSearch(request, source, budget)
        {
            Checked = named,
            Variants = Variants(named, request).Concat(Variants(other, request)),
            Digest = (variant, secret) => variant.Scheme == SigningScheme.Qiniu
                ? Sign(secret, "POST", variant.Target, variant.Authority, variant.ContentType, variant.HasHeaders ? request.SignedHeaders : [], request.Body.Span)
                : SignOld(secret, variant.Target, variant.ContentType, request.Body.Span),
            DigestForm = DigestForm.Bytes,
        }.Run(credentials?.AccessKey, credentials?.Signature);
    }

    /// <summary>Creates a notification of a task, signed in the scheme that covers the body.</summary>
    public static SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key)
    {
        const string Json = "application/json";
        var body = Encoding.UTF8.GetBytes(json);
        return new()
        {
            Url = url,
            ContentType = Json,
            Body = body,
            Authorization = key is var (accessKey, secret)
                ? $"{Scheme} {accessKey}:{Base64Text.UrlSafe(Sign(secret, "POST", url.PathAndQuery, url.Authority, Json, [], body))}"
                : null,
        };
    }

    private static IEnumerable<SignedVariant> Variants(SignedVariant checkedVariant, SignedRequest request)
    {
        var targets = RequestVariants.Targets(request).Select(target => (Func<SignedVariant, SignedVariant>)(one => one with { Target = target }));
        if (checkedVariant.Scheme == SigningScheme.QBox)
        {
            // The scheme depends only on whether the content type is a form.
            string? otherType = IsForm(checkedVariant.ContentType) ? null : Form;
            return SignatureSearch.Nearest(checkedVariant, targets, [one => one, one => one with { ContentType = otherType }]);
        }

        return SignatureSearch.Nearest(
            checkedVariant,
            RequestVariants.Authorities(request).Select(authority => (Func<SignedVariant, SignedVariant>)(one => one with { Authority = authority })),
            RequestVariants.ContentTypes(request).Select(type => (Func<SignedVariant, SignedVariant>)(one => one with { ContentType = type })),
            targets,
            request.SignedHeaders.Count == 0 ? [one => one] : [one => one, one => one with { HasHeaders = false }]);
    }

    /// <summary>The scheme and the credentials of a notification.</summary>
    /// <returns>Null if the header has no scheme of Qiniu; without credentials if it is malformed.</returns>
    private static (bool IsNew, (string AccessKey, string Signature)? Credentials)? Read(SignedRequest request)
    {
        var authorization = request.Authorization?.Trim();
        if (string.IsNullOrEmpty(authorization))
            return null;

        var blank = authorization.IndexOf(' ', StringComparison.Ordinal);
        var scheme = blank < 0 ? authorization : authorization[..blank];
        var isNew = scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase);
        if (!isNew && !scheme.Equals(OldScheme, StringComparison.OrdinalIgnoreCase))
            return null;

        var credentials = blank < 0 ? "" : authorization[blank..].Trim();
        var colon = credentials.IndexOf(':', StringComparison.Ordinal);
        return colon <= 0 || colon == credentials.Length - 1
            ? (isNew, null)
            : (isNew, (credentials[..colon], credentials[(colon + 1)..]));
    }

    /// <summary>The bytes of a <c>Qiniu</c> signature.</summary>
    internal static byte[] Sign(
        byte[] secret,
        string method,
        string pathAndQuery,
        string host,
        string? contentType,
        IEnumerable<KeyValuePair<string, string>> headers,
        ReadOnlySpan<byte> body)
    {
        var head = new StringBuilder($"{method} {pathAndQuery}\nHost: {host}\n");
        if (!string.IsNullOrEmpty(contentType))
            head.Append($"Content-Type: {contentType}\n");
        foreach (var (name, value) in headers
            .Where(header => Covers(header.Key))
            .Select(header => (Name: Canonical(header.Key), header.Value))
            .OrderBy(header => header.Name, StringComparer.Ordinal))
            head.Append($"{name}: {value}\n");
        head.Append('\n');
        return Hmac.Sha1(secret, head.ToString(), contentType == Bytes ? [] : body);
    }

    /// <summary>The bytes of a <c>QBox</c> signature. It covers the body only if the body is a form.</summary>
    internal static byte[] SignOld(byte[] secret, string pathAndQuery, string? contentType, ReadOnlySpan<byte> body) =>
        Hmac.Sha1(secret, pathAndQuery + "\n", IsForm(contentType) ? body : []);

    private static (bool Matches, bool CoversBody) MatchNew(SignedRequest request, byte[] secret, string signature)
    {
        var matches = false;
        foreach (var host in SignedForms.Hosts(request.Url))
        {
            var expected = Sign(
                secret, "POST", request.Url.PathAndQuery, host, request.ContentType, request.SignedHeaders, request.Body.Span);
            matches |= Hmac.Matches(expected, signature);
        }

        return (matches, request.ContentType != Bytes);
    }

    private static (bool Matches, bool CoversBody) MatchOld(SignedRequest request, byte[] secret, string signature) =>
        (Hmac.Matches(SignOld(secret, request.Url.PathAndQuery, request.ContentType, request.Body.Span), signature), IsForm(request.ContentType));

    private static bool IsForm(string? contentType) =>
        contentType is not null
        && contentType.Split(';', 2)[0].Trim().Equals(Form, StringComparison.OrdinalIgnoreCase);

    /// <summary>The name of a header as the vendor's SDKs write it before they sort: <c>X-Qiniu-Abc</c>.</summary>
    private static string Canonical(string name) =>
        string.Join('-', name.Split('-').Select(part => part.Length == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..].ToLowerInvariant()));
}
