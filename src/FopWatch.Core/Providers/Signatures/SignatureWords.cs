using FopWatch.Wording;

namespace FopWatch.Providers.Signatures;

/// <summary>Describes the diagnosis of a wrong signature, and what to do about it.</summary>
internal sealed class SignatureWords(SignedRequest request, Source source, SignedVariant checkedVariant, string? accessKey)
{
    private const int MaxAccessKey = 64;

    private string AccessKey => accessKey is null ? "" : TextCut.Of(WithoutToken(accessKey), MaxAccessKey + 1);

    private string KeysSetting => $"FopWatch:Sources:{source.Name}:Keys";

    public SignatureDiagnosis Malformed(Sentence reason) => Of(
        SignatureFinding.Malformed, reason, $"Check that no proxy changes the Authorization header, and that the provider sent the notification.");

    public SignatureDiagnosis UnknownAccessKey() => Of(
        SignatureFinding.UnknownAccessKey,
        $"The access key '{AccessKey}' is not among the keys of the source.",
        $"If the key belongs to the account, add it with its secret key to {KeysSetting}.");

    public SignatureDiagnosis OtherSecretKey(string other) => Of(
        SignatureFinding.OtherSecretKey,
        $"The signature by '{AccessKey}' is right for the secret key of '{other}'.",
        $"Correct the pairs of access key and secret key in {KeysSetting}.");

    public SignatureDiagnosis Unexplained() => Of(
        SignatureFinding.Unexplained,
        $"The signature is wrong, and none of the tried variants of the request matches. "
        + $"The tried hosts are {string.Join(", ", RequestVariants.Hosts(request))}. "
        + $"The provider was given another URL, the secret key is wrong, or the body was changed on the way.",
        $"Check first that FopWatch:PublicUrl is the URL that the provider calls. "
            + $"If it is, check the secret key of '{AccessKey}' in {KeysSetting}. "
            + $"If that is right too, look for a proxy that changes bodies or paths, or treat the notification as forged.");

    public SignatureDiagnosis Inconclusive() => Of(
        SignatureFinding.Inconclusive,
        $"The signature is wrong. The body is too large to try every host, path, query and content type.",
        $"Get this entry alone, run 'fopwatch decode' on it, or look at the entry of a smaller notification.");

    public SignatureDiagnosis RightFor(SignedVariant variant, string? encoding)
    {
        var findings = variant.DifferencesFrom(checkedVariant).ToList();

        // If nothing else differs, the encoding does: its padding, or unused bits of Base64.
        if (encoding is not null || findings.Count == 0)
            findings.Add(SignatureFinding.Encoding);
        var signedUrl = Redacted(WithKnownScheme(variant));
        var differsInUrl = findings.Any(finding => finding
            is SignatureFinding.UrlScheme or SignatureFinding.Host or SignatureFinding.Path or SignatureFinding.TrailingSlash or SignatureFinding.Query);
        return Of(
            findings,
            $"The signature is wrong. It would be right for {Sentence.Join(Parts(findings, variant, encoding), ", and ")}.",
            Sentence.Join(Suggestions(findings, variant).Distinct())) with
        {
            SignedUrl = differsInUrl ? signedUrl : null,
        };
    }

    private IEnumerable<Sentence> Parts(List<SignatureFinding> findings, SignedVariant variant, string? encoding)
    {
        foreach (var finding in findings)
        {
            yield return finding switch
            {
                SignatureFinding.SignatureScheme => $"the scheme {variant.Scheme} instead of {checkedVariant.Scheme}",
                SignatureFinding.UrlScheme => $"{variant.UrlScheme} instead of {checkedVariant.UrlScheme}",
                SignatureFinding.Host => $"'Host: {variant.Authority}' instead of '{checkedVariant.Authority}'",
                SignatureFinding.Path => $"the path {Redacted(variant with { Target = variant.Path })[(variant.UrlScheme.Length + 3 + variant.Authority.Length)..]}",
                SignatureFinding.TrailingSlash => variant.Path.EndsWith('/') ? (Sentence)$"the path with a trailing slash" : (Sentence)$"the path without the trailing slash",
                SignatureFinding.Query => variant.Query is null ? (Sentence)$"the URL without its query" : (Sentence)$"the URL with another query",
                SignatureFinding.ContentType => variant.ContentType is { } type ? (Sentence)$"'Content-Type: {type}'" : (Sentence)$"a request without Content-Type",
                SignatureFinding.Headers => $"a request without X-Qiniu-* headers",
                _ => encoding is null ? (Sentence)$"another encoding: it is not the canonical encoding of its bytes" : (Sentence)$"another encoding: it is {Sentence.Verbatim(encoding)}",
            };
        }
    }

    private IEnumerable<Sentence> Suggestions(List<SignatureFinding> findings, SignedVariant variant)
    {
        var moved = WithKnownScheme(variant);
        foreach (var finding in findings)
        {
            yield return finding switch
            {
                SignatureFinding.UrlScheme or SignatureFinding.Host or SignatureFinding.Path => Move(moved),
                SignatureFinding.TrailingSlash => $"A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.",
                SignatureFinding.Query => $"Give the provider a notify URL without a query, and let no proxy add one.",
                SignatureFinding.ContentType =>
                    request.ContentType is { } type
                        ? (Sentence)$"A proxy changed the content type to '{type}': configure it to pass headers unchanged."
                        : (Sentence)$"A proxy removed the content type: configure it to pass headers unchanged.",
                SignatureFinding.Headers => $"A proxy adds X-Qiniu-* headers: configure it to pass headers unchanged.",
                _ => $"FopWatch does not accept this form, and no setting changes that. Check that the provider, and not your own client, sent the "
                    + $"notification. Meanwhile the poll decides.",
            };
        }
    }

    private Sentence Move(SignedVariant variant)
    {
        var own = NotifyUrl.OwnPath(variant.Path);
        var prefix = variant.Path[..^own.Length];
        if (NotifyUrl.RootOf(own) is null || own != NotifyUrl.OwnPath(checkedVariant.Path))
            return $"A proxy changes the path: configure it to pass the path of the notify URL unchanged.";

        // A path that Uri normalises cannot be configured.
        var publicUrl = $"{variant.UrlScheme}://{variant.Authority}{prefix}";
        return SignedForms.Authorities(new(publicUrl)).Contains(variant.Authority) && new Uri(publicUrl).AbsolutePath.TrimEnd('/') == prefix
            ? (Sentence)$"Set FopWatch:PublicUrl to \"{publicUrl}\"."
            : (Sentence)$"Give the provider a notify URL that begins with {new Uri(publicUrl).AbsoluteUri.TrimEnd('/')}: host in lower case, without a default port.";
    }

    /// <summary>The variant with the URL scheme that a proxy reported. Qiniu's signatures do not cover the scheme.</summary>
    private SignedVariant WithKnownScheme(SignedVariant variant) =>
        variant.Scheme != SigningScheme.Wangsu && RequestVariants.UrlScheme(request) is { } scheme
            ? variant with { UrlScheme = scheme }
            : variant;

    private SignatureDiagnosis Of(SignatureFinding finding, Sentence reason, Sentence suggestion) => Of([finding], reason, suggestion);

    private SignatureDiagnosis Of(IReadOnlyList<SignatureFinding> findings, Sentence reason, Sentence suggestion) => new()
    {
        Findings = findings,
        AccessKey = accessKey is null ? null : AccessKey,
        CheckedUrl = Redacted(checkedVariant),
        Suggestion = suggestion.WithValues(WithoutToken),
        Reason = reason.WithValues(WithoutToken),
    };

    // Values of headers may repeat the notify token.
    private string WithoutToken(string text) => NotifyUrl.WithoutToken(text, request.Url);

    private string Redacted(SignedVariant variant) => NotifyUrl.Redact(variant.Url, source.Name, source.Tokens);
}
