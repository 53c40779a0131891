using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace FopWatch.Providers;

/// <summary>Base64 as the providers write it: either alphabet, padded or not, with blanks around it or line breaks in it.</summary>
internal static class Base64Text
{
    /// <summary>The bytes; null if it is no Base64.</summary>
    public static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        var digits = new byte[text.Length + 3];
        var length = 0;
        foreach (var c in text)
        {
            if (c is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
                continue;
            digits[length++] = c switch { (byte)'-' => (byte)'+', (byte)'_' => (byte)'/', _ => c };
        }

        for (var padding = 0; padding < 2 && length > 0 && digits[length - 1] == '='; padding++)
            length--;
        if (length == 0 || length % 4 == 1)
            return null;
        while (length % 4 != 0)
            digits[length++] = (byte)'=';

        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(length)];
        return Base64.DecodeFromUtf8(digits.AsSpan(0, length), bytes, out _, out var written) == OperationStatus.Done ? bytes[..written] : null;
    }

    /// <summary>
    /// The bucket that the last segment <c>{name}/&lt;Base64 of bucket[:key]&gt;</c> of a command names; null if there is no such
    /// segment, or it names none.
    /// </summary>
    public static string? BucketOf(string command, string name)
    {
        if (ValueOf(command, name) is not { } entry)
            return null;

        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var bucket = colon < 0 ? entry : entry[..colon];

        // A bucket's name has a small alphabet. Something else that happened to decode does not.
        return bucket is { Length: > 0 and <= 255 } && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? bucket : null;
    }

    /// <summary>
    /// The text that the last segment <c>{name}/&lt;Base64 of a text&gt;</c> of a command has; null if there is no such segment, or it is no
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
