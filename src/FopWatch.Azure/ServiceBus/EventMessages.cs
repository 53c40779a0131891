using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Events as Service Bus messages: CloudEvents 1.0 in structured mode, after the AMQP binding.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>MessageId</term><description>the event's id, for duplicate detection</description></item>
/// <item><term>Subject</term><description>the event's type: «only settled jobs» is the filter that most subscriptions have, and a
/// correlation filter on a system property is the cheapest there is. The CloudEvents subject is in <c>cloudEvents:subject</c>.</description></item>
/// <item><term>CorrelationId</term><description>the <c>persistentId</c></description></item>
/// <item><term>application properties <c>cloudEvents:…</c></term><description>the event's attributes</description></item>
/// <item><term>application properties <c>source</c>, <c>provider</c>, <c>state</c>, <c>settledBy</c>, <c>bucket</c>,
/// <c>pipeline</c></term><description>for filters, as the event's data has them; absent where unknown</description></item>
/// <item><term>application property <c>truncated</c></term><description>true where the event had to be reduced</description></item>
/// </list>
/// A reduced event keeps its id and everything about the job except what there is too much of: <c>items</c> is empty, <c>counts</c> are
/// right, <c>truncated</c> is true, and the extension attribute <c>job</c> is a URI reference of the job in the HTTP API. It is
/// not the extension <c>dataref</c>, which promises the very same data at the other end; the job may have moved on since.
/// </remarks>
internal sealed class EventMessages(Uri? publicUrl)
{
    private const string ContentType = JobEvent.ContentType + "; charset=utf-8";
    private const string AttributePrefix = "cloudEvents:";
    private const string JobAttribute = "job";

    // Longer than any bucket or pipeline is. All properties of a message together may take 64 KB.
    private const int LongestFilterValue = 256;

    // Longer than a key can be at a provider (providers.md, section 1).
    private const int LongestText = 1024;

    private static readonly string[] FilterMembers = ["state", "provider", "settledBy", "bucket", "pipeline"];
    private static readonly string[] ProviderTexts = ["bucket", "key", "pipeline", "requestId", "taskFrom"];

    /// <summary>The event, whole.</summary>
    public static ServiceBusMessage Whole(OutboxEvent one) => ToMessage(one, one.Body);

    /// <summary>The event without what there can be too much of; the same bytes every time.</summary>
    public ServiceBusMessage Reduced(OutboxEvent one)
    {
        // Not by way of the records, which would lose members of another version's events.
        var cloudEvent = JsonNode.Parse(one.Body.Span)!.AsObject();
        var job = cloudEvent["data"]!.AsObject();
        job["items"] = new JsonArray();
        job["truncated"] = true;
        foreach (var name in ProviderTexts)
        {
            if (job[name] is JsonValue text && text.GetValueKind() == JsonValueKind.String && text.GetValue<string>().Length > LongestText)
                job.Remove(name);
        }

        var link = LinkTo(one);
        cloudEvent[JobAttribute] = link;

        var message = ToMessage(one, JsonSerializer.SerializeToUtf8Bytes(cloudEvent));
        message.ApplicationProperties[AttributePrefix + JobAttribute] = link;
        message.ApplicationProperties["truncated"] = true;
        return message;
    }

    private static ServiceBusMessage ToMessage(OutboxEvent one, ReadOnlyMemory<byte> body)
    {
        var message = new ServiceBusMessage(body)
        {
            MessageId = one.Id,
            CorrelationId = one.Key.Id,
            Subject = one.Type,
            ContentType = ContentType,
        };
        var properties = message.ApplicationProperties;
        using var cloudEvent = JsonDocument.Parse(body);
        properties[AttributePrefix + "specversion"] = cloudEvent.RootElement.GetProperty("specversion").GetString();
        properties[AttributePrefix + "id"] = one.Id;
        properties[AttributePrefix + "source"] = cloudEvent.RootElement.GetProperty("source").GetString();
        properties[AttributePrefix + "type"] = one.Type;
        properties[AttributePrefix + "subject"] = one.Key.Id;

        // A DateTime becomes an AMQP timestamp, as the binding wants it; a DateTimeOffset would become a type of Microsoft's own.
        properties[AttributePrefix + "time"] = one.Time.UtcDateTime;

        properties["source"] = one.Key.Source;
        var job = cloudEvent.RootElement.GetProperty("data");
        foreach (var name in FilterMembers)
        {
            if (job.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && value.GetString() is { Length: <= LongestFilterValue } text)
            {
                properties[name] = text;
            }
        }

        return message;
    }

    private string LinkTo(OutboxEvent one)
    {
        var path = $"api/jobs/{Uri.EscapeDataString(one.Key.Source)}/{Uri.EscapeDataString(one.Key.Id)}";
        return publicUrl is null ? "/" + path : publicUrl.AbsoluteUri.TrimEnd('/') + "/" + path;
    }
}
