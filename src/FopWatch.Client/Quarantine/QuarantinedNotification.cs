using System.Text.Json.Serialization;

namespace FopWatch.Client;

/// <summary>A notification that could not be understood or verified, kept whole.</summary>
public sealed record QuarantinedNotification
{
    /// <summary>Its key.</summary>
    public required string Key { get; init => field = Given.NotNull(value); }

    /// <summary>The source whose notify URL it came to.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>Why it is there, as the current settings see it, in English.</summary>
    public required string Reason { get; init => field = Given.NotNull(value); }

    /// <summary>Why its signature is wrong; null if that is not why it is there.</summary>
    public SignatureDiagnosis? Signature { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The correlation in the URL's path.</summary>
    public string? Correlation { get; init; }

    /// <summary>The headers that are kept.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init => field = Given.NotNull(value); }

    /// <summary>The size of the body in bytes.</summary>
    public required int Size { get; init; }

    /// <summary>The body in Base64, where it is not larger than 64 KiB. Whoever sent it wrote it, and secrets in it are not redacted.</summary>
    public string? Body { get; init; }

    /// <summary>Where the body is, byte for byte.</summary>
    public required string BodyHref { get; init => field = Given.NotNull(value); }
}

/// <summary>Why a signature is wrong, by the host's current settings.</summary>
public sealed record SignatureDiagnosis
{
    /// <summary>
    /// How it differs: <c>right</c>, <c>unknownAccessKey</c>, <c>malformed</c>, <c>urlScheme</c>, <c>host</c>, <c>path</c>, <c>trailingSlash</c>, <c>query</c>,
    /// <c>contentType</c>, <c>headers</c>, <c>signatureScheme</c>, <c>encoding</c>, <c>otherSecretKey</c>, <c>unexplained</c>, <c>inconclusive</c>, or what a
    /// newer host says.
    /// </summary>
    public required IReadOnlyList<string> Findings { get; init => field = Given.Whole(value); }

    /// <summary>The access key that the notification names; null if it names none.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The URL that the signature was checked against, its token replaced by <c>***</c>.</summary>
    public required string CheckedUrl { get; init => field = Given.NotNull(value); }

    /// <summary>The URL that the signature is right for; null if it is unknown or the same.</summary>
    public string? SignedUrl { get; init; }

    /// <summary>What to change, in English.</summary>
    public required string Suggestion { get; init => field = Given.NotNull(value); }
}

/// <summary>One page of quarantined notifications, newest first.</summary>
public sealed record QuarantinePage
{
    /// <summary>The notifications.</summary>
    public required IReadOnlyList<QuarantinedNotification> Notifications { get; init => field = Given.Whole(value); }

    /// <summary>What the next page is asked for with; null after the last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Continuation { get; init; }

    /// <summary>The keys of notifications that belong into the page and that the host cannot read from its store; null if there is none.</summary>
    public IReadOnlyList<string>? Unreadable { get; init => field = value is null ? null : Given.Whole(value); }
}

/// <summary>What became of a quarantined notification that was taken again.</summary>
public sealed record RetriedNotification
{
    /// <summary>Its key.</summary>
    public required string Key { get; init => field = Given.NotNull(value); }

    /// <summary><c>recorded</c>, <c>hinted</c> or <c>purged</c>: it left the quarantine. <c>quarantined</c>: it stays.</summary>
    public required string Result { get; init => field = Given.NotNull(value); }

    /// <summary>Why it stays; null if it does not.</summary>
    public string? Reason { get; init; }

    /// <summary>Why its signature is wrong; null if that is not why it stays.</summary>
    public SignatureDiagnosis? Signature { get; init; }
}
