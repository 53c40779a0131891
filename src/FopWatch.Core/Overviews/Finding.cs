using FopWatch.Diagnosis;
using FopWatch.Wording;

namespace FopWatch.Overviews;

/// <summary>The severity of a finding.</summary>
public enum FindingLevel
{
    /// <summary>Something does not work: outcomes are late or may be lost.</summary>
    Trouble,

    /// <summary>Something is probably wrong, but outcomes are still found.</summary>
    Warning,

    /// <summary>Something costs more than necessary.</summary>
    Info,
}

/// <summary>Something that deserves attention. It holds no id, token, secret key or body.</summary>
public sealed record Finding
{
    /// <summary>
    /// The kind, as a stable word: one of <c>noNotifications</c>, <c>fewNotifications</c>, <c>lateNotifications</c>, <c>unsignedNotifications</c>, <c>unknownAccessKey</c>,
    /// <c>quarantineFills</c>, <c>quarantined</c>, <c>pollsHeldBack</c>, <c>jobsOverdue</c>, <c>booksUnaccounted</c>, <c>publishingSlow</c>, or a kind of trouble in
    /// <c>/health/ready</c>. Later versions may add words.
    /// </summary>
    public required string Kind { get; init; }

    /// <summary>The severity.</summary>
    public required FindingLevel Level { get; init; }

    /// <summary>When it began; null if that is unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How often it has happened, or how many are affected; null if there is nothing to count.</summary>
    public long? Count { get; init; }

    /// <summary>What it is and what to do about it, in the language of the request.</summary>
    public required Sentence Detail { get; init; }

    /// <summary>Converts a trouble to a finding.</summary>
    public static Finding Of(Trouble trouble)
    {
        ArgumentNullException.ThrowIfNull(trouble);
        return new()
        {
            Kind = KindOf(trouble.Kind),
            Level = LevelOf(trouble.Kind),
            Since = trouble.Since,
            Count = trouble.Count,
            Detail = trouble.Detail is { } seen ? (Sentence)$"{trouble.What} ({seen}). {trouble.Hint}." : (Sentence)$"{trouble.What}. {trouble.Hint}.",
        };
    }

    /// <summary>The word for a kind of trouble.</summary>
    public static string KindOf(TroubleKind kind)
    {
        var name = kind.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    // A trouble that strangers can cause is at most a warning.
    private static FindingLevel LevelOf(TroubleKind kind) => kind switch
    {
        TroubleKind.StatusApiThrottles or TroubleKind.UnknownIds or TroubleKind.WrongSignature or TroubleKind.UnreadableNotifications
            or TroubleKind.UnreadableUploads or TroubleKind.OutOfScope or TroubleKind.WrongToken or TroubleKind.UnknownNotifyUrl or TroubleKind.UploadMetadataTooLarge
            or TroubleKind.TelemetryExportFails or TroubleKind.ClockJumped or TroubleKind.RestartNeeded => FindingLevel.Warning,
        _ => FindingLevel.Trouble,
    };
}
