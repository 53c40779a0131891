using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace FopWatch.Wording;

/// <summary>Writes sentences in a language.</summary>
/// <param name="language">The language.</param>
public sealed partial class SentenceConverter(Language language) : JsonConverter<Sentence>
{
    /// <summary>A converter that writes English.</summary>
    public SentenceConverter()
        : this(Language.English)
    {
    }

    /// <inheritdoc/>
    public override Sentence? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Sentence.VerbatimOrNull(reader.GetString());

    /// <remarks>Marks of the writing direction are spelled: in a name of a notification they would turn the words around it.</remarks>
    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Sentence value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(Directions().Replace(value.In(language), static mark => $"\\u{(int)mark.Value[0]:X4}"));
    }

    [GeneratedRegex("[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]")]
    private static partial Regex Directions();
}
