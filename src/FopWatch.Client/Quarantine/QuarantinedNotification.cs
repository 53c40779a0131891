using System.Text.Json.Serialization;

namespace FopWatch.Client;

/// <summary>A notification that could not be understood or verified. It is stored completely.</summary>
public sealed record QuarantinedNotification
{
    /// <summary>The key of the notification.</summary>
    public required string Key { get; init => field = Given.NotNull(value); }

    /// <summary>The source whose notify URL received it.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>Why it is quarantined under the current settings, in English.</summary>
    public required string Reason { get; init => field = Given.NotNull(value); }

    /// <summary>Why the signature is invalid; null if the notification is quarantined for another reason.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The correlation in the URL's path.</summary>
    public string? Correlation { get; init; }

    /// <summary>The stored headers.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init => field = Given.NotNull(value); }

    /// <summary>The size of the body in bytes.</summary>
    public required int Size { get; init; }

    /// <summary>The body in Base64, if it is not larger than 64 KiB. It is untrusted input, and secrets in it are not redacted.</summary>
    public string? Body { get; init; }

    /// <summary>The path from which to get the body, byte for byte.</summary>
    public required string BodyHref { get; init => field = Given.NotNull(value); }
}

/// <summary>Why a signature is invalid under the host's current settings.</summary>
public sealed record SignatureDiagnosis
{
    /// <summary>
    /// The differences: <c>right</c>, <c>unknownAccessKey</c>, <c>malformed</c>, <c>urlScheme</c>, <c>host</c>, <c>path</c>,
    /// <c>trailingSlash</c>, <c>query</c>, <c>contentType</c>, <c>headers</c>, <c>signatureScheme</c>, <c>encoding</c>,
    /// <c>otherSecretKey</c>, <c>unexplained</c>, <c>inconclusive</c>, or a word of a newer host.
    /// </summary>
    public required IReadOnlyList<string> Findings { get; init => field = Given.Whole(value); }

    /// <summary>The access key in the notification; null if there is none.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The URL against which the signature was checked, with its token replaced by <c>***</c>.</summary>
    public required string CheckedUrl { get; init => field = Given.NotNull(value); }

    /// <summary>The URL for which the signature is valid; null if it is unknown or the same.</summary>
    public string? SignedUrl { get; init; }

    /// <summary>What to change, in English.</summary>
    public required string Suggestion { get; init => field = Given.NotNull(value); }
}

/// <summary>One page of quarantined notifications, newest first.</summary>
public sealed record QuarantinePage
{
    /// <summary>The notifications.</summary>
    public required IReadOnlyList<QuarantinedNotification> Notifications { get; init => field = Given.Whole(value); }

    /// <summary>The value with which to request the next page; null after the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Continuation { get; init; }

    /// <summary>The keys of notifications in this page that the host cannot read from its store; null if there are none.</summary>
    public IReadOnlyList<string>? Unreadable { get; init => field = value is null ? null : Given.Whole(value); }
}

/// <summary>The result of a retried notification.</summary>
public sealed record RetriedNotification
{
    /// <summary>The key of the notification.</summary>
    public required string Key { get; init => field = Given.NotNull(value); }

    /// <summary><c>recorded</c>, <c>hinted</c> or <c>purged</c>: it left the quarantine. <c>quarantined</c>: it stays.</summary>
    public required string Result { get; init => field = Given.NotNull(value); }

    /// <summary>Why it stays in quarantine; null if it left.</summary>
    public string? Reason { get; init; }

    /// <summary>Why the signature is invalid; null if the notification stays for another reason.</summary>
    public SignatureDiagnosis? Signature { get; init; }
}
