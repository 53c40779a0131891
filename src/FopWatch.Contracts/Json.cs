using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>
/// Writes enum members in camelCase, as every FopWatch document has them; reads them in any case, but never as numbers. A value
/// that is none of the members is a <see cref="JsonException"/>.
/// </summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        EnumNames<T>.Read(ref reader, out var text) ?? throw new UnreadableValueException($"'{text}' is no {typeof(T).Name} that this version knows.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => EnumNames<T>.Write(writer, value);
}

/// <summary>
/// Like <see cref="CamelCaseEnumConverter{T}"/>, but reads a value that is none of the members as the enum's <c>0</c>, which
/// has to mean that it is not known: so a value that a later version of FopWatch adds costs an older reader no event.
/// </summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class OpenEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        EnumNames<T>.Read(ref reader, out _) ?? default;

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => EnumNames<T>.Write(writer, value);
}

/// <summary>Writes a time as RFC 3339 in UTC with the suffix <c>Z</c>; reads any RFC 3339 time.</summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var time = reader.GetDateTimeOffset();
        var text = reader.GetString()!;

        // Without an offset it would be taken for the local time of whoever reads it.
        var hasOffset = text.Length > "yyyy-MM-ddTHH:mm:ss".Length && (text[text.Length - 1] == 'Z' || text[text.Length - 6] is '+' or '-');
        return hasOffset ? time.ToUniversalTime() : throw new UnreadableValueException("The time has no offset.");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value.UtcDateTime);
}

/// <summary>The serializer context of every FopWatch document: no reflection, unknown members are ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(JobTruncation))]
public sealed partial class ContractsJson : JsonSerializerContext
{
    /// <summary>
    /// What FopWatch writes with: letters of all languages stay as they are, so that object keys in Chinese are readable and short. For
    /// <c>application/json</c>, never for text that is put into HTML.
    /// </summary>
    public static ContractsJson Wire => Relaxed.Context;

    /// <summary>Apart, because the order in which the initializers of a partial class run is not defined.</summary>
    private static class Relaxed
    {
        public static readonly ContractsJson Context = new(new(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}

/// <summary>A value that a converter here refuses. Its message, unlike those of the serializer, is for subscribers to read.</summary>
internal sealed class UnreadableValueException(string message) : JsonException(message);

/// <summary>The names of an enum's members on the wire.</summary>
/// <remarks>
/// Not left to the framework's own converter, which in older versions also reads numbers in quotes and lists with commas.
/// </remarks>
internal static class EnumNames<T>
    where T : struct, Enum
{
    private static readonly Dictionary<T, string> Names = [];
    private static readonly Dictionary<string, T> Members = new(StringComparer.OrdinalIgnoreCase);

    static EnumNames()
    {
        foreach (var member in Enum.GetNames(typeof(T)))
        {
            var value = (T)Enum.Parse(typeof(T), member);
            var name = JsonNamingPolicy.CamelCase.ConvertName(member);
            Members.Add(name, value);
            Names.Add(value, name);
        }
    }

    public static IReadOnlyList<string> All { get; } = [.. Enum.GetNames(typeof(T)).Select(JsonNamingPolicy.CamelCase.ConvertName)];

    public static bool TryFind(string name, out T value) => Members.TryGetValue(name, out value);

    public static string? Find(T value) => Names.TryGetValue(value, out var name) ? name : null;

    public static T? Read(ref Utf8JsonReader reader, out string? text)
    {
        text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new UnreadableValueException("The value is not a string.");
        return Members.TryGetValue(text, out var value) ? value : null;
    }

    public static void Write(Utf8JsonWriter writer, T value) =>
        writer.WriteStringValue(Find(value) ?? throw new JsonException($"{value} is no {typeof(T).Name}."));
}
