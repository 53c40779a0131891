using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>How FopWatch learned of a job.</summary>
public enum JobOrigin
{
    /// <summary>Only an untrusted notification names it. Until something genuine names it, nothing about it is published, and giving it up does not count.</summary>
    Hint,

    /// <summary>A genuine notification or poll answer names it.</summary>
    Report,

    /// <summary>An application registered it.</summary>
    Registration,
}

/// <summary>One <c>persistentId</c> at one source. It is an immutable value; every change is a pure function that returns a <see cref="JobChange"/>.</summary>
public sealed record Job
{
    /// <summary>The key.</summary>
    public required JobKey Key { get; init; }

    /// <summary>The kind of provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>How FopWatch learned of it.</summary>
    public required JobOrigin Origin { get; init; }

    /// <summary>The merged facts of all reports.</summary>
    public JobFacts Facts { get; init; } = JobFacts.None;

    /// <summary>The metadata that the application gave at registration.</summary>
    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = NoMetadata;

    /// <summary>When FopWatch first learned of it.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it last changed. Never earlier than the previous change, whatever the clocks say.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it last settled.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>What settled it.</summary>
    public SettledBy? SettledBy { get; init; }

    /// <summary>When a genuine notification arrived after a poll had settled the job; null if none did. It serves the statistics and makes no new version.</summary>
    public DateTimeOffset? NotifiedAt { get; init; }

    /// <summary>Whether FopWatch gave it up. A genuine outcome supersedes that.</summary>
    [JsonPropertyName("givenUp")]
    public bool IsExpired { get; init; }

    /// <summary>Increases with every change except those of <see cref="Watch"/>; 0 before the first commit.</summary>
    public long Version { get; init; }

    /// <summary>The state of the fallback poller.</summary>
    public required Watch Watch { get; init; }

    /// <summary>The history of the job. Events and lists do not contain it, and it makes no new version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Timeline Timeline { get; init; }

    /// <summary>
    /// The format number of the stored document. A version that writes what earlier versions would misread raises it, so that they leave the document alone.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Form { get; init; }

    /// <summary>The metadata key of the correlation in a notify URL.</summary>
    public const string CorrelationKey = "correlation";

    /// <summary>The most metadata that registrations may give a job: names and values together, in bytes of UTF-8.</summary>
    public const int MaxMetadataBytes = 4096;

    /// <summary>Empty metadata.</summary>
    public static ImmutableSortedDictionary<string, string> NoMetadata { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The state: the outcome that follows from the facts; without one, whether FopWatch gave up and how far the job is. An expired job changes its state when
    /// a genuine report completes its outcome; if only hints had named it, when anything genuine names it (<see cref="Apply"/>, <see cref="Register"/>).
    /// Everything else leaves it expired, but may cause it to be polled again (<see cref="JobDecider"/>).
    /// </summary>
    public JobState State =>
        Facts.Outcome
        ?? (IsExpired ? JobState.Expired
            : Facts.Started ? JobState.Processing
            : JobState.Waiting);

    /// <summary>Whether <see cref="State"/> is an outcome.</summary>
    public bool IsSettled => IsExpired || Facts.Outcome is not null;

    /// <summary>Whether the job has an outcome from the provider. No poll could improve on it.</summary>
    public bool HasOutcome => Facts.Outcome is not null;

    /// <summary>The status of the watch.</summary>
    public WatchStatus WatchStatus => Watch.Status;

    /// <summary>Whether the job is open, watched, and was found to be overdue (<see cref="OverdueAges"/>).</summary>
    public bool IsOverdue => !IsSettled && WatchStatus == WatchStatus.Watching && Watch.OverdueAt is not null;

    /// <summary>Creates a job that FopWatch learns of for the first time.</summary>
    /// <param name="key">The key.</param>
    /// <param name="provider">The kind of provider.</param>
    /// <param name="origin">How FopWatch learned of it.</param>
    /// <param name="watch">The watch.</param>
    /// <param name="now">The time.</param>
    public static Job New(JobKey key, ProviderKind provider, JobOrigin origin, Watch watch, DateTimeOffset now) => new()
    {
        Key = key,
        Provider = provider,
        Origin = origin,
        RegisteredAt = now,
        UpdatedAt = now,
        Watch = watch,
    };

    /// <summary>
    /// Merges a report. The merge is a join: any order and any repetition of reports ends in the same facts and the same state. Versions, times and
    /// <see cref="SettledBy"/> depend on the order.
    /// </summary>
    public JobChange Apply(JobReport report, DateTimeOffset now)
    {
        // A stale report that lists other commands does not undo an outcome.
        if (report.MayLackCommands && report.Facts.Closed && !HasOutcome && report.Facts.LacksUnfinished(Facts))
            report = report.WithoutClosing();
        var facts = Facts.Join(report.Facts);
        var origin = Origin == JobOrigin.Hint ? JobOrigin.Report : Origin;
        if (facts == Facts && origin == Origin)
            return JobChange.Nothing(this);

        // A hint may have named the id before it was submitted, so the status API rightly did not know it.
        var isExpired = IsExpired && Origin != JobOrigin.Hint;
        var by = report.Channel == ReportChannel.Notification ? Contracts.SettledBy.Notification : Contracts.SettledBy.Poll;
        return ChangedTo(this with { Facts = facts, Origin = origin, IsExpired = isExpired }, by, now);
    }

    /// <summary>Gives the job up: it becomes <see cref="JobState.Expired"/> unless it has an outcome.</summary>
    /// <param name="by">The reason: the deadline, or the answer of a poll (no such id).</param>
    /// <param name="now">The time.</param>
    public JobChange GiveUp(SettledBy by, DateTimeOffset now) =>
        IsSettled ? JobChange.Nothing(this) : ChangedTo(this with { IsExpired = true }, by, now);

    /// <summary>
    /// Records a registration by an application. Its metadata is merged into the existing metadata and takes precedence. New metadata of a settled
    /// job publishes its outcome again.
    /// </summary>
    /// <exception cref="MetadataTooLargeException">The merged metadata exceeds <see cref="MaxMetadataBytes"/>.</exception>
    public JobChange Register(IReadOnlyDictionary<string, string> metadata, DateTimeOffset now)
    {
        // Merging an empty dictionary would create a new instance without a change.
        var merged = metadata.Count == 0 ? Metadata : Metadata.SetItems(metadata);
        if (Origin == JobOrigin.Registration && Version > 0 && ReferenceEquals(merged, Metadata))
            return JobChange.Nothing(this);
        if (BytesOf(merged) is var bytes && bytes > MaxMetadataBytes)
            throw new MetadataTooLargeException(bytes);

        // A job that was given up before anything genuine named it did not expire: nobody waited for its outcome. Apply does the same.
        var isExpired = IsExpired && Origin != JobOrigin.Hint;
        return ChangedTo(this with { Metadata = merged, Origin = JobOrigin.Registration, IsExpired = isExpired }, null, now);
    }

    /// <summary>The size of metadata, in bytes of UTF-8. The correlation of a notify URL does not count, because the application did not choose to add it.</summary>
    public static int BytesOf(IEnumerable<KeyValuePair<string, string>> metadata) => metadata
        .Where(entry => entry.Key != CorrelationKey)
        .Sum(entry => Encoding.UTF8.GetByteCount(entry.Key) + Encoding.UTF8.GetByteCount(entry.Value));

    /// <summary>
    /// Stores the correlation in the path of a trusted notify URL as metadata, unless the job already has one. A correlation added to a settled job
    /// publishes its outcome again.
    /// </summary>
    public JobChange Correlate(string? correlation, DateTimeOffset now) =>
        correlation is null || Metadata.ContainsKey(CorrelationKey)
            ? JobChange.Nothing(this)
            : ChangedTo(this with { Metadata = Metadata.Add(CorrelationKey, correlation) }, null, now);

    /// <summary>Changes only the version, so that a new event publishes the outcome again.</summary>
    public JobChange Republish(DateTimeOffset now)
    {
        var job = this with { Version = Version + 1, UpdatedAt = Later(now) };
        return new(job, IsSettled ? JobEvent.SettledType : JobEvent.ProgressedType);
    }

    /// <summary>Records that a genuine notification arrived late. Makes no new version and no event.</summary>
    public JobChange Notified(DateTimeOffset now) =>
        this is { HasOutcome: true, SettledBy: Contracts.SettledBy.Poll, NotifiedAt: null } ? new(this with { NotifiedAt = now }, null) : JobChange.Nothing(this);

    /// <summary>Records that the job is overdue, once per watch. Makes a new version.</summary>
    public JobChange BecomeOverdue(DateTimeOffset now) =>
        IsSettled || Origin == JobOrigin.Hint || WatchStatus != WatchStatus.Watching || Watch.OverdueAt is not null
            ? JobChange.Nothing(this)
            : new(this with { Watch = Watch with { OverdueAt = now }, Version = Version + 1, UpdatedAt = Later(now) }, JobEvent.OverdueType);

    /// <summary>Changes only the watch. Makes no new version and no event.</summary>
    public JobChange Rewatch(Watch watch) => new(this with { Watch = watch }, null);

    // Machines with different clocks may change a job. The times of its events must keep the order of their versions.
    private DateTimeOffset Later(DateTimeOffset now) => now > UpdatedAt ? now : UpdatedAt;

    /// <summary>The next version of the job. Decides whether it publishes an event, and of which type.</summary>
    private JobChange ChangedTo(Job next, SettledBy? by, DateTimeOffset now)
    {
        now = Later(now);
        next = next with { Version = Version + 1, UpdatedAt = now };
        var outcomeMoved = next.IsSettled && (!IsSettled || next.State != State);
        if (outcomeMoved)
            next = next with { SettledAt = now, SettledBy = by };
        if (next.HasOutcome)
            next = next with { Watch = next.Watch.End() };

        // Only an untrusted notification has named the job. Anyone who can call the URL must not be able to publish events about
        // ids of their choice.
        if (next.Origin == JobOrigin.Hint)
            return new(next, null);

        if (next.IsSettled)
        {
            var (before, after) = (Facts.Counts, next.Facts.Counts);
            var countsMoved = (before.Succeeded, before.Failed) != (after.Succeeded, after.Failed);

            // Subscribers route by metadata, and a fast job settles before its registration arrives.
            var metadataMoved = !ReferenceEquals(Metadata, next.Metadata);
            return new(next, outcomeMoved || (HasOutcome && countsMoved) || metadataMoved ? JobEvent.SettledType : null);
        }

        return new(next, Facts.MovedTo(next.Facts) ? JobEvent.ProgressedType : null);
    }
}

/// <summary>The result of a decision: the job to store, and the event to publish with it.</summary>
/// <param name="Job">The job after the change.</param>
/// <param name="EventType">The type of the event; null for none. There is at most one event per version.</param>
public sealed record JobChange(Job Job, string? EventType)
{
    /// <summary>Whether there is anything to commit; set by <see cref="JobDecider"/>.</summary>
    public bool IsWritten { get; init; }

    /// <summary>No change.</summary>
    public static JobChange Nothing(Job job) => new(job, null);

    /// <summary>This change followed by another, committed as one, with the last version and the more important event.</summary>
    public JobChange Then(Func<Job, JobChange> next)
    {
        var (job, eventType) = next(Job);
        return new(job, EventType == JobEvent.SettledType ? EventType : eventType ?? EventType);
    }
}
