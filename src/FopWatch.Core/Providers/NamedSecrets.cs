using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// A rule for secrets that follow a name, such as <c>token=…</c>. It is tried only where a name ends at a character that can separate it from a value,
/// because a regular expression takes up to 1 µs per position.
/// </summary>
/// <param name="rule">The rule. It begins with \G and the name, or the separator before the name.</param>
/// <param name="separators">The characters that may follow the name, escaped or not, besides whitespace.</param>
/// <param name="replacement">The replacement of a match.</param>
/// <param name="endOfValue">Finds the end of the value after a match, if the rule does not include the value; returns the end of the match if there is no value.</param>
internal sealed class NamedSecrets(Regex rule, string separators, string replacement, Func<string, Match, int>? endOfValue = null)
{
    // The characters of names. The last one, the Kelvin sign, equals K in case-insensitive comparisons.
    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-\u212a");

    // Every name of a secret contains one of these. None contains a K, which has three forms.
    private static readonly SearchValues<string> Fragments = SearchValues.Create(
        ["to", "secret", "sig", "pass", "pwd", "ey", "cred", "auth", "hmac", "jwt", "hdn", "_upt", "accessid", "x-", "q-", "time"],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>Redacts the secrets that the rule finds, with the same result as if the rule were tried at every position.</summary>
    public string Redact(string text)
    {
        StringBuilder? redacted = null;
        var copied = 0;
        for (var at = 0; Next(text, at) is var (start, end); at = end)
        {
            if (end == text.Length || !separators.Contains(CharAt(text, end)) || FirstMatch(text, start, end, copied) is not var (match, next))
                continue;

            (redacted ??= new(text.Length)).Append(text, copied, match.Index - copied).Append(match.Result(replacement));
            copied = next;

            // A match may end within a name.
            for (end = copied; end > start && NameChars.Contains(text[end - 1]);)
                end--;
        }

        return redacted?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    /// <summary>The next run of name characters.</summary>
    private static (int Start, int End)? Next(string text, int at)
    {
        var start = text.AsSpan(at).IndexOfAny(NameChars);
        if (start < 0)
            return null;
        start += at;
        var length = text.AsSpan(start).IndexOfAnyExcept(NameChars);
        return (start, length < 0 ? text.Length : start + length);
    }

    /// <summary>The first match that starts with the name in a run, or with the separator before it.</summary>
    private (Match Match, int End)? FirstMatch(string text, int start, int end, int from)
    {
        var mayBeName = MayBeName(text.AsSpan(start, end - start));
        switch (start == 0 ? '\0' : text[start - 1])
        {
            case '%':
                return Parameter(start - 1) ?? Name(start) ?? Name(AfterPercents(text, start) + 2);
            case '\\':
                var escape = start - 1;
                while (escape > from && text[escape - 1] == '\\')
                    escape--;
                return Parameter(escape) ?? Name(start) ?? Name(start + "u0026".Length);
            case var before:
                return (IsQuerySeparator(before) ? At(start - 1) : null) ?? Name(start);
        }

        (Match, int)? Parameter(int position) => IsQuerySeparator(CharAt(text, position)) ? At(position) : null;

        (Match, int)? Name(int position) => mayBeName ? At(position) : null;

        (Match, int)? At(int position)
        {
            if (position < from || position >= end || rule.Match(text, position) is not { Success: true } match)
                return null;

            var endOfMatch = match.Index + match.Length;
            return endOfValue is null ? (match, endOfMatch) : endOfValue(text, match) is var next && next > endOfMatch ? (match, next) : null;
        }
    }

    private static bool IsQuerySeparator(char c) => c is '?' or '&' or '#' or ';' or '~';

    // ak and sk are short enough to be compared here.
    private static bool MayBeName(ReadOnlySpan<char> run) =>
        run.ContainsAny(Fragments) || (run.Length > 1 && run[^1] is 'k' or 'K' or '\u212a' && run[^2] is 'a' or 'A' or 's' or 'S');

    /// <summary>The unescaped character at a position, after any whitespace.</summary>
    private static char CharAt(string text, int at)
    {
        if (text[at] == '%')
            return Hex(text.AsSpan(AfterPercents(text, at + 1)));

        var rest = text.AsSpan(at).TrimStart(" \t\\");
        if (rest.StartsWith("u00", StringComparison.OrdinalIgnoreCase))
            return Hex(rest[3..]);
        return rest.IsEmpty ? '\0' : rest[0];

        static char Hex(ReadOnlySpan<char> text) =>
            text.Length > 1 && byte.TryParse(text[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) ? (char)code : '\0';
    }

    /// <summary>The end of repeatedly encoded percent signs.</summary>
    private static int AfterPercents(string text, int at)
    {
        while (text.AsSpan(at).StartsWith("25", StringComparison.Ordinal))
            at += 2;
        return at;
    }
}
