namespace FopWatch.Providers.Signatures;

/// <summary>How a signature differs from what it was checked against.</summary>
public enum SignatureFinding
{
    /// <summary>It is right with the current settings: they have changed since the notification was quarantined.</summary>
    Right,

    /// <summary>The access key is not in the source's key ring.</summary>
    UnknownAccessKey,

    /// <summary>The <c>Authorization</c> header has no access key, or no signature of the right length.</summary>
    Malformed,

    /// <summary>It is right for another scheme of the URL: http instead of https, or the reverse.</summary>
    UrlScheme,

    /// <summary>It is right for another host or port.</summary>
    Host,

    /// <summary>It is right for another path.</summary>
    Path,

    /// <summary>It is right for the path with a slash at its end, or without it.</summary>
    TrailingSlash,

    /// <summary>It is right for the URL without its query.</summary>
    Query,

    /// <summary>It is right for another content type, or for none.</summary>
    ContentType,

    /// <summary>It is right without the <c>X-Qiniu-*</c> headers.</summary>
    Headers,

    /// <summary>It was computed by the provider's other scheme: <c>QBox</c> under the name <c>Qiniu</c>, or the reverse.</summary>
    SignatureScheme,

    /// <summary>Its bytes are right, and written in another encoding than the provider's.</summary>
    Encoding,

    /// <summary>It was made with the secret key of another access key of the source.</summary>
    OtherSecretKey,

    /// <summary>No variant that was tried is right: the provider was given another URL, the secret key is wrong, or the body was changed on the way.</summary>
    Unexplained,

    /// <summary>The body is too large to try every variant, and none that was tried is right.</summary>
    Inconclusive,
}

/// <summary>Why a signature is wrong, by the current settings. It holds neither a notify token nor a secret key.</summary>
public sealed record SignatureDiagnosis
{
    /// <summary>How the signature differs; more than one entry where only several differences together make it right.</summary>
    public required IReadOnlyList<SignatureFinding> Findings { get; init; }

    /// <summary>The access key that the notification names, cut to 64 characters; null if it names none. It is not a secret.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The URL that the signature was checked against. The notify token and query values are replaced by <c>***</c>.</summary>
    public required string CheckedUrl { get; init; }

    /// <summary>The URL that the signature is right for, masked alike; null if it is unknown or the same.</summary>
    public string? SignedUrl { get; init; }

    /// <summary>What to change, with the full name of the setting where a setting is to be changed.</summary>
    public required string Suggestion { get; init; }

    internal string Reason { get; init; } = "";

    /// <summary>The diagnosis in words.</summary>
    public string ToWords() => Reason;

    /// <summary>A signature that was wrong when its notification came and is right now.</summary>
    internal static SignatureDiagnosis RightNow(SignedRequest request, Source source) => new()
    {
        Findings = [SignatureFinding.Right],
        CheckedUrl = NotifyUrl.Redact(request.Url.AbsoluteUri, source.Name, source.Tokens),
        Suggestion = "Retry the notification.",
        Reason = "The signature was wrong when the notification came, and is right with the current settings.",
    };
}
