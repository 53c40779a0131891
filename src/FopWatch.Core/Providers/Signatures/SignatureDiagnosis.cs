using FopWatch.Wording;

namespace FopWatch.Providers.Signatures;

/// <summary>How a signature differs from the expected one.</summary>
public enum SignatureFinding
{
    /// <summary>The signature is right with the current settings, which have changed since the notification was quarantined.</summary>
    Right,

    /// <summary>The access key is not in the source's key ring.</summary>
    UnknownAccessKey,

    /// <summary>The <c>Authorization</c> header has no access key, or no signature of the right length.</summary>
    Malformed,

    /// <summary>The signature is right for another URL scheme: http instead of https, or the reverse.</summary>
    UrlScheme,

    /// <summary>The signature is right for another host or port.</summary>
    Host,

    /// <summary>The signature is right for another path.</summary>
    Path,

    /// <summary>The signature is right for the path with or without a trailing slash.</summary>
    TrailingSlash,

    /// <summary>The signature is right for the URL without its query.</summary>
    Query,

    /// <summary>The signature is right for another content type, or for none.</summary>
    ContentType,

    /// <summary>The signature is right without the <c>X-Qiniu-*</c> headers.</summary>
    Headers,

    /// <summary>The signature was computed with the provider's other scheme: <c>QBox</c> under the name <c>Qiniu</c>, or the reverse.</summary>
    SignatureScheme,

    /// <summary>The bytes are right, but not in the provider's encoding.</summary>
    Encoding,

    /// <summary>The signature was made with the secret key of another access key of the source.</summary>
    OtherSecretKey,

    /// <summary>No variant matches: the provider was given another URL, the secret key is wrong, or the body was changed on the way.</summary>
    Unexplained,

    /// <summary>The body is too large to try every variant, and none of the tried variants matches.</summary>
    Inconclusive,
}

/// <summary>Why a signature is wrong with the current settings. It holds neither a notify token nor a secret key.</summary>
public sealed record SignatureDiagnosis
{
    /// <summary>How the signature differs; several entries if only their combination matches.</summary>
    public required IReadOnlyList<SignatureFinding> Findings { get; init; }

    /// <summary>The access key in the notification, cut to 64 characters; null if there is none. It is not a secret.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The URL against which the signature was verified. The notify token and query values are replaced by <c>***</c>.</summary>
    public required string CheckedUrl { get; init; }

    /// <summary>The URL for which the signature is right, masked in the same way; null if it is unknown or the same.</summary>
    public string? SignedUrl { get; init; }

    /// <summary>What to change, with the full name of the setting if it is a setting.</summary>
    public required Sentence Suggestion { get; init; }

    internal Sentence Reason { get; init; } = $"";

    /// <summary>The diagnosis as text, in English.</summary>
    public string ToWords() => Reason.ToString();

    /// <summary>The diagnosis of a signature that was wrong when its notification arrived and is right now.</summary>
    internal static SignatureDiagnosis RightNow(SignedRequest request, Source source) => new()
    {
        Findings = [SignatureFinding.Right],
        CheckedUrl = NotifyUrl.Redact(request.Url.AbsoluteUri, source.Name, source.Tokens),
        Suggestion = $"Retry the notification.",
        Reason = $"The signature was wrong when the notification arrived, but is right with the current settings.",
    };
}
