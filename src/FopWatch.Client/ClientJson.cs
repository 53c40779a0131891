using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The JSON serialization of the types in this package.</summary>
public static class FopWatchJson
{
    private static readonly ClientJson Relaxed = new(new(ClientJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>
    /// The serialization of a type as in the HTTP API: <c>JsonSerializer.Serialize(job, FopWatchJson.TypeOf&lt;WatchedJob&gt;())</c>.
    /// Letters of all languages are written unescaped. Use the result as <c>application/json</c>; it is not safe inside HTML.
    /// </summary>
    /// <typeparam name="T">A type that a method of <see cref="IFopWatchClient"/> returns.</typeparam>
    /// <exception cref="NotSupportedException">The type is not such a type.</exception>
    public static JsonTypeInfo<T> TypeOf<T>() => Relaxed.GetTypeInfo(typeof(T)) as JsonTypeInfo<T>
        ?? throw new NotSupportedException($"{typeof(T)} is not a type of FopWatch's answers.");
}

/// <summary>The serializer context of the host's answers. It uses no reflection and ignores unknown members.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(BulkAnswer))]
[JsonSerializable(typeof(CallerProfile))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(JobBody))]
[JsonSerializable(typeof(JobCount))]
[JsonSerializable(typeof(JobPage))]
[JsonSerializable(typeof(Overview))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(PolledJob))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(QuarantinePage))]
[JsonSerializable(typeof(QuarantinedNotification))]
[JsonSerializable(typeof(RegisteredJob))]
[JsonSerializable(typeof(RegisteredJobs))]
[JsonSerializable(typeof(RetriedNotification))]
[JsonSerializable(typeof(WatchedJob))]
[JsonSerializable(typeof(WebhookDelivery))]
[JsonSerializable(typeof(DeliveryList))]
[JsonSerializable(typeof(WebhookList))]
[JsonSerializable(typeof(WebhookStatus))]
[JsonSerializable(typeof(WebhookTest))]
internal sealed partial class ClientJson : JsonSerializerContext;
