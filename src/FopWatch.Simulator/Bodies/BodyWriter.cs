using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FopWatch.Simulator;

/// <summary>Writes a body as the providers do: in any order, with numbers that may be strings.</summary>
internal sealed class BodyWriter(Random random)
{
    private readonly bool _numbersAsStrings = random.Chance(0.1);

    /// <summary>Neither provider escapes more than JSON requires.</summary>
    public static JsonSerializerOptions AsProvidersWrite { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Random Random { get; } = random;

    /// <summary>A number that is sometimes written as a string, which a lenient reader must accept.</summary>
    public JsonNode Number(int value) => _numbersAsStrings ? Text(value) : value;

    public static JsonNode Text(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public JsonObject Object(IEnumerable<KeyValuePair<string, JsonNode?>> properties) => new(Random.Shuffled(properties));

    public JsonArray Array(IEnumerable<JsonNode?> nodes) => [.. Random.Shuffled(nodes)];
}
