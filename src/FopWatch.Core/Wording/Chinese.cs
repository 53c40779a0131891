using System.Collections.Frozen;
using System.Text;

namespace FopWatch.Wording;

/// <summary>The Chinese words of sentences: pairs of lines in <c>Chinese.txt</c>, the English template above its translation.</summary>
internal static class Chinese
{
    // A template with fewer characters of its own would recognise other texts.
    private const int LeastRecognised = 12;

    private const string Resource = "wording/Chinese.txt";

    private static readonly Lazy<FrozenDictionary<string, string>> Read = new(() => Pairs().ToFrozenDictionary(pair => pair.English, pair => pair.Chinese, StringComparer.Ordinal));

    // Long templates first: a short one may recognise a part of a long one's text.
    private static readonly Lazy<(TextPattern Pattern, string Chinese)[]> Templates = new(() =>
    [
        .. Words.Where(pair => pair.Key.Contains("{0}", StringComparison.Ordinal)).Select(pair => (Pattern: new TextPattern(pair.Key), pair.Value))
            .Where(pair => pair.Pattern.Length >= LeastRecognised).OrderByDescending(pair => pair.Pattern.Length),
    ]);

    /// <summary>The translations by their English templates.</summary>
    public static IReadOnlyDictionary<string, string> Words => Read.Value;

    public static string Of(Sentence sentence)
    {
        var (template, values) = (sentence.Template, sentence.Values);
        if (!Words.TryGetValue(template, out var words) && values.Count == 0)
            return Recognised(template);

        words ??= template;
        return Sentence.Fill(words, values, static value => value is Sentence nested ? Of(nested) : value?.ToString(), (filled, at) => Joined(filled, words, at));
    }

    // A stored English text: a template with its values, or parts such as "HTTP 503: the status API asks to slow down".
    private static string Recognised(string text)
    {
        if (Words.TryGetValue(text, out var words))
            return words;
        foreach (var (template, chinese) in Templates.Value)
        {
            if (template.ValuesIn(text) is { } values)
                return Sentence.Fill(chinese, values, static value => value is RecognisedName name ? name.Text : Recognised((string)value!));
        }

        var parts = text.Split(": ");
        if (parts.Length == 1)
            return text;
        var recognised = parts.Select(Recognised).ToArray();
        var translated = new StringBuilder(recognised[0]);
        for (var i = 1; i < parts.Length; i++)
        {
            // Words that stay English keep their colon.
            var staysEnglish = recognised[i - 1] == parts[i - 1] && recognised[i] == parts[i];
            translated.Append(staysEnglish ? ": " : "：").Append(recognised[i]);
        }

        return translated.ToString();
    }

    // Chinese sentences need no space between them, and no full stop before a bracket.
    private static int Joined(StringBuilder filled, string template, int at)
    {
        if (filled.Length == 0 || filled[^1] != '。' || at == template.Length)
            return at;
        if (template[at] == '）')
            filled.Length--;
        return template[at] == ' ' ? at + 1 : at;
    }

    private static IEnumerable<(string English, string Chinese)> Pairs()
    {
        using var stream = typeof(Chinese).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } english)
        {
            if (english.Length > 0 && !english.StartsWith('#'))
                yield return (english, reader.ReadLine() ?? throw new InvalidDataException($"Wording/Chinese.txt has no translation of '{english}'."));
        }
    }
}
