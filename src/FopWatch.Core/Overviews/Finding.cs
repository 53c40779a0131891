using FopWatch.Diagnosis;

namespace FopWatch.Overviews;

/// <summary>How much a finding matters.</summary>
public enum FindingLevel
{
    /// <summary>Something does not work: outcomes are late, or would be lost.</summary>
    Trouble,

    /// <summary>Something is likely to be wrong, and outcomes are found nevertheless.</summary>
    Warning,

    /// <summary>Something costs more than it has to.</summary>
    Info,
}

/// <summary>Something that is worth looking at. It holds no id, token, secret key or body.</summary>
public sealed record Finding
{
    /// <summary>
    /// What it is, in a stable word: one of <c>noNotifications</c>, <c>fewNotifications</c>, <c>lateNotifications</c>, <c>unsignedNotifications</c>, <c>unknownAccessKey</c>,
    /// <c>quarantineFills</c>, <c>quarantined</c>, <c>pollsHeldBack</c>, <c>jobsOverdue</c>, <c>booksUnaccounted</c>, <c>publishingSlow</c>, or a kind of a trouble of
    /// <c>/health/ready</c>. Later versions may add words.
    /// </summary>
    public required string Kind { get; init; }

    /// <summary>How much it matters.</summary>
    public required FindingLevel Level { get; init; }

    /// <summary>When it began; null if that is unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How often it has happened, or of how many it is; null if there is nothing to count.</summary>
    public long? Count { get; init; }

    /// <summary>What it is and what to do about it, in English.</summary>
    public required string Detail { get; init; }

    /// <summary>A trouble as a finding.</summary>
    public static Finding Of(Trouble trouble)
    {
        ArgumentNullException.ThrowIfNull(trouble);
        return new()
        {
            Kind = KindOf(trouble.Kind),
            Level = LevelOf(trouble.Kind),
            Since = trouble.Since,
            Count = trouble.Count,
            Detail = $"{trouble.What}{(trouble.Detail is { } seen ? $" ({seen})" : "")}. {trouble.Hint}.",
        };
    }

    /// <summary>The word of a kind of trouble.</summary>
    public static string KindOf(TroubleKind kind)
    {
        var name = kind.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    // What strangers can cause is a warning at most.
    private static FindingLevel LevelOf(TroubleKind kind) => kind switch
    {
        TroubleKind.StatusApiThrottles or TroubleKind.UnknownIds or TroubleKind.WrongSignature or TroubleKind.UnreadableNotifications
            or TroubleKind.OutOfScope or TroubleKind.WrongToken or TroubleKind.UnknownNotifyUrl or TroubleKind.UploadMetadataTooLarge
            or TroubleKind.TelemetryExportFails or TroubleKind.ClockJumped => FindingLevel.Warning,
        _ => FindingLevel.Trouble,
    };
}
