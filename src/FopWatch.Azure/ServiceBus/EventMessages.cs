using System.Text.Json;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Events as Service Bus messages: CloudEvents 1.0 in structured mode, by the AMQP binding.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>MessageId</term><description>the event's id, for duplicate detection</description></item>
/// <item><term>Subject</term><description>the event's type: most subscriptions filter for settled jobs only, and a correlation filter on a system
/// property is the cheapest. The CloudEvents subject is in <c>cloudEvents:subject</c>.</description></item>
/// <item><term>CorrelationId</term><description>the <c>persistentId</c></description></item>
/// <item><term>application properties</term><description><see cref="MessageProperties"/>: the event's attributes and, for filters, properties of
/// its job; absent if unknown</description></item>
/// </list>
/// A reduced event keeps its id and all small members of the job. Results of items are shortened, then their outputs and errors; if that does not
/// suffice, <c>items</c> is empty. <c>counts</c> are correct, <c>truncated</c> is true, and the extension attribute <c>job</c> is a URI reference of the job
/// in the HTTP API. It is not the extension <c>dataref</c>, which promises the same data, because the job may have changed since.
/// </remarks>
internal sealed class EventMessages(Uri? apiUrl)
{
    private const string ContentType = JobEvent.ContentType + "; charset=utf-8";

    // Longer than any bucket or pipeline. All properties of a message may take 64 KB together.
    private const int LongestFilterValue = 256;

    private static readonly string[] FilterFlags = [MessageProperties.Overdue, MessageProperties.Truncated];

    // The names are those of the job's JSON.
    private static readonly string[] FilterTexts =
    [
        MessageProperties.Provider,
        MessageProperties.State,
        MessageProperties.SettledBy,
        MessageProperties.Bucket,
        MessageProperties.Pipeline,
    ];

    /// <summary>The whole event.</summary>
    public static ServiceBusMessage Whole(OutboxEvent one) => ToMessage(one, one.Body);

    /// <summary>Successively shorter forms of the event, down to one without items. Their bytes are deterministic.</summary>
    public IEnumerable<ServiceBusMessage> Shorter(OutboxEvent one)
    {
        var link = LinkTo(one);
        foreach (var cloudEvent in EventCut.Shorter(one.Body))
        {
            cloudEvent["job"] = link;
            var message = ToMessage(one, EventCut.ToBody(cloudEvent));
            message.ApplicationProperties[MessageProperties.Job] = link;
            yield return message;
        }
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
        properties[MessageProperties.SpecVersion] = cloudEvent.RootElement.GetProperty("specversion").GetString();
        properties[MessageProperties.Id] = one.Id;
        properties[MessageProperties.Source] = cloudEvent.RootElement.GetProperty("source").GetString();
        properties[MessageProperties.Type] = one.Type;
        properties[MessageProperties.Subject] = one.Key.Id;

        // A DateTime becomes an AMQP timestamp, as the binding requires. A DateTimeOffset would become a type specific to Microsoft.
        properties[MessageProperties.Time] = one.Time.UtcDateTime;

        properties[MessageProperties.SourceName] = one.Key.Source;
        var job = cloudEvent.RootElement.GetProperty("data");
        foreach (var name in FilterTexts)
        {
            if (job.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                && value.GetString() is { Length: <= LongestFilterValue } text)
            {
                properties[name] = text;
            }
        }

        foreach (var name in FilterFlags)
        {
            if (job.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True)
                properties[name] = true;
        }

        return message;
    }

    private string LinkTo(OutboxEvent one)
    {
        var path = $"api/jobs/{Uri.EscapeDataString(one.Key.Source)}/{Uri.EscapeDataString(one.Key.Id)}";
        return apiUrl is null ? "/" + path : apiUrl.AbsoluteUri.TrimEnd('/') + "/" + path;
    }
}
