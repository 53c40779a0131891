using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace FopWatch.Providers;

/// <summary>Redacts secrets in Base64-encoded texts within commands, such as the URLs in <c>mkzip</c>, <c>fetchURL</c> and watermarks.</summary>
internal static partial class EncodedText
{
    // Double encoding occurs in practice. Deeper nesting does not.
    private const int MaxDepth = 4;

    // How many runs of slashes are tried as parts of one text.
    private const int MaxPieces = 24;

    // A URL with a credential is longer.
    public const int MinLength = 12;

    /// <summary>Redacts the encoded texts in a text, and encodes them again.</summary>
    public static string Redact(string text, int depth)
    {
        if (depth == MaxDepth || text.Length < MinLength)
            return text;

        // Without escapes a run consists of digits only.
        var isPlain = !text.AsSpan().ContainsAny('%', '\\') && Ascii.IsValid(text);
        StringBuilder? redacted = null;
        var (copied, end) = (0, 0);
        while ((isPlain ? NextDigits(text, end) : Next(Run(), text, end)) is { } run)
        {
            (end, var clean) = Read(text, run, depth);
            if (clean is null)
                continue;

            (redacted ??= new()).Append(text, copied, run.Start - copied).Append(Encode(clean));
            copied = end;
        }

        return redacted?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    /// <summary>The end of the text that starts with a run, and its redacted form; null if there is nothing to redact.</summary>
    private static (int End, string? Clean) Read(string text, (int Start, int End) run, int depth)
    {
        var (start, end) = run;
        if (BeginsAsNoText(text.AsSpan()[start..end]))
            return (end, null);
        if ((Decode(text.AsSpan()[start..end], whole: true) ?? Decode(text.AsSpan()[start..end], whole: false)) is not { } head)
            return (end, null);
        if (Name().IsMatch(text, start) && !CommandRedaction.MayBeUrl(head))
            return (end, null);
        if (!MayGoOn(head) || Padding().IsMatch(text.AsSpan()[start..end]))
            return (end, Redacted(head, depth));

        // The standard alphabet contains the slash, so a text may continue after it. The longest valid text counts. Texts that may be encoded twice are
        // tried only at the top level, because each nested attempt would double the work.
        if ((depth == 0 || IsUrl(head)) && Longest(text, run) is var (longestEnd, longest))
        {
            var clean = Redacted(longest, depth);
            if (clean is not null || IsUrl(longest))
                return (longestEnd, clean);
        }

        // The text was cut or continues in an unknown form, so its secret may continue too.
        return Redacted(head, depth) is { } redacted ? (Ends(text, run).Last(), redacted) : (end, null);
    }

    /// <summary>Whether a text begins with a URL, encoded or not.</summary>
    private static bool MayGoOn(string head) => IsUrl(head) || head.StartsWith("aHR0", StringComparison.Ordinal);

    /// <summary>The longest text that consists of a run and the pieces after it; null if there is none.</summary>
    private static (int End, string Text)? Longest(string text, (int Start, int End) run)
    {
        int? longest = null;
        foreach (var end in Ends(text, run).Skip(1).Take(MaxPieces))
        {
            var encoded = text.AsSpan()[run.Start..end];
            if (IsText(encoded, whole: true))
                longest = end;
            else if (!IsText(encoded, whole: false))
                break; // A longer text is not valid either.
        }

        return longest is { } last ? (last, Decode(text.AsSpan()[run.Start..last], whole: true)!) : null;
    }

    /// <summary>The possible ends of a text that starts with a run: the run itself, and each piece that follows slashes and is not the name of an option.</summary>
    private static IEnumerable<int> Ends(string text, (int Start, int End) run)
    {
        var end = run.End;
        yield return end;
        while (end < text.Length && Next(Piece(), text, end) is { } piece && !CommandOption.FollowsAt(text, end))
        {
            end = piece.End;
            yield return end;
        }
    }

    private static (int Start, int End)? Next(Regex regex, string text, int start)
    {
        var matches = regex.EnumerateMatches(text, start);
        return matches.MoveNext() ? (matches.Current.Index, matches.Current.Index + matches.Current.Length) : null;
    }

    /// <summary>The next run in an ASCII text without escapes.</summary>
    private static (int Start, int End)? NextDigits(string text, int start)
    {
        while (text.AsSpan(start).IndexOfAny(Digits) is >= 0 and var before)
        {
            start += before;
            var length = text.AsSpan(start).IndexOfAnyExcept(Digits) is >= 0 and var digits ? digits : text.Length - start;
            var end = start + length;
            if (length < MinLength)
            {
                start = end;
                continue;
            }

            for (var padding = 0; padding < 2 && end < text.Length && text[end] == '='; padding++)
                end++;
            return (start, end);
        }

        return null;
    }

    /// <summary>
    /// Whether the first encoded bytes are not text, whatever follows. The bytes of an id or a hash hardly ever are text. False if the rest must be
    /// decoded to know.
    /// </summary>
    private static bool BeginsAsNoText(ReadOnlySpan<char> encoded)
    {
        const int Some = 8;
        if (encoded.Length < MinLength || encoded[..Some].ContainsAnyExcept(Digits))
            return false;
        Span<byte> bytes = stackalloc byte[Some + Base64Text.Spare];
        Encoding.ASCII.GetBytes(encoded[..Some], bytes);
        for (ReadOnlySpan<byte> rest = bytes[..Base64Text.DecodeInPlace(bytes, Some)]; !rest.IsEmpty;)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var consumed);
            if (status != OperationStatus.Done)
                return status == OperationStatus.InvalidData;
            if (Rune.IsControl(rune) && rune.Value is not ('\t' or '\r' or '\n'))
                return true;
            rest = rest[consumed..];
        }

        return false;
    }

    private static string? Redacted(string decoded, int depth) =>
        Redact(CommandRedaction.WithoutPlainSecrets(decoded), depth + 1) is var clean && clean != decoded ? clean : null;

    private static bool IsUrl(string text) => text.Contains("://", StringComparison.Ordinal);

    /// <summary>The decoded text; null if it is not a text.</summary>
    /// <param name="encoded">The encoded text, with escapes.</param>
    /// <param name="whole">Whether it must be a text to its end. Otherwise it may be cut off.</param>
    private static string? Decode(ReadOnlySpan<char> encoded, bool whole) =>
        Read(encoded, whole, Encoding.UTF8.GetString, out var text) ? text : null;

    private static bool IsText(ReadOnlySpan<char> encoded, bool whole) => Read(encoded, whole, _ => 0, out _);

    // A text is decoded up to MaxPieces times, so everything except the result is in rented memory.
    private static bool Read<T>(ReadOnlySpan<char> encoded, bool whole, Func<ReadOnlySpan<byte>, T> read, out T? text)
    {
        text = default;
        var rented = ArrayPool<byte>.Shared.Rent(encoded.Length + Base64Text.Spare);
        try
        {
            var digits = rented.AsSpan(0, Unescape(encoded, rented));
            var length = digits.TrimEnd((byte)'=').Length;
            if (!whole)
                length -= length % 4;
            if (Base64Text.DecodeInPlace(rented, length) is not (> 0 and var written))
                return false;
            var valid = rented.AsSpan(0, written);
            for (var cut = 0; !Utf8.IsValid(valid); cut++)
            {
                if (whole || cut == 3 || valid.IsEmpty)
                    return false;
                valid = valid[..^1];
            }

            if (HasControl(valid))
                return false;
            text = read(valid);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Whether a UTF-8 text has control characters other than tabs and line breaks.</summary>
    private static bool HasControl(ReadOnlySpan<byte> text)
    {
        if (text.ContainsAny(Controls))
            return true;
        for (int i; (i = text.IndexOf((byte)0xc2)) >= 0; text = text[(i + 1)..])
        {
            if (text[i + 1] < 0xa0)
                return true; // U+0080 to U+009F
        }

        return false;
    }

    private static readonly SearchValues<char> Digits = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_-");

    private static readonly SearchValues<byte> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7f).Select(c => (byte)c).Except("\t\r\n"u8.ToArray())]);

    /// <summary>Writes the digits of a text without escapes, and returns their number.</summary>
    private static int Unescape(ReadOnlySpan<char> encoded, Span<byte> digits)
    {
        var (copied, length) = (0, 0);
        foreach (var escape in Escaped().EnumerateMatches(encoded))
        {
            length += Encoding.ASCII.GetBytes(encoded[copied..escape.Index], digits[length..]);
            copied = escape.Index + escape.Length;
            if (encoded[copied - 1] != '\\')
                digits[length++] = byte.Parse(encoded[(copied - 2)..copied], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return length + Encoding.ASCII.GetBytes(encoded[copied..], digits[length..]);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).Replace('+', '-').Replace('/', '_');

    // A run does not start inside an escape: after %2F follows aHR0…, not 2FaHR0….
    [GeneratedRegex(
        """(?<! \\ (?: u[0-9a-f]{0,3} )? | % (?:25){0,4} [0-9a-f]? ) (?: [A-Z0-9+_-] | %(?:25)*2b | (?<!\\) \\+u002b ){12,} (?: = | %(?:25)*3d | \\+u003d ){0,2}""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Run();

    // Padding ends a text.
    [GeneratedRegex("""(?: = | %(?:25)*3d | \\+u003d )\z""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Padding();

    // The options whose values are names that an application chose, such as bucket:key. A part of such a name that looks like a secret is not one.
    [GeneratedRegex(
        """\G (?<= (?: (?<![a-z0-9_]) | (?<= (?: %(?:25)* | \\u00 ) [0-9a-f]{2} ) ) (?: saveas | savePattern | pattern | bucket | key | prefix | alias | resource | output ) (?: \\*/ | \\+u002f | %(?:25)*2f ) )""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    // Excludes the start of another text: an encoded URL begins with aHR0, and with YUhSM if it is encoded twice.
    [GeneratedRegex(
        """\G (?> (?: \\*/ | \\+u002[fF] | %(?:25)*2[fF] )+ ) (?! aHR0 | YUhSM ) (?: [A-Za-z0-9+_-] | %(?:25)*2[bB] | \\+u002[bB] )* (?: = | %(?:25)*3[dD] | \\+u003[dD] ){0,2}""",
        RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Piece();

    [GeneratedRegex("""%(?:25)*(?:2[bf]|3d)|(?<!\\)\\+u00(?:2[bf]|3d)|(?<!\\)\\+(?=/)""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Escaped();
}
