using System.Globalization;
using System.Text;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Makes foreign text safe to show. Commands, keys and errors come from providers and, through them, from uploaders. A terminal would
/// execute escape sequences in them, and marks that change the writing direction would mislead readers.
/// </summary>
internal static class DisplayText
{
    private const char ZeroWidthNonJoiner = '\u200C';
    private const char ZeroWidthJoiner = '\u200D';

    /// <summary>A text on one line, with invisible characters escaped: <c>\n</c>, <c>\u001B</c>.</summary>
    public static string Clean(string text) => Clean(text, static (clean, rune) =>
    {
        switch (rune.Value)
        {
            case '\n':
                clean.Append("\\n");
                break;
            case '\r':
                clean.Append("\\r");
                break;
            case '\t':
                clean.Append("\\t");
                break;
            default:
                Spell(clean, rune);
                break;
        }
    });

    /// <summary>
    /// An equivalent JSON document without invisible characters except line breaks and spaces. The others can only be in strings, where
    /// <c>\u001B</c> means the same.
    /// </summary>
    public static string CleanJson(string json) => Clean(json, static (clean, rune) =>
    {
        if (rune.Value is '\n' or '\r' or '\t')
            clean.Append((char)rune.Value);
        else
            Spell(clean, rune);
    });

    private static string Clean(string text, Action<StringBuilder, Rune> spell)
    {
        if (IsClean(text))
            return text;

        // A lone surrogate is enumerated as the replacement character.
        var clean = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsShown(rune))
                clean.Append(rune.ToString());
            else
                spell(clean, rune);
        }

        return clean.ToString();
    }

    private static bool IsClean(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
                return false;
        }

        return true;
    }

    private static bool IsShown(Rune rune) => rune.Value is ZeroWidthJoiner or ZeroWidthNonJoiner || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static void Spell(StringBuilder clean, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        foreach (var unit in units[..rune.EncodeToUtf16(units)])
            clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
    }
}
