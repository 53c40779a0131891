using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace FopWatch.Providers;

/// <summary>Base64-encoded texts within commands, such as the URLs that <c>mkzip</c>, <c>fetchURL</c> and watermarks name: they hold secrets too.</summary>
internal static partial class EncodedText
{
    // Double encoding occurs in practice. Deeper nesting does not.
    private const int MaxDepth = 4;

    // The number of runs of slashes that one text is tried with.
    private const int MaxPieces = 24;

    // A URL with a credential is longer.
    private const int MinLength = 12;

    /// <summary>A text with the encoded texts in it redacted and encoded again.</summary>
    public static string Redact(string text, int depth)
    {
        if (depth == MaxDepth || text.Length < MinLength)
            return text;

        StringBuilder? redacted = null;
        var (copied, end) = (0, 0);
        for (var run = Run().Match(text); run.Success; run = Run().Match(text, end))
        {
            (end, var clean) = Read(text, run, depth);
            if (clean is null)
                continue;

            (redacted ??= new()).Append(text, copied, run.Index - copied).Append(Encode(clean));
            copied = end;
        }

        return redacted?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    /// <summary>Where the text that begins with a run ends, and what is left of it; null if there is nothing to redact.</summary>
    private static (int End, string? Clean) Read(string text, Match run, int depth)
    {
        var end = run.Index + run.Length;
        if ((Decode(run.Value, whole: true) ?? Decode(run.Value, whole: false)) is not { } head)
            return (end, null);
        if (Name().IsMatch(text, run.Index) && !CommandRedaction.MayBeUrl(head))
            return (end, null);
        if (!MayGoOn(head))
            return (end, Redacted(head, depth));

        // The standard alphabet has the slash, so a text may go on behind it. The longest that is one is meant.
        foreach (var (joinedEnd, joined) in Enumerable.Reverse(Joined(text, run)))
        {
            var clean = Redacted(joined, depth);
            if (clean is not null || IsUrl(joined))
                return (joinedEnd, clean);
        }

        // The text was cut or continues in an unknown form, so its secret may continue too.
        return Redacted(head, depth) is { } redacted ? (Ends(text, run).Last(), redacted) : (end, null);
    }

    /// <summary>Whether a text is the beginning of a URL, encoded or not.</summary>
    private static bool MayGoOn(string head) => IsUrl(head) || head.StartsWith("aHR0", StringComparison.Ordinal);

    /// <summary>The texts that a run and some of the pieces behind it are together, from the shortest on.</summary>
    private static List<(int End, string Text)> Joined(string text, Match run)
    {
        var texts = new List<(int, string)>();
        foreach (var end in Ends(text, run).Skip(1).Take(MaxPieces))
        {
            var encoded = text[run.Index..end];
            if (Decode(encoded, whole: true) is { } joined)
                texts.Add((end, joined));
            else if (Decode(encoded, whole: false) is null)
                break; // Nor is it a text with more behind it.
        }

        return texts;
    }

    /// <summary>Where what begins with a run may end: the run itself, and each piece that follows a run of slashes and is no option's name.</summary>
    private static IEnumerable<int> Ends(string text, Match run)
    {
        var end = run.Index + run.Length;
        yield return end;
        while (end < text.Length && Piece().Match(text, end) is { Success: true } piece && !CommandRedaction.IsOptionNext(text, end))
        {
            end = piece.Index + piece.Length;
            yield return end;
        }
    }

    private static string? Redacted(string decoded, int depth) =>
        Redact(CommandRedaction.WithoutPlainSecrets(decoded), depth + 1) is var clean && clean != decoded ? clean : null;

    private static bool IsUrl(string text) => text.Contains("://", StringComparison.Ordinal);

    /// <summary>The text that is encoded; null if it is none.</summary>
    /// <param name="encoded">As it stands there.</param>
    /// <param name="whole">Whether it has to be one to its end. Otherwise it may have been cut.</param>
    private static string? Decode(string encoded, bool whole)
    {
        var digits = Unescape(encoded);
        var padding = digits.Length - digits.AsSpan().TrimEnd('=').Length;
        var length = digits.Length - padding;
        if (!whole)
            length -= length % 4;
        if (Base64Text.Decode(Encoding.ASCII.GetBytes(digits, 0, length)) is not { } bytes)
            return null;
        var valid = bytes.AsSpan();
        for (var cut = 0; !Utf8.IsValid(valid); cut++)
        {
            if (whole || cut == 3 || valid.IsEmpty)
                return null;
            valid = valid[..^1];
        }

        var text = Encoding.UTF8.GetString(valid);
        return text.Any(c => char.IsControl(c) && c is not ('\t' or '\r' or '\n')) ? null : text;
    }

    private static string Unescape(string encoded)
    {
        StringBuilder? digits = null;
        var copied = 0;
        foreach (var escape in Escaped().EnumerateMatches(encoded))
        {
            (digits ??= new(encoded.Length)).Append(encoded, copied, escape.Index - copied);
            copied = escape.Index + escape.Length;
            if (encoded[copied - 1] != '\\')
                digits.Append((char)int.Parse(encoded.AsSpan(copied - 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        }

        return digits?.Append(encoded, copied, encoded.Length - copied).ToString() ?? encoded;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).Replace('+', '-').Replace('/', '_');

    // It does not begin inside an escape: behind %2F stands aHR0…, not 2FaHR0….
    [GeneratedRegex(
        """(?<! \\ (?: u[0-9a-f]{0,3} )? | % (?:25){0,4} [0-9a-f]? ) (?: [A-Z0-9+_-] | %(?:25)*2b | (?<!\\) \\+u002b ){12,} (?: = | %(?:25)*3d | \\+u003d ){0,2}""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Run();

    // The options whose values are names that an application chose, such as bucket:key: what looks like a secret in one is the name.
    [GeneratedRegex(
        """\G (?<= (?: (?<![a-z0-9_]) | (?<= (?: %(?:25)* | \\u00 ) [0-9a-f]{2} ) ) (?: saveas | savePattern | pattern | bucket | key | prefix | alias | resource | output ) (?: \\*/ | \\+u002f | %(?:25)*2f ) )""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Name();

    // Not another text that begins there: that of an address begins with aHR0, and YUhSM when it is encoded twice.
    [GeneratedRegex(
        """\G (?> (?: \\*/ | \\+u002[fF] | %(?:25)*2[fF] )+ ) (?! aHR0 | YUhSM ) (?: [A-Za-z0-9+_-] | %(?:25)*2[bB] | \\+u002[bB] )* (?: = | %(?:25)*3[dD] | \\+u003[dD] ){0,2}""",
        RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Piece();

    [GeneratedRegex("""%(?:25)*(?:2[bf]|3d)|(?<!\\)\\+u00(?:2[bf]|3d)|(?<!\\)\\+(?=/)""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Escaped();
}
