using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>A CloudEvents 1.0 event with the state of a job.</summary>
/// <remarks>
/// Each event is delivered at least once, always with the same <see cref="Id"/>. Events may arrive out of order: per <see cref="Source"/> and
/// <see cref="Subject"/>, keep the one with the latest <see cref="JobRecord.RegisteredAt"/> and, of these, the highest <see cref="JobRecord.Version"/>.
/// </remarks>
public sealed record JobEvent
{
    /// <summary>An item or the state of the job changed, and the job is not settled.</summary>
    public const string ProgressedType = "fopwatch.job.progressed";

    /// <summary>The job is older than 1.5 times the 95th percentile of its class, and is not settled. Published once per watch.</summary>
    public const string OverdueType = "fopwatch.job.overdue";

    /// <summary>The job has an outcome.</summary>
    public const string SettledType = "fopwatch.job.settled";

    /// <summary>The media type of an event in structured mode.</summary>
    public const string ContentType = "application/cloudevents+json";

    /// <summary>The prefix of <see cref="Source"/>. The name of the source follows it.</summary>
    public const string SourcePrefix = "/fopwatch/";

    /// <summary>Always <c>1.0</c>.</summary>
    [JsonPropertyName("specversion")]
    public string SpecVersion { get; init => field = value ?? "1.0"; } = "1.0";

    /// <summary>Derived from the job's source, id, registration time and version, so the same event always has the same id.</summary>
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
    /// The URI reference of the whole job in the HTTP API. If it is relative, resolve it against the URL of that API. This extension attribute
    /// is present only if the event was truncated (<see cref="JobRecord.Truncated"/>). The job may have changed since the event.
    /// </summary>
    public string? Job { get; init; }

    /// <summary>The job.</summary>
    public required JobRecord Data { get; init; }

    /// <summary>Parses an event from the body of a message.</summary>
    /// <param name="body">A CloudEvents 1.0 event in structured mode: JSON in UTF-8, with or without a byte order mark.</param>
    /// <returns>The event.</returns>
    /// <exception cref="FormatException">The body is not an event that this version can read. The message is the reason that
    /// <see cref="TryParse(ReadOnlyMemory{byte}, out JobEvent?, out string?)"/> gives.</exception>
    public static JobEvent Parse(ReadOnlyMemory<byte> body) =>
        TryParse(body, out var parsed, out var reason) ? parsed : throw new FormatException(reason);

    /// <inheritdoc cref="TryParse(ReadOnlyMemory{byte}, out JobEvent?, out string?)"/>
    public static bool TryParse(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out JobEvent? parsed) => TryParse(body, out parsed, out _);

    /// <summary>Parses an event from the body of a message. Never throws, whatever the body is.</summary>
    /// <remarks>
    /// <para>
    /// Accepts a CloudEvents 1.0 event in structured mode (JSON in UTF-8, with or without a byte order mark) that has one of the types
    /// of this class and all members that are <c>required</c> here, and whose source and subject match the job in it.
    /// Ignores members that this version does not know.
    /// </para>
    /// <para>
    /// A later FopWatch may add values. An unknown <see cref="ItemState"/> or <see cref="NotificationDelivery"/> is read as
    /// <c>Unknown</c>. An event with an unknown <see cref="JobState"/>, <see cref="Contracts.SettledBy"/>, <see cref="ProviderKind"/> or event type
    /// is rejected, because any interpretation would be wrong. Dead-letter such a message, and process it again when the subscriber
    /// has a newer version of this package.
    /// </para>
    /// </remarks>
    /// <param name="body">The body.</param>
    /// <param name="parsed">The event, if the body is one.</param>
    /// <param name="reason">Why the body is not an event: up to 512 characters, in English, for people. Quotes at most one name or value of the body.</param>
    /// <returns>Whether the body is an event that this version can read.</returns>
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
