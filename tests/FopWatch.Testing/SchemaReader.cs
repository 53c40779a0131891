using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Testing;

/// <summary>Validates values against a document's schemas: implements the part of JSON Schema that the project's documents use.</summary>
/// <param name="document">The document.</param>
/// <param name="others">Other documents by the names used in references.</param>
public sealed class SchemaReader(JsonElement document, IReadOnlyDictionary<string, JsonElement>? others = null)
{
    /// <summary>Annotations, which do not affect validation.</summary>
    private static readonly HashSet<string> Annotations =
        ["$schema", "$defs", "title", "description", "format", "default", "examples", "contentEncoding"];

    /// <summary>The target of a reference.</summary>
    public JsonElement? Resolve(string reference) => Follow(reference)?.Target;

    /// <summary>The final target of a schema that is only a reference; any other schema itself.</summary>
    public JsonElement Target(JsonElement schema) =>
        schema.TryGetProperty("$ref", out var reference) && Follow(reference.GetString()!) is var (reader, target) ? reader.Target(target) : schema;

    /// <summary>An object schema with the parts of its <c>allOf</c> merged; any other schema itself.</summary>
    public JsonElement Whole(JsonElement schema)
    {
        if (!schema.TryGetProperty("allOf", out var allOf))
            return schema;

        var parts = allOf.EnumerateArray().Select(part => Whole(Target(part))).ToList();
        Assert.All(parts, part => Assert.Equal("object", part.GetProperty("type").GetString()));
        return JsonSerializer.SerializeToElement(new
        {
            type = "object",
            required = parts.SelectMany(part => Texts(part.GetProperty("required"))).ToList(),
            properties = parts.SelectMany(part => part.GetProperty("properties").EnumerateObject()).ToDictionary(one => one.Name, one => one.Value),
        });
    }

    /// <summary>The violations of a schema by a value.</summary>
    public IReadOnlyList<string> Violations(JsonElement schema, JsonElement value, string at = "")
    {
        schema = Whole(schema);
        var found = new List<string>();
        foreach (var rule in schema.EnumerateObject())
        {
            var wrong = rule.Name switch
            {
                "$ref" => Follow(rule.Value.GetString()!) is var (reader, target)
                    ? reader.Violations(target, value, at)
                    : [$"{at}: the schema refers to nothing by {rule.Value}"],
                "type" => Unless(Texts(rule.Value).Any(type => IsOfType(value, type))),
                "enum" => Unless(rule.Value.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value))),
                "const" => Unless(JsonElement.DeepEquals(rule.Value, value)),
                "pattern" => Unless(value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.Value.GetString()!)),
                "maxLength" => Unless(value.ValueKind != JsonValueKind.String || value.GetString()!.Length <= rule.Value.GetInt32()),
                "minimum" => Unless(value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.Value.GetDouble()),
                "maximum" => Unless(value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.Value.GetDouble()),
                "minItems" => Unless(value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= rule.Value.GetInt32()),
                "maxItems" => Unless(value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= rule.Value.GetInt32()),
                "required" => value.ValueKind != JsonValueKind.Object
                    ? []
                    : Texts(rule.Value).Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{at}/{name} is missing"),
                "properties" => Members(value).SelectMany(member => rule.Value.TryGetProperty(member.Name, out var known)
                    ? Violations(known, member.Value, $"{at}/{member.Name}")
                    : schema.TryGetProperty("additionalProperties", out _) ? [] : [$"{at}/{member.Name} is not in the schema"]),
                "additionalProperties" => Members(value)
                    .Where(member => !(schema.TryGetProperty("properties", out var known) && known.TryGetProperty(member.Name, out _)))
                    .SelectMany(member => rule.Value.ValueKind == JsonValueKind.False
                        ? [$"{at}/{member.Name} is not allowed"]
                        : Violations(rule.Value, member.Value, $"{at}/{member.Name}")),
                "items" => value.ValueKind != JsonValueKind.Array
                    ? []
                    : value.EnumerateArray().SelectMany((element, index) => Violations(rule.Value, element, $"{at}/{index}")),
                "oneOf" => Unless(rule.Value.EnumerateArray().Count(one => Violations(one, value, at).Count == 0) == 1),
                _ => Annotations.Contains(rule.Name) ? [] : [$"{at}: the schema has the unknown rule '{rule.Name}'"],
            };
            found.AddRange(wrong);

            IEnumerable<string> Unless(bool right) => right ? [] : [$"{at} is {value.GetRawText()}, against {rule.Name} {rule.Value.GetRawText()}"];
        }

        return found;
    }

    /// <summary>A string or strings.</summary>
    public static IEnumerable<string> Texts(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(one => one.GetString()!) : [value.GetString()!];

    /// <summary>Every object in a document, including the document.</summary>
    public static IEnumerable<(string At, JsonElement Value)> AllObjects(JsonElement value, string at = "") => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().SelectMany(member => AllObjects(member.Value, $"{at}/{member.Name}")).Prepend((at, value)),
        JsonValueKind.Array => value.EnumerateArray().SelectMany((element, index) => AllObjects(element, $"{at}/{index}")),
        _ => [],
    };

    public static IEnumerable<string> References(JsonElement value) =>
        from one in AllObjects(value)
        where one.Value.TryGetProperty("$ref", out _)
        select one.Value.GetProperty("$ref").GetString();

    private (SchemaReader Reader, JsonElement Target)? Follow(string reference)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        var (name, pointer) = hash < 0 ? (reference, "") : (reference[..hash], reference[(hash + 1)..]);
        var (reader, at) = (this, document);
        if (name.Length > 0)
        {
            if (others is null || !others.TryGetValue(name, out at))
                return null;
            reader = new(at, others);
        }

        foreach (var member in pointer.Split('/').Skip(1))
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(member, out at))
                return null;
        }

        return (reader, at);
    }

    private static JsonElement.ObjectEnumerator Members(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default;

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };
}
