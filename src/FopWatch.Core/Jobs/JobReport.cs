namespace FopWatch.Jobs;

/// <summary>The way a report came. The same number means different things on each (providers.md, section 2).</summary>
public enum ReportChannel
{
    /// <summary>The provider called the notify URL.</summary>
    Notification,

    /// <summary>The status API answered.</summary>
    Poll,
}

/// <summary>What one notification or one poll answer said about a job, normalised.</summary>
public sealed record JobReport
{
    /// <summary>The id that the body names; null where a poll answer names none.</summary>
    public required string? Id { get; init; }

    /// <summary>The way it came.</summary>
    public required ReportChannel Channel { get; init; }

    /// <summary>What it says, and whether that concludes the job: <see cref="JobFacts.WithConclusion"/> decides it as they are set.</summary>
    public required JobFacts Facts { get; init => field = value.WithConclusion(); }

    /// <summary>
    /// The buckets that its commands name, where the body says nothing of the input's (Wangsu file management): those that they write to or
    /// work on.
    /// </summary>
    public EquatableList<string> CommandBuckets { get; init; } = [];

    /// <summary>
    /// Those of <see cref="CommandBuckets"/> that a command names which succeeded. Anyone can have a command fail that names the bucket of another
    /// account.
    /// </summary>
    public EquatableList<string> SucceededBuckets { get; init; } = [];

    /// <summary>The buckets that it is about: the input's, or else <see cref="CommandBuckets"/>.</summary>
    public IReadOnlyList<string> Buckets => Facts.Bucket is { } bucket ? [bucket] : CommandBuckets;

    /// <summary>The buckets that the job shows to be its account's: the input's, or else <see cref="SucceededBuckets"/>.</summary>
    public IReadOnlyList<string> ShownBuckets => Facts.Bucket is { } bucket ? [bucket] : SucceededBuckets;

    /// <summary>Whether its body is that of a workflow whose status has a query of its own (Qiniu workflow V3).</summary>
    public bool IsWorkflow { get; init; }

    /// <summary>
    /// Whether it may leave out commands although it says that the processing is over (a Wangsu notification that does not say whether it was
    /// sent <c>separate</c>ly). It does not close a job of which an unfinished command is known that it leaves out.
    /// </summary>
    public bool MayLackCommands { get; init; }

    /// <summary>
    /// Whether it says that the processing is over without saying how every command ended (a Wangsu notification sent
    /// <c>separate</c>ly): reason enough to ask the status API now.
    /// </summary>
    public bool AsksForPoll { get; init; }

    internal JobReport WithoutClosing() =>
        this with { Facts = Facts with { Closed = false, Raw = Facts.Raw is { } raw ? raw with { Closing = false } : null } };
}
