namespace FopWatch.Jobs;

/// <summary>The channel of a report. The same code means different things on each channel (providers.md, section 2).</summary>
public enum ReportChannel
{
    /// <summary>The provider called the notify URL.</summary>
    Notification,

    /// <summary>The status API answered.</summary>
    Poll,
}

/// <summary>The normalised content of one notification or one poll answer about a job.</summary>
public sealed record JobReport
{
    /// <summary>The id in the body; null if a poll answer names none.</summary>
    public required string? Id { get; init; }

    /// <summary>The channel.</summary>
    public required ReportChannel Channel { get; init; }

    /// <summary>The facts. When they are set, <see cref="JobFacts.WithConclusion"/> decides whether they conclude the job.</summary>
    public required JobFacts Facts { get; init => field = value.WithConclusion(); }

    /// <summary>
    /// The buckets that its commands read or write, if the body does not name the bucket of the input (Wangsu file management).
    /// </summary>
    public EquatableList<string> CommandBuckets { get; init; } = [];

    /// <summary>
    /// The <see cref="CommandBuckets"/> of commands that succeeded. A failed command proves nothing: anyone can submit a command that names the bucket of
    /// another account.
    /// </summary>
    public EquatableList<string> SucceededBuckets { get; init; } = [];

    /// <summary>The buckets of the job: that of the input, or else <see cref="CommandBuckets"/>.</summary>
    public IReadOnlyList<string> Buckets => Facts.Bucket is { } bucket ? [bucket] : CommandBuckets;

    /// <summary>The buckets that demonstrably belong to the account: that of the input, or else <see cref="SucceededBuckets"/>.</summary>
    public IReadOnlyList<string> ShownBuckets => Facts.Bucket is { } bucket ? [bucket] : SucceededBuckets;

    /// <summary>Whether the body is that of a workflow, whose status has a separate query (Qiniu workflow V3).</summary>
    public bool IsWorkflow { get; init; }

    /// <summary>
    /// Whether it may lack commands although it says that the processing is over (a Wangsu notification that does not say whether it was sent
    /// <c>separate</c>ly). It does not close a job if it lacks a command that is known to be unfinished.
    /// </summary>
    public bool MayLackCommands { get; init; }

    /// <summary>
    /// Whether it says that the processing is over but not how every command ended (a Wangsu notification sent <c>separate</c>ly). That is a
    /// reason to poll now.
    /// </summary>
    public bool AsksForPoll { get; init; }

    internal JobReport WithoutClosing() =>
        this with { Facts = Facts with { Closed = false, Raw = Facts.Raw is { } raw ? raw with { Closing = false } : null } };
}
