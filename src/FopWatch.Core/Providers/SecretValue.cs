using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// Finds the end of a secret after an option such as <c>hlsKey/</c> or the name of a parameter: at a character that ends a value, or before the next option. Base64
/// contains slashes, so a slash alone does not end a secret.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="level">
/// The repetition level of the percent-encoding of the separator before the value, such as 25 in %252F; null if it is not encoded. A slash that is encoded more
/// often belongs to the value.
/// </param>
internal readonly ref partial struct SecretValue(string text, string? level)
{
    // Base64 digits without padding: an AES-128 key has 22, and an AES key that is encrypted with a 1024-bit RSA key has 171.
    private const int ShortKey = 22;
    private const int LongKey = 171;

    /// <summary>The end of a key; its start if there is none.</summary>
    public int EndOfKey(int start)
    {
        var (at, digits, shortEnd) = (start, 0, -1);
        for (; digits < LongKey; digits++)
        {
            if (digits == ShortKey)
                shortEnd = at;
            if (Digit(at) is var next && next == at)
                break;
            at = next;
        }

        if (digits == LongKey && KeyUnit(at) == at)
            return EndOfKeyUnits(at);
        return EndOfKeyUnits(shortEnd >= 0 && KeyUnit(shortEnd) == shortEnd ? shortEnd : start);
    }

    /// <summary>The end of the value of a parameter; its start if there is none.</summary>
    public int EndOfCredential(int start)
    {
        for (var at = start; ;)
        {
            var next = EndsQuery(at) ? at : CredentialUnit(at);
            if (next == at && (next = Padded(at)) == at)
                return at;
            at = next;
        }
    }

    /// <summary>The end of an option separator at a position, however it is encoded; the position itself if there is none.</summary>
    public static int EndOfSlash(string text, int at) => new SecretValue(text, null).Slash(at, out _);

    private int EndOfKeyUnits(int start)
    {
        for (var at = start; ;)
        {
            var next = KeyUnit(at);
            if (next == at && (next = Padded(at)) == at)
                return at;
            at = next;
        }
    }

    // Each of the following methods returns the end of the element in its name, or the position itself if it is not there.
    private int KeyUnit(int at)
    {
        if (at == text.Length)
            return at;
        switch (text[at])
        {
            case '|' or ';' or '"' or '\'' or ']' or '&':
                return at;
            case '/' or '\\' or '%':
                return ValueSlash(at) is var slash && slash > at ? slash : Escape(at, "/|;\"' ]&", "/|;\"' ]&");
            case var c:
                return char.IsWhiteSpace(c) ? at : at + 1;
        }
    }

    private int CredentialUnit(int at)
    {
        if (at == text.Length)
            return at;
        switch (text[at])
        {
            case '&' or '#' or '"' or '<' or '>' or '|' or ';':
                return at;
            case '/' or '\\' or '%':
                return ValueSlash(at) is var slash && slash > at ? slash : Escape(at, "/", "&#\"'/<>|; ");
            case ',':
                // A value may continue after a comma or a closing mark, but a list of URLs and the surrounding text do not belong to it.
                return EndOfList().IsMatch(text, at + 1) ? at : at + 1;
            case ')' or ']' or '}' or '\'' or '`':
                return at + 1 < text.Length && (IsDigit(text[at + 1]) || "~*!$".Contains(text[at + 1])) ? at + 1 : at;
            case var c:
                return char.IsWhiteSpace(c) ? at : at + 1;
        }
    }

    /// <summary>A percent sign or a JSON escape, unless it encodes one of these characters.</summary>
    private int Escape(int at, string notByPercent, string notByJson)
    {
        if (text[at] == '%')
            return notByPercent.Contains(Percent(at, out _)) ? at : at + 1;
        var c = Json(at, out var end);
        return end > at && !notByJson.Contains(c) ? end : at;
    }

    private bool EndsQuery(int at) =>
        level is not null && at < text.Length && text[at] == '%' && "&#\"'<>|; ".Contains(Percent(at, out var end)) && IsLevel(at, end);

    private int ValueSlash(int at) => Slash(at, out var separates) is var end && separates && end > at && CommandOption.IsAt(text, end) ? at : end;

    /// <summary>
    /// A digit of a Base64 text, which may contain a sequence between two slashes that looks like a short option (/t/4). The search stops at the next key, so
    /// that no part of a text is searched from two keys.
    /// </summary>
    private int Digit(int at)
    {
        if (at == text.Length || IsKey(at))
            return at;
        if (IsDigit(text[at]))
            return at + 1;
        if (text[at] is not ('/' or '\\' or '%'))
            return at;
        if (Slash(at, out var separates) is var end && end > at)
            return separates && (CommandOption.IsLongAt(text, end) || Is(end, "aHR0") || Is(end, "YUhSM")) ? at : end;
        return (text[at] == '%' ? Percent(at, out end) : Json(at, out end)) == '+' ? end : at;
    }

    /// <summary>Base64 text with padding, which ends it even if it seems to contain short options.</summary>
    private int Padded(int at)
    {
        var digits = at;
        for (int next; (next = Digit(digits)) > digits;)
            digits = next;
        if (digits == at)
            return at;
        var padded = digits;
        for (int next; (next = Padding(padded)) > padded;)
            padded = next;
        return padded == digits || (padded < text.Length && (IsDigit(text[padded]) || text[padded] == '*')) ? at : padded;
    }

    private int Padding(int at)
    {
        if (at == text.Length)
            return at;
        if (text[at] == '=')
            return at + 1;
        var end = at;
        return (text[at] == '%' ? Percent(at, out end) : text[at] == '\\' ? Json(at, out end) : '\0') == '=' ? end : at;
    }

    /// <summary>A slash, possibly escaped, and whether it separates options at the level of the value.</summary>
    private int Slash(int at, out bool separates)
    {
        separates = true;
        if (at == text.Length)
            return at;
        if (text[at] == '%')
        {
            if (Percent(at, out var end) != '/')
                return at;
            separates = IsLevel(at, end);
            return end;
        }

        var plain = AfterBackslashes(at);
        if (plain < text.Length && text[plain] == '/')
            return plain + 1;
        return plain > at && Is(plain, "u002f") ? plain + "u002f".Length : at;
    }

    private bool IsLevel(int at, int end) => level is not null && text.AsSpan(at + 1, end - at - "%2f".Length).SequenceEqual(level);

    private bool IsKey(int at) =>
        text[at] is 'h' or 'H' && Is(at, "hls") && at + 6 < text.Length
        && ((text[at + 3] is 'k' or 'K' or '\u212a' && Is(at + 4, "ey") && Slash(at + 6, out _) > at + 6) || (Is(at + 3, "iv") && Slash(at + 5, out _) > at + 5))
        || (text[at] is 'p' or 'P' && Is(at, "password") && Slash(at + 8, out _) > at + 8);

    /// <summary>The character that is percent-encoded at a position, even repeatedly, and the end of the encoding; the position itself if there is none.</summary>
    private char Percent(int at, out int end)
    {
        var digits = at + 1;
        while (Is(digits, "25"))
            digits += 2;
        return Hex(at, digits, out end);
    }

    /// <summary>The character that is JSON-escaped at a position, even repeatedly, and the end of the escape; the position itself if there is none.</summary>
    private char Json(int at, out int end)
    {
        var escape = AfterBackslashes(at);
        return escape > at && Is(escape, "u00") ? Hex(at, escape + "u00".Length, out end) : Hex(at, text.Length, out end);
    }

    private char Hex(int at, int digits, out int end)
    {
        end = at;
        if (digits + 2 > text.Length || !char.IsAsciiHexDigit(text[digits]) || !char.IsAsciiHexDigit(text[digits + 1]))
            return '\0';
        end = digits + 2;
        return (char)((Nibble(text[digits]) << 4) | Nibble(text[digits + 1]));

        static int Nibble(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    }

    private int AfterBackslashes(int at)
    {
        while (at < text.Length && text[at] == '\\')
            at++;
        return at;
    }

    private bool Is(int at, string other) => at <= text.Length && text.AsSpan(at).StartsWith(other, StringComparison.OrdinalIgnoreCase);

    // The Kelvin sign equals K in case-insensitive comparisons.
    private static bool IsDigit(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '_' or '-' or '\u212a';

    [GeneratedRegex(
        @"\G (?: [\s""'<>(){}[\]\\|;&] | $ | %(?:25)*2[27] | [a-z][a-z0-9+.-]{0,15} : \\*/ )",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex EndOfList();
}
