using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>How stores write a job down. Members that are added later are absent in older documents and take their defaults.</summary>
public static class JobJson
{
    /// <summary>A job as UTF-8 JSON.</summary>
    public static byte[] Serialize(Job job) => JsonSerializer.SerializeToUtf8Bytes(job, JobJsonContext.Default.Job);

    /// <summary>The job that <see cref="Serialize"/> wrote.</summary>
    /// <exception cref="JsonException">It is no such document.</exception>
    public static Job Deserialize(ReadOnlySpan<byte> utf8)
    {
        var job = JsonSerializer.Deserialize(utf8, JobJsonContext.Default.Job) ?? throw new JsonException("A stored job is null.");
        var facts = job.Facts.Redaction == CommandRedaction.Version ? job.Facts : ProviderKinds.For(job.Provider).Upgrade(job.Facts.Redacted());
        return job with { Metadata = Job.NoMetadata.SetItems(job.Metadata), Facts = facts };
    }
}

[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    Converters = [typeof(EquatableListConverter<ItemFacts>), typeof(EquatableListConverter<OutputFacts>), typeof(EquatableListConverter<PartCut>)],
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(ItemFacts[]))]
[JsonSerializable(typeof(OutputFacts[]))]
[JsonSerializable(typeof(PartCut[]))]
internal sealed partial class JobJsonContext : JsonSerializerContext;

internal sealed class EquatableListConverter<T> : JsonConverter<EquatableList<T>>
{
    public override EquatableList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new((T[]?)JsonSerializer.Deserialize(ref reader, options.GetTypeInfo(typeof(T[]))) ?? []);

    public override void Write(Utf8JsonWriter writer, EquatableList<T> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.ToArray(), options.GetTypeInfo(typeof(T[])));
}
