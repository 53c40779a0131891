using System.Text.Json;

namespace FopWatch.Publishing;

/// <summary>Reads the bodies of stored events. It alone decides which of them can be published.</summary>
public static class StoredEvent
{
    /// <summary>The problem of a body that is not an event.</summary>
    public const string Damaged = "its body is not a CloudEvent of a job";

    /// <summary>The body of a stored event as it may be published, or the problem that prevents it; the problem is null if there is none.</summary>
    /// <param name="body">The whole event, as UTF-8 JSON.</param>
    /// <param name="redaction">The version of the rules that redacted it; 0 if the store has none.</param>
    public static (ReadOnlyMemory<byte> Body, string? Problem) Read(ReadOnlyMemory<byte> body, long redaction)
    {
        try
        {
            if (!IsEvent(body.Span))
                return (default, Damaged);
            return (EventRedaction.Redacted(body, redaction), null);
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidOperationException or ArgumentException)
        {
            return (default, Damaged);
        }
    }

    /// <summary>Whether the whole body is JSON and has the members that every CloudEvent of a job has.</summary>
    private static bool IsEvent(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return false;

        var (specVersion, id, source, type, data) = (false, false, false, false, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isSpecVersion, isId, isSource, isType, isData) = (
                reader.ValueTextEquals("specversion"u8),
                reader.ValueTextEquals("id"u8),
                reader.ValueTextEquals("source"u8),
                reader.ValueTextEquals("type"u8),
                reader.ValueTextEquals("data"u8));
            reader.Read();
            var isText = reader.TokenType == JsonTokenType.String;
            specVersion |= isSpecVersion && isText;
            id |= isId && isText;
            source |= isSource && isText;
            type |= isType && isText;
            data |= isData && reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
        }

        // The reader throws if anything follows.
        return !reader.Read() && specVersion && id && source && type && data;
    }
}
