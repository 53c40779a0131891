using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using FopWatch.Wording;

namespace FopWatch.Local.Tests.OpenApi;

/// <summary>
/// Makes generated schemas match the serialised JSON: a member without a value is absent, and enums are strings. A record with a base type on the wire
/// extends the schema of its base.
/// </summary>
/// <param name="documentation">The source of descriptions.</param>
internal sealed partial class GeneratedSchemas(XmlDocumentation documentation)
{
    private readonly Dictionary<string, JsonTypeInfo> _types = [];

    /// <summary>A serialised type and everything it contains.</summary>
    public void Add(JsonTypeInfo type)
    {
        if ((Nullable.GetUnderlyingType(type.Type) ?? type.ElementType) is { } inner)
            Add(type.Options.GetTypeInfo(inner));
        else if ((type.Kind == JsonTypeInfoKind.Object || type.Type.IsEnum) && _types.TryAdd(type.Type.Name, type))
            type.Properties.ToList().ForEach(property => Add(type.Options.GetTypeInfo(property.PropertyType)));
    }

    /// <summary>Writes the schemas of all types.</summary>
    /// <param name="generated">The generated schemas by name.</param>
    public JsonObject Write(JsonObject generated)
    {
        var schemas = new JsonObject();
        foreach (var (name, type) in _types.OrderBy(type => type.Key, StringComparer.Ordinal))
            schemas[name] = type.Type.IsEnum ? Enumeration(type) : Inherited(type, Object(type, generated[name]?["properties"] as JsonObject ?? []));
        return schemas;
    }

    private JsonObject Enumeration(JsonTypeInfo type)
    {
        var values = Enum.GetValues(type.Type).Cast<object>().Select(value => (Name: value.ToString()!, Written: JsonSerializer.SerializeToNode(value, type)!)).ToList();
        return new()
        {
            ["type"] = "string",
            ["description"] = $"{documentation.Of(type.Type)} {string.Join(' ', values.Select(value => $"`{value.Written}`: {LowerFirst(documentation.Of(type.Type, value.Name)!)}"))}",
            ["enum"] = new JsonArray([.. values.Select(value => value.Written)]),
        };
    }

    private JsonObject Object(JsonTypeInfo type, JsonObject generated)
    {
        var properties = new JsonObject();
        foreach (var property in Own(type))
            properties[property.Name] = Property(property, generated[property.Name]);
        return new()
        {
            ["type"] = "object",
            ["description"] = documentation.Of(type.Type),
            ["required"] = new JsonArray([.. Own(type).Where(IsAlwaysThere).Select(property => JsonValue.Create(property.Name))]),
            ["properties"] = properties,
        };
    }

    private static JsonObject Inherited(JsonTypeInfo type, JsonObject own)
    {
        if (Base(type) is not { } inherited)
            return own;
        var description = own["description"]!.DeepClone();
        own.Remove("description");
        return new() { ["description"] = description, ["allOf"] = new JsonArray(Reference(inherited), own) };
    }

    private JsonObject Property(JsonPropertyInfo property, JsonNode? generated)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var element = property.Options.GetTypeInfo(property.PropertyType).ElementType;
        var schema = _types.ContainsKey(type.Name) ? Reference(type)
            : type == typeof(DateTimeOffset) ? new JsonObject { ["type"] = "string", ["format"] = "date-time" }
            : type == typeof(Sentence) ? new JsonObject { ["type"] = "string" }
            : (JsonObject)generated!.DeepClone();
        if (schema["type"] is JsonArray types)
            schema["type"] = types.First(one => one!.GetValue<string>() != "null")!.DeepClone();
        if (element is not null && _types.ContainsKey(element.Name) && property.Options.GetTypeInfo(property.PropertyType).Kind == JsonTypeInfoKind.Enumerable)
        {
            // The generator may emit a list with a repeated element type as a reference to its first occurrence.
            schema = new() { ["type"] = "array", ["items"] = Reference(element) };
        }

        if (IsNullable(property) && IsAlwaysThere(property))
            schema["type"] = new JsonArray(schema["type"]!.DeepClone(), "null");
        if (documentation.Of(Member(property)) is { } description)
            schema["description"] = IsAlwaysThere(property) ? description : Null().Replace(description, "absent $1");
        return schema;
    }

    private static IEnumerable<JsonPropertyInfo> Own(JsonTypeInfo type) =>
        Base(type) is { } inherited ? type.Properties.Where(property => !property.DeclaringType.IsAssignableFrom(inherited)) : type.Properties;

    private static Type? Base(JsonTypeInfo type) => type.Type.BaseType is { } inherited && inherited != typeof(object) && inherited != typeof(ValueType) && !type.Type.IsEnum ? inherited : null;

    private static JsonObject Reference(Type type) => new() { ["$ref"] = $"#/components/schemas/{type.Name}" };

    /// <summary>Lower-cases the first letter to continue a sentence, unless the text starts with a name.</summary>
    private static string LowerFirst(string text) => text.Split(' ')[0].Skip(1).Any(char.IsUpper) ? text : char.ToLowerInvariant(text[0]) + text[1..];

    private static bool IsNullable(JsonPropertyInfo property) => new NullabilityInfoContext().Create(Member(property)).ReadState == NullabilityState.Nullable;

    private static bool IsAlwaysThere(JsonPropertyInfo property) => Member(property).GetCustomAttribute<JsonIgnoreAttribute>()?.Condition switch
    {
        JsonIgnoreCondition.Never => true,
        JsonIgnoreCondition.WhenWritingDefault => false,
        _ => !IsNullable(property),
    };

    private static PropertyInfo Member(JsonPropertyInfo property) => (PropertyInfo)property.AttributeProvider!;

    [GeneratedRegex("null (after|before|for|if|of|that|where)")]
    private static partial Regex Null();
}
