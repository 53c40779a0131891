using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>How the types of this package are written as JSON.</summary>
public static class FopWatchJson
{
    private static readonly ClientJson Relaxed = new(new(ClientJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>
    /// How a type is written and read, as the HTTP API has it: <c>JsonSerializer.Serialize(job, FopWatchJson.TypeOf&lt;WatchedJob&gt;())</c>. Letters of all
    /// languages stay as they are: for <c>application/json</c>, never for text that is put into HTML.
    /// </summary>
    /// <typeparam name="T">What a method of <see cref="IFopWatchClient"/> answers.</typeparam>
    /// <exception cref="NotSupportedException">It is no such type.</exception>
    public static JsonTypeInfo<T> TypeOf<T>() => Relaxed.GetTypeInfo(typeof(T)) as JsonTypeInfo<T>
        ?? throw new NotSupportedException($"{typeof(T)} is not an answer of FopWatch's.");
}

/// <summary>The serializer context of what the host answers: no reflection, unknown members are ignored.</summary>
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
