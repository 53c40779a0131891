using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace FopWatch.Providers;

/// <summary>Base64 as the providers write it: in either alphabet, padded or not, possibly with whitespace and line breaks.</summary>
internal static class Base64Text
{
    /// <summary>How many bytes <see cref="DecodeInPlace"/> needs beyond the text.</summary>
    public const int Spare = 3;

    /// <summary>Encodes bytes in the URL-safe alphabet with padding, as both providers write signatures.</summary>
    public static string UrlSafe(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

    /// <summary>The decoded bytes; null if the text is not Base64.</summary>
    public static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[text.Length + Spare];
        text.CopyTo(bytes);
        return DecodeInPlace(bytes, text.Length) is > 0 and var length ? bytes[..length] : null;
    }

    /// <summary>Overwrites the text with the decoded bytes and returns their number; 0 if the text is not Base64.</summary>
    /// <param name="buffer">The text, followed by <see cref="Spare"/> bytes.</param>
    /// <param name="textLength">The length of the text, in bytes.</param>
    public static int DecodeInPlace(Span<byte> buffer, int textLength)
    {
        var length = 0;
        foreach (var c in buffer[..textLength])
        {
            if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
                continue;
            buffer[length++] = c switch { (byte)'-' => (byte)'+', (byte)'_' => (byte)'/', _ => c };
        }

        for (var padding = 0; padding < 2 && length > 0 && buffer[length - 1] == '='; padding++)
            length--;
        if (length == 0 || length % 4 == 1)
            return 0;
        while (length % 4 != 0)
            buffer[length++] = (byte)'=';

        return Base64.DecodeFromUtf8InPlace(buffer[..length], out var written) == OperationStatus.Done ? written : 0;
    }

    /// <summary>
    /// The bucket in the last segment <c>{name}/&lt;Base64 of bucket[:key]&gt;</c> of a command; null if there is no such segment, or if it
    /// names no bucket.
    /// </summary>
    public static string? BucketOf(string command, string name)
    {
        if (ValueOf(command, name) is not { } entry)
            return null;

        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var bucket = colon < 0 ? entry : entry[..colon];

        // Bucket names have a small alphabet, unlike other text that happens to decode.
        return bucket is { Length: > 0 and <= 255 } && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? bucket : null;
    }

    /// <summary>
    /// The text in the last segment <c>{name}/&lt;Base64 of a text&gt;</c> of a command; null if there is no such segment, or if it is not
    /// Base64 of a text.
    /// </summary>
    public static string? ValueOf(string command, string name)
    {
        var segment = name + "/";
        for (var end = command.Length; end > 0;)
        {
            var start = command.AsSpan(0, end).LastIndexOf(segment, StringComparison.OrdinalIgnoreCase);
            if (start < 0)
                return null;
            if (start > 0 && command[start - 1] is not ('/' or '|' or ';'))
            {
                end = start;
                continue;
            }

            var value = command.AsSpan(start + segment.Length);
            var length = value.IndexOfAny('/', '|', ';');
            var encoded = Uri.UnescapeDataString(length < 0 ? value : value[..length]);
            return Decode(Encoding.UTF8.GetBytes(encoded)) is { } bytes && Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
        }

        return null;
    }
}
