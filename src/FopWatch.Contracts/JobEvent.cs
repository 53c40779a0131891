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

    /// <summary>The job has its outcome.</summary>
    public const string SettledType = "fopwatch.job.settled";

    /// <summary>The media type of an event in structured mode.</summary>
    public const string ContentType = "application/cloudevents+json";

    /// <summary>Always <c>1.0</c>.</summary>
    [JsonPropertyName("specversion")]
    public string SpecVersion { get; init; } = "1.0";

    /// <summary>Derived from source, id and version: the same event always has the same id.</summary>
    public required string Id { get; init; }

    /// <summary><see cref="ProgressedType"/> or <see cref="SettledType"/>.</summary>
    public required string Type { get; init; }

    /// <summary><c>/fopwatch/{source}</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The <c>persistentId</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>When the change was recorded.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Always <c>application/json</c>.</summary>
    [JsonPropertyName("datacontenttype")]
    public string DataContentType { get; init; } = "application/json";

    /// <summary>The job.</summary>
    public required JobRecord Data { get; init; }
}
