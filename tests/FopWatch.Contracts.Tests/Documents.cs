using System.Text.Json;

namespace FopWatch.Contracts.Tests;

/// <summary>The documents of the package as packed.</summary>
internal static class Documents
{
    private const string JobRecordName = "job-record.schema.json";
    private const string JobEventName = "job-event.schema.json";

    public static readonly JsonElement JobRecordSchema = Read($"schemas/{JobRecordName}");
    public static readonly JsonElement JobEventSchema = Read($"schemas/{JobEventName}");
    public static readonly JsonElement AsyncApi = Read("asyncapi.json");
    public static readonly JsonElement OpenApi = Read("openapi.json");

    private static readonly Dictionary<string, JsonElement> BesideOneAnother = new()
    {
        [JobRecordName] = JobRecordSchema,
        [JobEventName] = JobEventSchema,
    };

    public static readonly SchemaReader JobRecordReader = new(JobRecordSchema, BesideOneAnother);
    public static readonly SchemaReader JobEventReader = new(JobEventSchema, BesideOneAnother);

    /// <summary>The other documents by their paths from the folder above the schemas and from the schemas' own folder.</summary>
    public static readonly SchemaReader AsyncApiReader = new(
        AsyncApi,
        BesideOneAnother.Concat(BesideOneAnother.Select(one => KeyValuePair.Create($"schemas/{one.Key}", one.Value))).ToDictionary());

    /// <summary>Asserts that a body is an event with exactly the members of its schema.</summary>
    public static void AssertValid(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, new() { AllowDuplicateProperties = false });
        Assert.Empty(JobEventReader.Violations(JobEventSchema, document.RootElement));
    }

    private static JsonElement Read(string name)
    {
        using var resource = typeof(Documents).Assembly.GetManifestResourceStream(name)!;
        using var document = JsonDocument.Parse(resource, new() { AllowDuplicateProperties = false });
        return document.RootElement.Clone();
    }
}
