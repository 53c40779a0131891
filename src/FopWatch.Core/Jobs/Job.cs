using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>How FopWatch came to know of a job.</summary>
public enum JobOrigin
{
    /// <summary>Only an untrusted notification names it. Nothing is published of it, and what was found out about it counts for nothing, until something genuine names it.</summary>
    Hint,

    /// <summary>A genuine notification or poll answer names it.</summary>
    Report,

    /// <summary>An application registered it.</summary>
    Registration,
}

/// <summary>One <c>persistentId</c> at one source: an immutable value. Every change is a pure function to a <see cref="JobChange"/>.</summary>
public sealed record Job
{
    /// <summary>What identifies it.</summary>
    public required JobKey Key { get; init; }

    /// <summary>The kind of provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>How FopWatch came to know of it.</summary>
    public required JobOrigin Origin { get; init; }

    /// <summary>Everything that reports have said.</summary>
    public JobFacts Facts { get; init; } = JobFacts.None;

    /// <summary>What the application gave at registration.</summary>
    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = NoMetadata;

    /// <summary>When FopWatch first heard of it.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it last changed. Never earlier than the change before, whosever clock said so.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it settled last.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>What settled it.</summary>
    public SettledBy? SettledBy { get; init; }

    /// <summary>When a genuine notification came of a job that a poll had settled before; null if none did. It is for the statistics, and no change of the job.</summary>
    public DateTimeOffset? NotifiedAt { get; init; }

    /// <summary>Whether FopWatch gave up on it. A genuine outcome supersedes that.</summary>
    [JsonPropertyName("givenUp")]
    public bool IsExpired { get; init; }

    /// <summary>Grows with every change but those of <see cref="Watch"/>; 0 before the first commit.</summary>
    public long Version { get; init; }

    /// <summary>The fallback poller's state.</summary>
    public required Watch Watch { get; init; }

    /// <summary>What happened to it. Neither events nor lists have it, and it makes no new version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Timeline Timeline { get; init; }

    /// <summary>
    /// The form of the stored document. A version that writes what earlier ones would misunderstand raises it, and they leave the document alone.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Form { get; init; }

    /// <summary>The metadata key under which the correlation of a notify URL is kept.</summary>
    public const string CorrelationKey = "correlation";

    /// <summary>The most metadata that registrations may give a job, names and values together, in bytes of UTF-8.</summary>
    public const int MaxMetadataBytes = 4096;

    /// <summary>No metadata.</summary>
    public static ImmutableSortedDictionary<string, string> NoMetadata { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// How the job stands: a function of the facts, and of whether FopWatch gave up where they give no outcome. An expired job takes another state when a
    /// genuine report completes its outcome; or, if only hints had named it, when anything genuine does (<see cref="Apply"/>, <see cref="Register"/>).
    /// Anything else leaves it expired, and may have it polled again (<see cref="JobDecider"/>).
    /// </summary>
    public JobState State =>
        Facts.Outcome
        ?? (IsExpired ? JobState.Expired
            : Facts.Started ? JobState.Processing
            : JobState.Waiting);

    /// <summary>Whether <see cref="State"/> is an outcome.</summary>
    public bool IsSettled => IsExpired || Facts.Outcome is not null;

    /// <summary>Whether the job is settled with an outcome of the provider's, which no poll could better.</summary>
    public bool HasOutcome => Facts.Outcome is not null;

    /// <summary>Where the watch of the job stands.</summary>
    public WatchStatus WatchStatus => Watch.Status;

    /// <summary>Whether the job is open, watched, and was found to be overdue (<see cref="OverdueAges"/>).</summary>
    public bool IsOverdue => !IsSettled && WatchStatus == WatchStatus.Watching && Watch.OverdueAt is not null;

    /// <summary>A job that FopWatch hears of for the first time.</summary>
    /// <param name="key">What identifies it.</param>
    /// <param name="provider">The kind of provider.</param>
    /// <param name="origin">How it came.</param>
    /// <param name="watch">Its watch.</param>
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
    /// Merges a report: a join, so that any order and any repetition of reports ends in the same facts and the same state.
    /// Versions, times and <see cref="SettledBy"/> tell how this record got there, and so depend on the order.
    /// </summary>
    public JobChange Apply(JobReport report, DateTimeOffset now)
    {
        // Once the job has an outcome, a stale report of further commands does not undo it.
        if (report.MayLackCommands && report.Facts.Closed && !HasOutcome && report.Facts.LacksUnfinished(Facts))
            report = report.WithoutClosing();
        var facts = Facts.Join(report.Facts);
        var origin = Origin == JobOrigin.Hint ? JobOrigin.Report : Origin;
        if (facts == Facts && origin == Origin)
            return JobChange.Nothing(this);

        // A hint may have named the id before it was submitted, and the status API have known nothing of it for good reason.
        var isExpired = IsExpired && Origin != JobOrigin.Hint;
        var by = report.Channel == ReportChannel.Notification ? Contracts.SettledBy.Notification : Contracts.SettledBy.Poll;
        return ChangedTo(this with { Facts = facts, Origin = origin, IsExpired = isExpired }, by, now);
    }

    /// <summary>Gives the job up: it becomes <see cref="JobState.Expired"/> unless it has an outcome.</summary>
    /// <param name="by">Whether the deadline or a poll's answer (no such id) was the reason.</param>
    /// <param name="now">The time.</param>
    public JobChange GiveUp(SettledBy by, DateTimeOffset now) =>
        IsSettled ? JobChange.Nothing(this) : ChangedTo(this with { IsExpired = true }, by, now);

    /// <summary>
    /// Records that an application registered the job. Its metadata is added to what is there, and wins. Metadata that is new to a settled
    /// job publishes its outcome again.
    /// </summary>
    /// <exception cref="MetadataTooLargeException">Together they are more than <see cref="MaxMetadataBytes"/>.</exception>
    public JobChange Register(IReadOnlyDictionary<string, string> metadata, DateTimeOffset now)
    {
        // An empty dictionary makes another one of nothing.
        var merged = metadata.Count == 0 ? Metadata : Metadata.SetItems(metadata);
        if (Origin == JobOrigin.Registration && Version > 0 && ReferenceEquals(merged, Metadata))
            return JobChange.Nothing(this);
        if (BytesOf(merged) is var bytes && bytes > MaxMetadataBytes)
            throw new MetadataTooLargeException(bytes);

        // A job that was given up before anything genuine named it did not expire: nobody waited for its outcome. Reports do the same.
        var isExpired = IsExpired && Origin != JobOrigin.Hint;
        return ChangedTo(this with { Metadata = merged, Origin = JobOrigin.Registration, IsExpired = isExpired }, null, now);
    }

    /// <summary>How much metadata is, in bytes of UTF-8. The correlation of a notify URL does not count: it comes unasked.</summary>
    public static int BytesOf(IEnumerable<KeyValuePair<string, string>> metadata) => metadata
        .Where(entry => entry.Key != CorrelationKey)
        .Sum(entry => Encoding.UTF8.GetByteCount(entry.Key) + Encoding.UTF8.GetByteCount(entry.Value));

    /// <summary>
    /// Keeps what the path of a trusted notify URL said the job belongs to, as metadata, unless there is such already. Added to a settled job,
    /// it publishes the outcome again.
    /// </summary>
    public JobChange Correlate(string? correlation, DateTimeOffset now) =>
        correlation is null || Metadata.ContainsKey(CorrelationKey)
            ? JobChange.Nothing(this)
            : ChangedTo(this with { Metadata = Metadata.Add(CorrelationKey, correlation) }, null, now);

    /// <summary>A change of version and nothing else, whose event tells the outcome once more to whoever lost it.</summary>
    public JobChange Republish(DateTimeOffset now)
    {
        var job = this with { Version = Version + 1, UpdatedAt = Later(now) };
        return new(job, IsSettled ? JobEvent.SettledType : JobEvent.ProgressedType);
    }

    /// <summary>Records that a genuine notification came late: no new version, no event.</summary>
    public JobChange Notified(DateTimeOffset now) =>
        this is { HasOutcome: true, SettledBy: Contracts.SettledBy.Poll, NotifiedAt: null } ? new(this with { NotifiedAt = now }, null) : JobChange.Nothing(this);

    /// <summary>Records that the job is overdue: once per watch, as a new version.</summary>
    public JobChange BecomeOverdue(DateTimeOffset now) =>
        IsSettled || Origin == JobOrigin.Hint || WatchStatus != WatchStatus.Watching || Watch.OverdueAt is not null
            ? JobChange.Nothing(this)
            : new(this with { Watch = Watch with { OverdueAt = now }, Version = Version + 1, UpdatedAt = Later(now) }, JobEvent.OverdueType);

    /// <summary>Changes the watch alone: no new version, no event.</summary>
    public JobChange Rewatch(Watch watch) => new(this with { Watch = watch }, null);

    /// <summary>Two machines may have changed the job, and their clocks differ; the times of its events keep the order of their versions.</summary>
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

        // What only an untrusted notification has named is nobody's job yet; whoever can call the URL must not be able to
        // publish events about ids of his choice.
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

/// <summary>What a decision changes: the job as it is to be stored, and the event that is to be published with it.</summary>
/// <param name="Job">The job afterwards.</param>
/// <param name="EventType">The type of the event, or null for none. There is at most one per version.</param>
public sealed record JobChange(Job Job, string? EventType)
{
    /// <summary>Whether there is anything to commit; set by <see cref="JobDecider"/>.</summary>
    public bool IsWritten { get; init; }

    /// <summary>No change.</summary>
    public static JobChange Nothing(Job job) => new(job, null);

    /// <summary>This change and another one after it, committed as one: under the last version, with the event that says more.</summary>
    public JobChange Then(Func<Job, JobChange> next)
    {
        var (job, eventType) = next(Job);
        return new(job, EventType == JobEvent.SettledType ? EventType : eventType ?? EventType);
    }
}
