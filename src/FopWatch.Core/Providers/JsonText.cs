using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FopWatch.Providers;

/// <summary>Reads JSON strings and values as text, without the exceptions that the serializer throws for some inputs.</summary>
internal static class JsonText
{
    /// <summary>
    /// Unescapes a JSON string. A lone surrogate, which a provider leaves when it cuts texts, becomes U+FFFD; the framework's reader throws for it.
    /// </summary>
    /// <param name="content">The escaped string without its quotes; valid UTF-8 with valid escapes.</param>
    /// <param name="wellFormed">False if there was a lone surrogate.</param>
    public static string Unescape(ReadOnlySpan<byte> content, out bool wellFormed)
    {
        wellFormed = true;
        var text = Encoding.UTF8.GetString(content);
        var escape = text.IndexOf('\\', StringComparison.Ordinal);
        if (escape < 0)
            return text;

        var plain = new StringBuilder(text.Length).Append(text, 0, escape);
        for (var i = escape; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            var kind = text[++i];
            plain.Append(kind switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => (char)ushort.Parse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
                _ => kind,
            });
            if (kind == 'u')
                i += 4;
        }

        return WithWholePairs(plain.ToString(), ref wellFormed);
    }

    /// <summary>A value as redacted JSON in canonical form, independent of the order of properties and of whitespace.</summary>
    public static string Canonical(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(writer, value);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Whether a text is a JSON document of at most <see cref="JsonBody.MaxDepth"/> levels.</summary>
    public static bool IsValid(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Rewrites the strings of a document. The result has no duplicate names and no lone surrogates.</summary>
    /// <param name="json">Valid JSON of at most <see cref="JsonBody.MaxDepth"/> levels. Unchanged parts keep their escapes and whitespace.</param>
    /// <param name="rewrite">Rewrites a string or a name.</param>
    /// <param name="isSecretName">Whether the value of a property of this name becomes <see cref="CommandRedaction.Mask"/>.</param>
    public static string Rewrite(ReadOnlySpan<byte> json, Func<string, string> rewrite, Func<string, bool> isSecretName)
    {
        var rewritten = new ArrayBufferWriter<byte>(json.Length);
        var copied = 0;
        var names = new Stack<DistinctNames>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartObject)
                names.Push(new());
            else if (reader.TokenType == JsonTokenType.EndObject)
                names.Pop();
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                continue;

            var content = Unescape(reader.ValueSpan, out var wellFormed);
            var other = rewrite(content);
            if (reader.TokenType == JsonTokenType.PropertyName)
                other = names.Peek().Next(other);
            if (other != content || !wellFormed)
            {
                var start = (int)reader.TokenStartIndex;
                rewritten.Write(json[copied..start]);
                rewritten.Write(Encoding.UTF8.GetBytes(Quote(other)));
                copied = start + reader.ValueSpan.Length + 2;
            }

            if (reader.TokenType == JsonTokenType.PropertyName && isSecretName(content))
            {
                reader.Read();
                rewritten.Write(json[copied..(int)reader.TokenStartIndex]);
                reader.Skip();
                rewritten.Write(Encoding.UTF8.GetBytes(Quote(CommandRedaction.Mask)));
                copied = (int)reader.BytesConsumed;
            }
        }

        rewritten.Write(json[copied..]);
        return Encoding.UTF8.GetString(rewritten.WrittenSpan);
    }

    /// <summary>
    /// The entries of a JSON list in a text, without nulls; null if the text is not a JSON list, or is one that <see cref="JsonBody"/> would refuse within
    /// a body.
    /// </summary>
    public static IReadOnlyList<JsonElement>? TryReadList(string text) =>
        text.AsSpan().TrimStart().StartsWith("[") && JsonBody.ReadList(Encoding.UTF8.GetBytes(text)) is { } list
            ? [.. list.EnumerateArray().Where(entry => entry.ValueKind != JsonValueKind.Null)]
            : null;

    /// <summary>Encodes a text as a JSON string.</summary>
    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var names = new DistinctNames();
                foreach (var (name, member) in value.EnumerateObject().Select(property => (property.Name, property.Value)).OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(names.Next(CommandRedaction.Redact(name)));
                    if (CommandRedaction.IsSecretName(name))
                        writer.WriteStringValue(CommandRedaction.Mask);
                    else
                        Write(writer, member);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray())
                    Write(writer, element);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(CommandRedaction.Redact(value.AsText()));
                break;
            default:
                writer.WriteRawValue(value.GetRawText(), skipInputValidation: true);
                break;
        }
    }

    private static string WithWholePairs(string text, ref bool wellFormed)
    {
        var half = IndexOfHalfPair(text, 0);
        if (half < 0)
            return text;

        wellFormed = false;
        var chars = text.ToCharArray();
        for (; half >= 0; half = IndexOfHalfPair(text, half + 1))
            chars[half] = '\uFFFD';
        return new(chars);
    }

    private static int IndexOfHalfPair(string text, int start)
    {
        for (var i = start; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return i;
            i++;
        }

        return -1;
    }
}
