using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FopWatch.Providers;

/// <summary>JSON strings and values as text, without the exceptions of the serializer for what a stranger may send.</summary>
internal static class JsonText
{
    /// <summary>
    /// What a JSON string means. Half a surrogate pair, as a provider leaves that cuts its texts, becomes U+FFFD; the framework's own
    /// reader throws for it.
    /// </summary>
    /// <param name="content">The string as it is spelt, without its quotes; valid UTF-8 and valid escapes.</param>
    /// <param name="wellFormed">False if there was half a pair.</param>
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

    /// <summary>A value as JSON in one spelling, whatever the order of its properties and its blanks; secrets redacted.</summary>
    public static string Canonical(JsonElement value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(writer, value);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The entries of a JSON list within a text, nulls left out; null if the text is no JSON list.</summary>
    public static IReadOnlyList<JsonElement>? TryReadList(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("["))
            return null;

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = JsonBody.MaxDepth });
            return [.. document.RootElement.Clone().EnumerateArray().Where(entry => entry.ValueKind != JsonValueKind.Null)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A text as a JSON string.</summary>
    public static string Quote(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(CommandRedaction.Redact(property.Name));
                    if (CommandRedaction.IsSecretName(property.Name))
                        writer.WriteStringValue(CommandRedaction.Mask);
                    else
                        Write(writer, property.Value);
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
