using System.Text.Json;

namespace FopWatch.Api.Tests;

internal static class OpenApiDocument
{
    public static readonly JsonElement Document = ReadDocument();
    public static readonly JsonElement Schemas = Document.GetProperty("components").GetProperty("schemas");
    public static readonly SchemaReader Reader = new(Document);

    private static JsonElement ReadDocument()
    {
        using var resource = typeof(HealthApi).Assembly.GetManifestResourceStream("openapi.json")!;
        using var document = JsonDocument.Parse(resource, new() { AllowDuplicateProperties = false });
        return document.RootElement.Clone();
    }

    public static JsonElement RegistrationBody() => Operations()
        .Single(one => one.Operation.GetProperty("operationId").GetString() == "registerJobs").Operation
        .GetProperty("requestBody").GetProperty("content").GetProperty("application/json");

    public static JsonElement Parameter(string operationId, string name)
    {
        foreach (var path in Document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in OperationsOf(path.Value).Where(one => one.GetProperty("operationId").GetString() == operationId))
                return ParametersOf(path.Value, operation).Single(one => one.GetProperty("name").GetString() == name).GetProperty("schema");
        }

        throw new KeyNotFoundException(operationId);
    }

    public static IEnumerable<(string Route, JsonElement Operation)> Operations() =>
        from path in Document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Name != "parameters"
        select ($"{operation.Name} {path.Name}", operation.Value);

    public static IEnumerable<JsonElement> OperationsOf(JsonElement path) =>
        path.EnumerateObject().Where(operation => operation.Name != "parameters").Select(operation => operation.Value);

    public static IEnumerable<JsonElement> ParametersOf(JsonElement path, JsonElement operation) => new[] { path, operation }
        .SelectMany(one => one.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().ToArray() : [])
        .Select(parameter => parameter.TryGetProperty("$ref", out var reference) ? Reader.Resolve(reference.GetString()!)!.Value : parameter);
}
