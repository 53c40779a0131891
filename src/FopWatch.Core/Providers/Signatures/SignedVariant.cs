namespace FopWatch.Providers.Signatures;

/// <summary>The signature schemes of the providers.</summary>
internal enum SigningScheme
{
    Qiniu,
    QBox,
    Wangsu,
}

/// <summary>A variant of a request that may have been signed, without the body.</summary>
internal sealed record SignedVariant(
    SigningScheme Scheme, string UrlScheme, string Authority, string Target, string? ContentType, bool HasHeaders)
{
    public string Url => $"{UrlScheme}://{Authority}{Target}";

    public string Path => Target.Split('?', 2)[0];

    public string? Query => Target.Split('?', 2) is [_, var query] ? query : null;

    /// <summary>The variant against which a request was verified.</summary>
    public static SignedVariant Of(SignedRequest request, SigningScheme scheme) =>
        new(scheme, request.Url.Scheme, request.Url.Authority, request.Url.PathAndQuery, request.ContentType, HasHeaders: true);

    /// <summary>The differences from the verified variant.</summary>
    public IEnumerable<SignatureFinding> DifferencesFrom(SignedVariant checkedVariant)
    {
        if (Scheme != checkedVariant.Scheme)
            yield return SignatureFinding.SignatureScheme;
        if (UrlScheme != checkedVariant.UrlScheme)
            yield return SignatureFinding.UrlScheme;
        if (Authority != checkedVariant.Authority)
            yield return SignatureFinding.Host;
        if (Path != checkedVariant.Path)
            yield return Path.TrimEnd('/') == checkedVariant.Path.TrimEnd('/') ? SignatureFinding.TrailingSlash : SignatureFinding.Path;
        if (Query != checkedVariant.Query)
            yield return SignatureFinding.Query;
        if (ContentType != checkedVariant.ContentType)
            yield return SignatureFinding.ContentType;
        if (HasHeaders != checkedVariant.HasHeaders)
            yield return SignatureFinding.Headers;
    }
}
