using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FopWatch.Contracts;

/// <summary>
/// Writes enum members in camelCase, as in every FopWatch document. Reads them in any case, but never as numbers. Throws
/// <see cref="JsonException"/> for a value that is not one of the members.
/// </summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        EnumNames<T>.Read(ref reader, out var text) ?? throw new UnreadableValueException($"This version does not know the {typeof(T).Name} '{text}'.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => EnumNames<T>.Write(writer, value);
}

/// <summary>
/// Like <see cref="CamelCaseEnumConverter{T}"/>, but reads a value that is not one of the members as the enum's <c>0</c>, which
/// must mean that it is unknown. So an older reader can still read events with values that a later version of FopWatch adds.
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

        // Without an offset it would be read as the reader's local time.
        var hasOffset = text.Length > "yyyy-MM-ddTHH:mm:ss".Length && (text[text.Length - 1] == 'Z' || text[text.Length - 6] is '+' or '-');
        return hasOffset ? time.ToUniversalTime() : throw new UnreadableValueException("The time has no offset.");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value.UtcDateTime);
}

/// <summary>The serializer context of every FopWatch document. It uses no reflection, and ignores unknown members.</summary>
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
    /// The context that FopWatch writes with. It does not escape letters of any language, so object keys in Chinese are readable and short. Use
    /// it for <c>application/json</c>, never for text that is put into HTML.
    /// </summary>
    public static ContractsJson Wire => Relaxed.Context;

    /// <summary>A separate class, because the initializers of a partial class run in no defined order.</summary>
    private static class Relaxed
    {
        public static readonly ContractsJson Context = new(new(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}

/// <summary>A value that one of these converters rejects. Its message, unlike those of the serializer, is written for subscribers.</summary>
internal sealed class UnreadableValueException(string message) : JsonException(message);

/// <summary>The names of an enum's members on the wire.</summary>
/// <remarks>
/// The framework's own converter is not used: in older versions it also reads numbers in quotes and comma-separated lists.
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
        writer.WriteStringValue(Find(value) ?? throw new JsonException($"{typeof(T).Name} has no member {value}."));
}
