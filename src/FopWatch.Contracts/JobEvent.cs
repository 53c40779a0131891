using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>A CloudEvents 1.0 event that says how a job stands.</summary>
/// <remarks>
/// Events are delivered at least once, always with the same <see cref="Id"/>, and may overtake each other:
/// keep the highest <see cref="JobRecord.Version"/> per <see cref="Source"/> and <see cref="Subject"/>.
/// </remarks>
public sealed record JobEvent
{
    /// <summary>An item or the state moved, and the job is not settled.</summary>
    public const string ProgressedType = "fopwatch.job.progressed";

    /// <summary>The job is older than 1.5 times the 95th percentile of its class, and is not settled. Published once per watch.</summary>
    public const string OverdueType = "fopwatch.job.overdue";

    /// <summary>The job has its outcome.</summary>
    public const string SettledType = "fopwatch.job.settled";

    /// <summary>The media type of an event in structured mode.</summary>
    public const string ContentType = "application/cloudevents+json";

    /// <summary>What <see cref="Source"/> begins with; the name of the source follows.</summary>
    public const string SourcePrefix = "/fopwatch/";

    /// <summary>Always <c>1.0</c>.</summary>
    [JsonPropertyName("specversion")]
    public string SpecVersion { get; init => field = value ?? "1.0"; } = "1.0";

    /// <summary>Derived from source, id, time of registration and version: the same event always has the same id.</summary>
    public required string Id { get; init; }

    /// <summary><see cref="ProgressedType"/>, <see cref="OverdueType"/> or <see cref="SettledType"/>.</summary>
    public required string Type { get; init; }

    /// <summary><c>/fopwatch/{source}</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The <c>persistentId</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>When the change was recorded.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Always <c>application/json</c>.</summary>
    [JsonPropertyName("datacontenttype")]
    public string DataContentType { get; init => field = value ?? "application/json"; } = "application/json";

    /// <summary>
    /// Where the HTTP API has the whole job: a URI reference, against that API's URL where it is relative. An extension attribute,
    /// there only where the event had to be reduced (<see cref="JobRecord.Truncated"/>); the job may have moved on since.
    /// </summary>
    public string? Job { get; init; }

    /// <summary>The job.</summary>
    public required JobRecord Data { get; init; }

    /// <summary>The event that a message's body holds.</summary>
    /// <param name="body">A CloudEvents 1.0 event in structured mode: JSON in UTF-8, with or without a byte order mark.</param>
    /// <returns>The event.</returns>
    /// <exception cref="FormatException">It holds none that this version can read. The message says why, as
    /// <see cref="TryParse(ReadOnlyMemory{byte}, out JobEvent?, out string?)"/> does.</exception>
    public static JobEvent Parse(ReadOnlyMemory<byte> body) =>
        TryParse(body, out var parsed, out var reason) ? parsed : throw new FormatException(reason);

    /// <inheritdoc cref="TryParse(ReadOnlyMemory{byte}, out JobEvent?, out string?)"/>
    public static bool TryParse(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out JobEvent? parsed) => TryParse(body, out parsed, out _);

    /// <summary>The event that a message's body holds. Throws for no body.</summary>
    /// <remarks>
    /// <para>
    /// Right is a CloudEvents 1.0 event in structured mode (JSON in UTF-8, with or without a byte order mark), of one of the types
    /// of this class, that has all members that are <c>required</c> here and whose source and subject are those of the job in it.
    /// Members that this version does not know are ignored.
    /// </para>
    /// <para>
    /// Of values that a later FopWatch may add, an <see cref="ItemState"/> or <see cref="NotificationDelivery"/> is read as
    /// <c>Unknown</c>. A new <see cref="JobState"/>, <see cref="Contracts.SettledBy"/>, <see cref="ProviderKind"/> or event type is
    /// refused, because any reading of it would be wrong: let the broker keep such a message (dead-letter it) until the subscriber
    /// has a newer version of this package, and take it then.
    /// </para>
    /// </remarks>
    /// <param name="body">The body.</param>
    /// <param name="parsed">The event, if there is one.</param>
    /// <param name="reason">Why there is none: up to 512 characters, in English, for people. Quotes no more than a name or a value.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TryParse(
        ReadOnlyMemory<byte> body,
        [NotNullWhen(true)] out JobEvent? parsed,
        [NotNullWhen(false)] out string? reason)
    {
        (parsed, reason) = JobEventReader.Read(body.Span);
        return parsed is not null;
    }

    /// <summary>Parses an event from text, such as the <c>data</c> of a server-sent event.</summary>
    /// <param name="json">A CloudEvents 1.0 event in structured mode: JSON, with or without a byte order mark.</param>
    /// <returns>The event.</returns>
    /// <exception cref="FormatException">The text is not an event that this version can read. The message is the reason that
    /// <see cref="TryParse(string?, out JobEvent?, out string?)"/> gives.</exception>
    public static JobEvent Parse(string json) =>
        TryParse(json, out var parsed, out var reason) ? parsed : throw new FormatException(reason);

    /// <summary>Parses an event from text, such as the <c>data</c> of a server-sent event.</summary>
    /// <param name="json">The text. Null is not an event.</param>
    /// <param name="parsed">The event, if the text is one.</param>
    /// <returns>Whether the text is an event that this version can read.</returns>
    public static bool TryParse([NotNullWhen(true)] string? json, [NotNullWhen(true)] out JobEvent? parsed) =>
        TryParse(json, out parsed, out _);

    /// <summary>Parses an event from text and says why it cannot be parsed.</summary>
    /// <remarks>Accepts the same events as <see cref="TryParse(ReadOnlyMemory{byte}, out JobEvent?, out string?)"/>.</remarks>
    /// <param name="json">The text. Null is not an event.</param>
    /// <param name="parsed">The event, if the text is one.</param>
    /// <param name="reason">Why the text is not an event: up to 512 characters, in English, for people.</param>
    /// <returns>Whether the text is an event that this version can read.</returns>
    public static bool TryParse(
        [NotNullWhen(true)] string? json,
        [NotNullWhen(true)] out JobEvent? parsed,
        [NotNullWhen(false)] out string? reason)
    {
        (parsed, reason) = JobEventReader.Read(json);
        return parsed is not null;
    }
}
