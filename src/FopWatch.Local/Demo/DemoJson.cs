using System.Text.Json.Serialization;

namespace FopWatch.Local.Demo;

/// <summary>One element of the body of <c>POST /api/jobs</c>.</summary>
internal sealed record Registration(string Source, string Id);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IEnumerable<Registration>))]
internal sealed partial class DemoJson : JsonSerializerContext;
