using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FopWatch.Hostile.Tests.Fuzzing;

/// <summary>
/// Makes hostile bodies from genuine ones. Some changes are made to the bytes, some to the JSON tree, so that the result
/// passes the first checks; several are often combined. All randomness comes from one generator.
/// </summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> corpus)
{
    private static readonly string[] Tokens =
    [
        "\"", "{", "}", "[", "]", ",", ":", "\\", "\\ud800", "\\u0000", "\\u001b[2J", "null", "true", "-", "-0", "1e999", "NaN",
        "\0", "\r\n", "\u001b", "\u2028", "é", "\uFEFF", "%00", "hlsKey/", "hlsKey%2f", "\"hlsKey\":\"", "|saveas/", "//", "#", "=", "+", "_",
        "?token=", "~hmac=", "&amp;", "%3B", "\"token\":\"", "%22token%22%3A%22", "https://",
    ];

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "3", "-1", "4", "18", "0.5", "3.0", "3e0", "1e999", "-1e999", "1e-999", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "2147483648", "79228162514264337593543950336", "253402300799999", "253402300800000", "1E+2147483648",
        "00", "01", "0x10", "1_000", "9999999999999999999999999999999999999999999999999999999999999999",
    ];

    private static readonly string[] Names =
    [
        "id", "code", "items", "ops", "status", "version", "success", "result", "fop", "op", "params", "kodo_file", "input", "key", "keys", "hash",
        "cmd", "desc", "error", "errorIndex", "returnOld", "type", "creationDate", "created_at", "separate", "detail", "decompresslist", "fsize",
        "message", "inputBucket", "inputkey", "hlsKey", "hls_key", "token", "secretKey", "__proto__", "$type", "$ref", "", "\0", "\ud83d\ude00",
    ];

    private static readonly string[] Texts =
    [
        "", "0", "3", "v3", "FINISHED", "true", "a/b", "..", "z0.a", "not an id", "\r\nevent: x\r\ndata: y\r\n\r\n", "\u001b[31mred", "\0",
        "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "$(id)", "'; DROP TABLE jobs;--", "../../etc/passwd", "{{7*7}}",
        "<script>alert(1)</script>", "avthumb/m3u8/hlsKey/MTIzNDU2Nzg5MDEyMzQ1Ng==", "x|saveas/YTpi;saveas/%25%25/saveas/", "%", "%zz%00",
        "2024-08-27T19:02:44.664312968+08:00", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.9999999-14:00", "2024-02-30T25:61:61+99:99",
    ];

    // By reference: a body of the corpus is read once.
    private static readonly ConcurrentDictionary<byte[], Sample?> Samples = new(ReferenceEqualityComparer.Instance);

    public byte[] Next()
    {
        var body = corpus[random.Next(corpus.Count)];
        return random.Next(10) switch
        {
            < 5 => Rewritten(body),
            < 8 => Edited(body),
            8 => Edited(Rewritten(body)),
            _ => Extreme(),
        };
    }

    /// <summary>Changes to the tree: the result is mostly JSON, and often decodes completely.</summary>
    private byte[] Rewritten(byte[] body)
    {
        if (Read(body) is not { } sample)
            return Edited(body);

        var written = new StringBuilder(body.Length + 64);
        Write(written, sample.Root, 1 + random.Next(12), 0);
        var bytes = Encoding.UTF8.GetBytes(written.ToString());
        return sample.IsBase64 || random.Next(8) == 0 ? Layered(bytes) : bytes;
    }

    private static Sample? Read(byte[] body) => Samples.GetOrAdd(body, static bytes =>
    {
        try
        {
            var digits = Encoding.UTF8.GetString(bytes).Replace('-', '+').Replace('_', '/');
            var isBase64 = bytes.Length > 0 && bytes[0] is not ((byte)'{' or (byte)'[' or (byte)'<');
            var json = isBase64 ? Convert.FromBase64String(digits.PadRight((digits.Length + 3) / 4 * 4, '=')) : bytes;
            return new(JsonDocument.Parse(json).RootElement.Clone(), isBase64);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    });

    private byte[] Layered(byte[] bytes)
    {
        for (var layers = random.Next(20) == 0 ? random.Next(2, 5) : 1; layers > 0; layers--)
        {
            var text = Convert.ToBase64String(bytes);
            text = random.Next(4) switch { 0 => text, 1 => text.TrimEnd('='), 2 => text.Replace('+', '-').Replace('/', '_'), _ => text.Insert(text.Length / 2, "\r\n") };
            bytes = Encoding.ASCII.GetBytes(text);
        }

        return bytes;
    }

    private void Write(StringBuilder to, JsonElement value, int oneIn, int depth)
    {
        if (random.Next(oneIn * 4) == 0)
        {
            WriteStrange(to, depth);
            return;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                to.Append('{');
                var first = true;
                foreach (var property in value.EnumerateObject())
                {
                    if (random.Next(oneIn * 6) == 0)
                        continue;
                    for (var copies = random.Next(oneIn * 20) == 0 ? 2 : 1; copies > 0; copies--)
                    {
                        to.Append(first ? "" : ",");
                        first = false;
                        to.Append(Quoted(random.Next(oneIn * 10) == 0 ? Pick(Names) : property.Name)).Append(':');
                        Write(to, property.Value, oneIn, depth + 1);
                    }
                }

                if (random.Next(oneIn * 4) == 0)
                {
                    to.Append(first ? "" : ",").Append(Quoted(Pick(Names))).Append(':');
                    WriteStrange(to, depth + 1);
                }

                to.Append('}');
                break;
            case JsonValueKind.Array:
                var entries = value.EnumerateArray().ToArray();
                if (random.Next(oneIn * 3) == 0)
                    random.Shuffle(entries);
                var times = random.Next(oneIn * 10) == 0 ? random.Next(0, 12) : 1;
                to.Append('[').AppendJoin(',', Enumerable.Repeat(entries, times).SelectMany(list => list).Select(entry =>
                {
                    var one = new StringBuilder();
                    Write(one, entry, oneIn, depth + 1);
                    return one;
                })).Append(']');
                break;
            case JsonValueKind.Number when random.Next(oneIn) == 0:
                to.Append(random.Next(4) == 0 ? Quoted(Pick(Numbers)) : Pick(Numbers));
                break;
            case JsonValueKind.String when random.Next(oneIn) == 0:
                to.Append(Quoted(random.Next(2) == 0 ? Pick(Texts) : value.GetString() + Pick(Texts)));
                break;
            default:
                to.Append(value.GetRawText());
                break;
        }
    }

    private void WriteStrange(StringBuilder to, int depth)
    {
        switch (random.Next(10))
        {
            case 0: to.Append("null"); break;
            case 1: to.Append("[]"); break;
            case 2: to.Append("{}"); break;
            case 3: to.Append(random.Next(2) == 0 ? "true" : "false"); break;
            case 4: to.Append(Pick(Numbers)); break;
            case 5: to.Append(Quoted(Pick(Numbers))); break;
            case 6: to.Append("[null,1,\"\",[[]],{\"code\":0}]"); break;
            case 7 when depth < 6:
                var deep = random.Next(1, 80);
                to.Append('[', deep).Append(']', deep);
                break;
            case 8: to.Append(Quoted(new string('a', 1 << random.Next(12)))); break;
            default: to.Append(Quoted(Pick(Texts))); break;
        }
    }

    /// <summary>A JSON string in one of the possible spellings of the same text, or with a lone surrogate.</summary>
    private string Quoted(string text) => random.Next(12) switch
    {
        0 => "\"" + string.Concat(text.Select(c => $"\\u{(int)c:x4}")) + "\"",
        1 => JsonValue.Create(text).ToJsonString().Replace("/", "\\/", StringComparison.Ordinal),
        2 => $"\"{JsonEncodedText.Encode(text)}\\ud800\"",
        3 => $"\"\\udc00{JsonEncodedText.Encode(text)}\"",
        _ => JsonValue.Create(text).ToJsonString(),
    };

    /// <summary>Changes to the bytes: flips, cuts, repetitions, insertions, other bodies in the middle.</summary>
    private byte[] Edited(byte[] body)
    {
        var bytes = new List<byte>(body);
        for (var edits = random.Next(1, 5); edits > 0; edits--)
        {
            var at = random.Next(bytes.Count + 1);
            var length = Math.Min(random.Next(1, 16), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, length);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 5 when bytes.Count < 64 * 1024:
                    bytes.InsertRange(at, corpus[random.Next(corpus.Count)]);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Pick(Tokens)));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Bodies that no provider sends, made to cost a reader time and memory. Most are small, because there are many.</summary>
    private byte[] Extreme()
    {
        var size = 1 << random.Next(4, random.Next(64) == 0 ? 16 : 10);
        return random.Next(8) switch
        {
            0 => Text("{\"id\":\"a\",\"code\":0,\"items\":" + new string('[', size) + new string(']', size) + "}"),
            1 => Text(string.Concat(Enumerable.Repeat("{\"a\":", size)) + "1" + new string('}', size)),
            2 => Text($"{{\"id\":\"a\",\"code\":{new string('9', size)},\"items\":[]}}"),
            3 => Text($"{{\"id\":\"a\",\"code\":0,\"items\":[{string.Join(',', Enumerable.Repeat("{\"cmd\":\"a\",\"code\":0,\"key\":\"b:k\"}", size / 16))}]}}"),
            4 => Text($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"{string.Concat(Enumerable.Repeat("saveas/", size / 8))}\",\"code\":0,\"key\":\"k\"}}]}}"),
            5 => Text($"{{\"id\":\"a\",\"code\":0,\"items\":[{{\"cmd\":\"{string.Concat(Enumerable.Repeat("hlsKey/\\\\", size / 8))}\",\"code\":3,\"desc\":\"{new string('\\', size / 2 * 2)}\"}}]}}"),
            6 => Text(new string('A', size)),
            _ => Noise(size),
        };

        static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

        byte[] Noise(int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }
    }

    private string Pick(string[] among) => among[random.Next(among.Length)];

    private sealed record Sample(JsonElement Root, bool IsBase64);
}
