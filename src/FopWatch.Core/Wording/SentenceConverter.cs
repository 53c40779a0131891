using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Wording;

/// <summary>Writes sentences in a language.</summary>
/// <param name="language">The language.</param>
public sealed class SentenceConverter(Language language) : JsonConverter<Sentence>
{
    /// <summary>A converter that writes English.</summary>
    public SentenceConverter()
        : this(Language.English)
    {
    }

    /// <inheritdoc/>
    public override Sentence? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Sentence.VerbatimOrNull(reader.GetString());

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Sentence value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.In(language));
    }
}
