using System.Text.Json;
using System.Text.Unicode;
using FopWatch.Jobs;

namespace FopWatch.Providers;

/// <summary>
/// A body that is one JSON object. The envelope is read strictly, because a body that two readers understand differently must not settle a job. The
/// fields are read leniently (<see cref="JsonFields"/>).
/// </summary>
internal sealed class JsonBody
{
    /// <summary>The deepest nesting of objects and arrays.</summary>
    public const int MaxDepth = 64;

    /// <summary>The longest number, in characters.</summary>
    public const int MaxNumberLength = 64;

    /// <summary>The longest body that is stored with a job, in bytes.</summary>
    public const int MaxRawLength = 1024 * 1024;

    private readonly ReadOnlyMemory<byte> _json;

    private JsonBody(JsonElement root, ReadOnlyMemory<byte> json) => (Root, _json) = (root, json);

    /// <summary>The object.</summary>
    public JsonElement Root { get; }

    /// <summary>Reads a body; null, and the problem, if it is not a JSON object that every reader understands in the same way.</summary>
    public static JsonBody? Read(ReadOnlyMemory<byte> body, out string problem)
    {
        body = ByteOrderMark.Skip(body);
        if (!body.Span.ContainsAnyExcept(" \t\r\n"u8))
            problem = "the body is empty";
        else if (!Utf8.IsValid(body.Span))
            problem = "the body is not valid UTF-8";
        else if (Problem(body.Span, JsonTokenType.StartObject) is { } unreadable)
            problem = unreadable;
        else if (Parse(body) is { } root)
        {
            problem = "";
            return new(root, body);
        }
        else
            problem = "a property occurs twice";

        return null;
    }

    /// <summary>Reads a list in a string of a body, as strictly as a body; null if it cannot be read.</summary>
    /// <param name="text">The string, as valid UTF-8.</param>
    public static JsonElement? ReadList(ReadOnlyMemory<byte> text) => Problem(text.Span, JsonTokenType.StartArray) is null ? Parse(text) : null;

    /// <summary>Whether a body is the beginning of JSON, so that it may have been cut off.</summary>
    public static bool IsBeginning(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth + 1 }));
            while (reader.Read())
            {
            }

            return reader.TokenType == JsonTokenType.None || reader.CurrentDepth > 0 || reader.TokenType is JsonTokenType.StartObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The redacted body for the store; null if it is too long.</summary>
    public RawBody? Raw(bool closing) =>
        _json.Length <= MaxRawLength ? new RawBody(closing, CommandRedaction.RedactDistinctJson(_json.Span)) : null;

    /// <summary>Reads the id in the body. A poll answer may lack it, because the request named it.</summary>
    /// <returns>The problem; null if there is none.</returns>
    public string? ReadId(ReportChannel channel, out string? id)
    {
        id = null;
        if (Root.Field("id") is not { } field)
            return channel == ReportChannel.Poll ? null : "the body names no id";
        if (field.ValueKind != JsonValueKind.String || field.AsText() is not { } text || !JobKey.IsValidId(text))
            return $"the body's id is not {JobKey.IdRule}";

        id = text;
        return null;
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonElement.Parse(json.Span, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Problem(ReadOnlySpan<byte> json, JsonTokenType root)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject or JsonTokenType.StartArray when reader.CurrentDepth >= MaxDepth:
                        return $"the body is nested deeper than {MaxDepth} levels";
                    case not (JsonTokenType.EndObject or JsonTokenType.EndArray) when reader.CurrentDepth == 0 && reader.TokenType != root:
                        return "the body is not a JSON object";
                    case JsonTokenType.Number when reader.ValueSpan.Length > MaxNumberLength:
                        return $"a number is longer than {MaxNumberLength} characters";
                    case JsonTokenType.PropertyName when reader.ValueIsEscaped:
                        JsonText.Unescape(reader.ValueSpan, out var wellFormed);
                        if (!wellFormed)
                            return "a property's name is not valid Unicode";
                        break;
                }
            }

            return null;
        }
        catch (JsonException exception)
        {
            return $"the body is not JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})";
        }
    }
}
