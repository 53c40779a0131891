using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Serialization;

namespace FopWatch.Wording;

/// <summary>
/// A text for people, worded when it is read. It keeps its English template and its values, so that <see cref="In"/> can word it in any <see cref="Language"/>.
/// Write it as an interpolated string: <c>Sentence text = $"Check {setting}."</c>. A value may be a sentence itself. Other values are formatted invariantly.
/// Immutable once made.
/// </summary>
/// <remarks>Every template has its Chinese words in <c>Wording/Chinese.txt</c>. A test reads the templates from the compiled assemblies.</remarks>
[InterpolatedStringHandler]
[JsonConverter(typeof(SentenceConverter))]
public sealed class Sentence : IEquatable<Sentence>
{
    private readonly StringBuilder _template;
    private readonly List<object?> _values;
    private string? _english;

    /// <summary>Begins a sentence. The compiler calls this for an interpolated string.</summary>
    /// <param name="literalLength">The number of characters outside of values.</param>
    /// <param name="formattedCount">The number of values.</param>
    public Sentence(int literalLength, int formattedCount) => (_template, _values) = (new(literalLength + (3 * formattedCount)), new(formattedCount));

    /// <summary>The English template: <c>{0}</c>, <c>{1}</c> and so on stand for the values.</summary>
    public string Template => _template.ToString();

    /// <summary>The values, in the order of the template.</summary>
    internal IReadOnlyList<object?> Values => _values;

    /// <summary>The English words.</summary>
    [return: NotNullIfNotNull(nameof(sentence))]
    public static implicit operator string?(Sentence? sentence) => sentence?.ToString();

    /// <summary>A text that exists in English only, such as a stored reason or the message of an exception. Constant texts of FopWatch are translated.</summary>
    public static Sentence Verbatim(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sentence = new Sentence(text.Length, 0);
        sentence.AppendLiteral(text);
        return sentence;
    }

    /// <summary>A <see cref="Verbatim"/> text; null for null.</summary>
    public static Sentence? VerbatimOrNull(string? text) => text is null ? null : Verbatim(text);

    /// <summary>Sentences, one after the other.</summary>
    /// <param name="sentences">The sentences.</param>
    /// <param name="separator">What stands between them in English. Between Chinese sentences that end with a full stop stands nothing.</param>
    public static Sentence Join(IEnumerable<Sentence> sentences, string separator = " ")
    {
        ArgumentNullException.ThrowIfNull(sentences);
        var joined = new Sentence(0, 0);
        foreach (var sentence in sentences)
        {
            if (joined._values.Count > 0)
                joined._template.Append(separator);
            joined.AppendFormatted(sentence);
        }

        return joined;
    }

    /// <summary>Appends words of the template. The compiler calls this.</summary>
    public void AppendLiteral(string value) => _template.Append(value);

    /// <summary>Appends a value. The compiler calls this.</summary>
    public void AppendFormatted(Sentence? value) => Append(value);

    /// <summary>Appends a value. The compiler calls this.</summary>
    public void AppendFormatted(string? value) => Append(value);

    /// <summary>Appends a value, formatted invariantly. The compiler calls this.</summary>
    public void AppendFormatted<T>(T value, string? format = null) =>
        Append(value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : value?.ToString());

    /// <summary>The words in a language.</summary>
    public string In(Language language) => language == Language.Chinese ? Chinese.Of(this) : ToString();

    /// <summary>The English words.</summary>
    public override string ToString() => _english ??= Fill(Template, _values, static value => value?.ToString());

    /// <summary>Whether two texts have the same English words.</summary>
    public static bool operator ==(Sentence? one, Sentence? other) => Equals(one, other);

    /// <summary>Whether two texts have different English words.</summary>
    public static bool operator !=(Sentence? one, Sentence? other) => !Equals(one, other);

    /// <summary>Whether a text has the same English words.</summary>
    public bool Equals(Sentence? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Sentence);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>Changes the values that are plain text, in nested sentences too, and verbatim texts.</summary>
    internal Sentence WithValues(Func<string, string> change)
    {
        var changed = new Sentence(0, 0);
        changed._template.Append(_values.Count == 0 ? change(Template) : Template);
        changed._values.AddRange(_values.Select(value => value is Sentence nested ? nested.WithValues(change) : value is string text ? change(text) : value));
        return changed;
    }

    /// <summary>Puts values into a template. Braces without a number of a value are left alone.</summary>
    /// <param name="template">The template.</param>
    /// <param name="values">The values.</param>
    /// <param name="wordsOf">The words of a value.</param>
    /// <param name="join">Joins the words so far to the rest of the template, after a value that is a sentence: returns where to go on in the template.</param>
    internal static string Fill(string template, IReadOnlyList<object?> values, Func<object?, string?> wordsOf, Func<StringBuilder, int, int>? join = null)
    {
        var filled = new StringBuilder(template.Length);
        for (var at = 0; at < template.Length;)
        {
            var end = template[at] == '{' ? template.IndexOf('}', at) : -1;
            if (end > 0 && int.TryParse(template.AsSpan(at + 1, end - at - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < values.Count)
            {
                filled.Append(wordsOf(values[number]));
                at = join is not null && values[number] is Sentence ? join(filled, end + 1) : end + 1;
            }
            else
            {
                filled.Append(template[at++]);
            }
        }

        return filled.ToString();
    }

    private void Append(object? value)
    {
        _template.Append(CultureInfo.InvariantCulture, $"{{{_values.Count}}}");
        _values.Add(value);
    }
}
