using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>How stores write a job down. Members that are added later are absent in older documents and take their defaults.</summary>
public static class JobJson
{
    /// <summary>The latest form of documents that this version reads: <see cref="Job.Form"/>.</summary>
    public const int LatestForm = 0;

    /// <summary>A job as UTF-8 JSON.</summary>
    public static byte[] Serialize(Job job) => JsonWriting.ToBytes(job, JobDocument.Write);

    /// <summary>The job that <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="JsonException">It is no such document.</exception>
    public static Job Deserialize(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var job = JsonSerializer.Deserialize(utf8, JobJsonContext.Default.Job) ?? throw new JsonException("it is null");
            StoredJobCheck.ThrowIfDamaged(job);
            var facts = job.Facts.Redaction == CommandRedaction.Version ? job.Facts : ProviderKinds.For(job.Provider).Upgrade(job.Facts.Redacted());
            job = job with { Metadata = Job.NoMetadata.SetItems(job.Metadata), Facts = facts };
            return job with { Watch = job.Watch with { Status = StatusOf(job) } };
        }
        catch (Exception damaged) when (damaged is not (JsonException or OutOfMemoryException))
        {
            // A document that is not one of a job can be anything, and what reads it may stumble over it anywhere.
            throw new JsonException("it is not a job", damaged);
        }
    }

    /// <summary>The job of a stored document; the one place that says which documents can be read.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="key">The job that it is to be of.</param>
    /// <param name="job">The job; null if the document cannot be read.</param>
    /// <param name="problem">Why it cannot be, in words that hold nothing of its content; null if it can.</param>
    public static bool TryDeserialize(ReadOnlySpan<byte> utf8, JobKey key, [NotNullWhen(true)] out Job? job, [NotNullWhen(false)] out string? problem)
    {
        try
        {
            (job, problem) = (Deserialize(utf8), null);
            if (job.Key == key)
                return true;
            (job, problem) = (null, "its document is another job's");
        }
        catch (JsonException damaged)
        {
            (job, problem) = (null, InWords(damaged));
        }

        return false;
    }

    /// <summary>Where the watch of a document stands: what it holds has been the same since the first version.</summary>
    private static WatchStatus StatusOf(Job job) =>
        job.HasOutcome ? WatchStatus.Done
        : job.Watch.StoredStopped ? WatchStatus.Stopped
        : job is { IsExpired: true, Watch.DueAt: null } ? WatchStatus.GivenUp
        : WatchStatus.Watching;

    /// <summary>The serializer's own words quote the document; where it stopped is said, except within what an application named.</summary>
    private static string InWords(JsonException damaged) => damaged.Path switch
    {
        null => $"its document cannot be read: {(damaged.InnerException is JsonException ? "it is not JSON" : damaged.Message)}",
        "$" or "" => "its document is not one of a job, or is cut off",
        var path when path.StartsWith("$.metadata", StringComparison.Ordinal) => "its document cannot be read at $.metadata",
        var path => $"its document cannot be read at {path}",
    };
}

[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    Converters =
    [
        typeof(EquatableListConverter<ItemFacts>),
        typeof(EquatableListConverter<OutputFacts>),
        typeof(EquatableListConverter<PartCut>),
        typeof(TimelineConverter),

        // What subscribers may take for unknown would be written back as unknown.
        typeof(CamelCaseEnumConverter<ItemState>),
        typeof(CamelCaseEnumConverter<NotificationDelivery>),
    ],
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(ItemFacts[]))]
[JsonSerializable(typeof(OutputFacts[]))]
[JsonSerializable(typeof(PartCut[]))]
internal sealed partial class JobJsonContext : JsonSerializerContext
{
    /// <summary>What documents are written with: the quotes of the raw body take two bytes each instead of six, and letters of all languages theirs.</summary>
    public static JobJsonContext Written => Relaxed.Context;

    /// <summary>Apart, because the order in which the initializers of a partial class run is not defined.</summary>
    private static class Relaxed
    {
        public static readonly JobJsonContext Context = new(new(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}

internal sealed class EquatableListConverter<T> : JsonConverter<EquatableList<T>>
{
    public override EquatableList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new((T[]?)JsonSerializer.Deserialize(ref reader, options.GetTypeInfo(typeof(T[]))) ?? []);

    public override void Write(Utf8JsonWriter writer, EquatableList<T> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.ToArray(), options.GetTypeInfo(typeof(T[])));
}
