using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// Takes the AES key out of commands: a command may hold it as <c>hlsKey/&lt;base64&gt;</c>, and commands are stored, logged and
/// published (providers.md, section 1). <c>hlsKeyUrl</c> is no secret and stays.
/// </summary>
public static partial class CommandRedaction
{
    /// <summary>What stands in a secret's place.</summary>
    public const string Mask = "***";

    private const string MaskLiteral = "\"" + Mask + "\"";

    /// <summary>A text without the secrets of the commands in it, every occurrence; the same text where there is none.</summary>
    /// <remarks>
    /// The text may be a command, prose that repeats commands (Wangsu <c>desc</c>), percent-encoded, or JSON: providers nest commands
    /// in all of these. Linear in the length; doing it twice changes nothing.
    /// </remarks>
    public static string Redact(string text) =>
        MayHoldSecret(text) ? Secret().Replace(text, "${lead}" + Mask) : text;

    /// <summary>Whether a property of this name holds a secret as its value.</summary>
    public static bool IsSecretName(string name) =>
        MayHoldSecret(name)
        && name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).Equals("hlsKey", StringComparison.OrdinalIgnoreCase);

    /// <summary>A JSON document without the secrets in it, otherwise as it was, blanks included.</summary>
    /// <param name="json">A document that is known to be valid JSON of at most <see cref="JsonBody.MaxDepth"/> levels.</param>
    /// <remarks>
    /// Strings are judged by what they mean, not by how they are spelt: <c>hlsKey\/</c> and <c>hlsKey\u002f</c> are the same to the
    /// next reader.
    /// </remarks>
    internal static string RedactJson(ReadOnlySpan<byte> json)
    {
        var text = Encoding.UTF8.GetString(json);
        if (!text.Contains('\\', StringComparison.Ordinal) && !MayHoldSecret(text))
            return text;

        var redacted = new ArrayBufferWriter<byte>(json.Length);
        var copied = 0;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                continue;

            var content = JsonText.Unescape(reader.ValueSpan, out _);
            var clean = Redact(content);
            if (clean != content)
            {
                var start = (int)reader.TokenStartIndex;
                redacted.Write(json[copied..start]);
                redacted.Write(Encoding.UTF8.GetBytes($"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(clean)}\""));
                copied = start + reader.ValueSpan.Length + 2;
            }

            if (reader.TokenType == JsonTokenType.PropertyName && IsSecretName(content))
            {
                reader.Read();
                redacted.Write(json[copied..(int)reader.TokenStartIndex]);
                reader.Skip();
                redacted.Write(Encoding.UTF8.GetBytes(MaskLiteral));
                copied = (int)reader.BytesConsumed;
            }
        }

        redacted.Write(json[copied..]);
        return Encoding.UTF8.GetString(redacted.WrittenSpan);
    }

    private static bool MayHoldSecret(string text) => text.Contains("hls", StringComparison.OrdinalIgnoreCase);

    // In this order: hlsKey/…, its slash perhaps escaped as JSON does, however often; hlsKey%2F…, percent-encoded, however often;
    // "hlsKey": "…" of JSON within text, quoted and not; hlsKey=….
    [GeneratedRegex(
        """
          (?<lead> hlsKey (?: \\*/ | \\+u002f )+ ) (?: [^/|;\s"'\\\]] | \\+u00(?!2f|7c|3b|22|27|20|5d)[0-9a-f]{2} )+
        | (?<lead> hlsKey (?: %(?:25)*2f )+ ) (?: (?! %(?:25)*(?:2f|7c|3b|22|27|20|5d) ) [^/|;\s"'\\\]] | \\+u00(?!2f|7c|3b|22|27|20|5d)[0-9a-f]{2} )+
        | (?<lead> hls[_-]?Key \\*["'] \s*:\s* \\*["'] ) (?: [^"'\\] | \\+u00(?!22|27)[0-9a-f]{2} | \\+[/bfnrt] )+
        | (?<lead> hls[_-]?Key \\*["'] \s*:\s* ) [^\s"'\\,}\]{[]+
        | (?<lead> hlsKey= ) [^&|;\s"'\\]+
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Secret();
}
