using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>The stored format of a job. Members that are added later are absent in older documents and take their defaults.</summary>
public static class JobJson
{
    /// <summary>The highest format number that this version reads (<see cref="Job.Form"/>).</summary>
    public const int LatestForm = 0;

    /// <summary>A job as UTF-8 JSON.</summary>
    public static byte[] Serialize(Job job) => JsonWriting.ToBytes(job, JobDocument.Write);

    /// <summary>Reads a job that <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="JsonException">The document is not a job.</exception>
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
            // A document that is not a job can be anything, so reading it may fail anywhere.
            throw new JsonException("it is not a job", damaged);
        }
    }

    /// <summary>Reads a stored document. It alone decides which documents can be read.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="key">The expected key.</param>
    /// <param name="job">The job; null if the document cannot be read.</param>
    /// <param name="problem">Why it cannot be read, without its content; null if it can.</param>
    public static bool TryDeserialize(ReadOnlySpan<byte> utf8, JobKey key, [NotNullWhen(true)] out Job? job, [NotNullWhen(false)] out string? problem)
    {
        try
        {
            (job, problem) = (Deserialize(utf8), null);
            if (job.Key == key)
                return true;
            (job, problem) = (null, "its document belongs to another job");
        }
        catch (JsonException damaged)
        {
            (job, problem) = (null, InWords(damaged));
        }

        return false;
    }

    /// <summary>The status of the watch in a document. The members it derives from have not changed since the first version.</summary>
    private static WatchStatus StatusOf(Job job) =>
        job.HasOutcome ? WatchStatus.Done
        : job.Watch.StoredStopped ? WatchStatus.Stopped
        : job is { IsExpired: true, Watch.DueAt: null } ? WatchStatus.GivenUp
        : WatchStatus.Watching;

    // The serializer's messages quote the document, so only the position is reported, and none within metadata, whose names an application chose.
    private static string InWords(JsonException damaged) => damaged.Path switch
    {
        null => $"its document cannot be read: {(damaged.InnerException is JsonException ? "it is not JSON" : damaged.Message)}",
        "$" or "" => "its document is not a job, or is cut off",
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

        // The converters of the contracts read unknown values as "unknown", which would then be written back.
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
    /// <summary>The context that writes documents. It escapes quotes in two bytes instead of six, and leaves letters of all languages unescaped.</summary>
    public static JobJsonContext Written => Relaxed.Context;

    // A separate class, because the order of initializers in a partial class is undefined.
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
