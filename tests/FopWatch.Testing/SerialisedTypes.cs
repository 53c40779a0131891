using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace FopWatch.Testing;

/// <summary>Compares schemas with what is serialised.</summary>
public static class SerialisedTypes
{
    /// <summary>Every type serialised with a root.</summary>
    public static List<JsonTypeInfo> ReachableFrom(IEnumerable<JsonTypeInfo> roots)
    {
        var found = new Dictionary<Type, JsonTypeInfo>();
        var open = new Stack<JsonTypeInfo>(roots);
        while (open.TryPop(out var info))
        {
            if (!found.TryAdd(info.Type, info))
                continue;
            foreach (var property in info.Properties)
                open.Push(ElementInfo(property));
        }

        return [.. found.Values];
    }

    public static bool IsNamed(JsonTypeInfo info) => info.Kind == JsonTypeInfoKind.Object || info.Type.IsEnum;

    /// <summary>Asserts that a schema has the properties of a type, with their types.</summary>
    public static void AssertProperties(JsonTypeInfo info, JsonElement schema, SchemaReader reader, Func<Type, string> referenceTo)
    {
        Assert.Equal("object", schema.GetProperty("type").GetString());
        Assert.Equal(info.Properties.Select(property => property.Name), schema.GetProperty("properties").EnumerateObject().Select(one => one.Name));
        foreach (var property in info.Properties)
        {
            var said = schema.GetProperty("properties").GetProperty(property.Name);
            if (property.PropertyType == typeof(JsonElement?))
            {
                Assert.False(reader.Target(said).TryGetProperty("type", out _), $"{info.Type.Name}.{property.Name} may be any JSON");
                continue;
            }

            var types = SchemaReader.Texts(reader.Target(said).GetProperty("type")).ToList();
            Assert.True(TypeOf(property) == types[0], $"{info.Type.Name}.{property.Name} is {TypeOf(property)}, but {types[0]} in the schema");
            Assert.Equal(IsNullable(property) && IsAlwaysThere(property), types.Contains("null"));
            if (IsNamed(ElementInfo(property)))
                Assert.Contains(referenceTo(ElementInfo(property).Type), SchemaReader.References(said));
        }
    }

    /// <summary>Asserts that a schema requires the properties that are always serialised.</summary>
    public static void AssertRequired(JsonTypeInfo info, JsonElement schema)
    {
        var always = info.Properties.Where(IsAlwaysThere).Select(property => property.Name);

        Assert.Equal(always, SchemaReader.Texts(schema.GetProperty("required")));
    }

    /// <summary>Asserts that a schema has the serialised values of an enum.</summary>
    public static void AssertValues(JsonTypeInfo info, JsonElement schema)
    {
        var values = Enum.GetValues(info.Type).Cast<object>().Select(value => JsonSerializer.SerializeToElement(value, info).GetString());

        Assert.Equal(values, SchemaReader.Texts(schema.GetProperty("enum")));
    }

    /// <summary>The type of a property's content: the element of a list, or the underlying type of a nullable one.</summary>
    private static JsonTypeInfo ElementInfo(JsonPropertyInfo property)
    {
        var info = property.Options.GetTypeInfo(property.PropertyType);
        return property.Options.GetTypeInfo(info.ElementType ?? Nullable.GetUnderlyingType(info.Type) ?? info.Type);
    }

    private static string TypeOf(JsonPropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return property.Options.GetTypeInfo(type).Kind switch
        {
            JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "object",
            JsonTypeInfoKind.Enumerable => "array",
            _ when type == typeof(bool) => "boolean",
            _ when type == typeof(int) || type == typeof(long) => "integer",
            _ when type == typeof(double) => "number",
            _ => "string",
        };
    }

    private static bool IsNullable(JsonPropertyInfo property) =>
        new NullabilityInfoContext().Create(Member(property)).ReadState == NullabilityState.Nullable;

    private static bool IsAlwaysThere(JsonPropertyInfo property) => Member(property).GetCustomAttribute<JsonIgnoreAttribute>()?.Condition switch
    {
        JsonIgnoreCondition.Never => true,
        JsonIgnoreCondition.WhenWritingDefault => false,
        _ => !IsNullable(property),
    };

    /// <summary>Found by its name, because the output of older versions of the generator lacks the member.</summary>
    private static PropertyInfo Member(JsonPropertyInfo property) => property.DeclaringType.GetProperties().Single(member =>
        (member.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(member.Name)) == property.Name);
}
