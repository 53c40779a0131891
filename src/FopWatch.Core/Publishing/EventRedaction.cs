using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Providers;

namespace FopWatch.Publishing;

/// <summary>Removes secrets from events of earlier versions, whose rules left them in.</summary>
/// <remarks>
/// A store keeps <see cref="CommandRedaction.Version"/> with each event, so events of the current version are not parsed. Unknown members, CloudEvents
/// attributes and the application's metadata stay unchanged.
/// </remarks>
public static class EventRedaction
{
    // The encoder with which events are written.
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The body of a stored event as it may be published.</summary>
    /// <param name="body">The whole event, as UTF-8 JSON.</param>
    /// <param name="redaction">The version of the rules that redacted it; 0 if the store has none.</param>
    public static ReadOnlyMemory<byte> Redacted(ReadOnlyMemory<byte> body, long redaction)
    {
        if (redaction == CommandRedaction.Version)
            return body;

        try
        {
            if (JsonNode.Parse(body.Span) is not JsonObject cloudEvent || cloudEvent["data"] is not JsonObject job)
                return AsText(body);

            Change(job, "key", CommandRedaction.RedactUrl);
            foreach (var item in Objects(job["items"]))
                Redact(item);
            return JsonSerializer.SerializeToUtf8Bytes(cloudEvent, Relaxed);
        }
        catch (Exception damaged) when (damaged is JsonException or ArgumentException)
        {
            return AsText(body);
        }
    }

    private static void Redact(JsonObject item)
    {
        Change(item, "command", CommandRedaction.Redact);
        Change(item, "error", CommandRedaction.Redact);
        if (item["result"] is { } result)
            item["result"] = JsonNode.Parse(CommandRedaction.RedactJson(JsonSerializer.SerializeToUtf8Bytes(result, Relaxed)));
        if (item["input"] is JsonObject input)
            Change(input, "key", CommandRedaction.RedactUrl);
        foreach (var output in Objects(item["outputs"]))
        {
            Change(output, "key", CommandRedaction.RedactUrl);
            Change(output, "url", CommandRedaction.Redact);
        }
    }

    private static void Change(JsonObject holder, string name, Func<string, string?> redact)
    {
        if (holder[name] is JsonValue value && value.TryGetValue<string>(out var text) && redact(text) is var clean && clean != text)
            holder[name] = clean;
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray)?.OfType<JsonObject>() ?? [];

    // A body that is not an event must not leak secrets either.
    private static ReadOnlyMemory<byte> AsText(ReadOnlyMemory<byte> body) =>
        Encoding.UTF8.GetBytes(CommandRedaction.Redact(Encoding.UTF8.GetString(body.Span)));
}
