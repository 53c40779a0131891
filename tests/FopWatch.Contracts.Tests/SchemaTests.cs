using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Contracts.Tests;

/// <summary>Compares the schemas with the records.</summary>
public class SchemaTests
{
    private const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>Definitions of text, for which there is no record.</summary>
    private static readonly string[] NotSerialised = ["SourceName", "JobId"];

    private static readonly JsonElement Definitions = Documents.JobRecordSchema.GetProperty("$defs");

    private static readonly List<JsonTypeInfo> Types = SerialisedTypes.ReachableFrom([ContractsJson.Wire.JobRecord]);

    public static TheoryData<string> Objects => new(Types.Where(info => info.Kind == JsonTypeInfoKind.Object).Select(info => info.Type.Name));

    public static TheoryData<string> Enums => new(Types.Where(info => info.Type.IsEnum).Select(info => info.Type.Name));

    [Fact]
    public void The_schemas_are_of_JSON_Schema_2020_12()
    {
        Assert.Equal(Dialect, Documents.JobRecordSchema.GetProperty("$schema").GetString());
        Assert.Equal(Dialect, Documents.JobEventSchema.GetProperty("$schema").GetString());
    }

    [Fact]
    public void There_is_a_definition_for_each_serialised_type_and_no_other() => Assert.Equal(
        Types.Where(SerialisedTypes.IsNamed).Select(info => info.Type.Name).Concat(NotSerialised).Except([nameof(JobRecord)]).Order(StringComparer.Ordinal),
        Definitions.EnumerateObject().Select(definition => definition.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Objects))]
    public void A_schema_matches_its_serialised_record(string name)
    {
        var info = InfoOf(name);

        SerialisedTypes.AssertProperties(info, SchemaOf(name), Documents.JobRecordReader, ReferenceTo);
        SerialisedTypes.AssertRequired(info, SchemaOf(name));
    }

    [Theory]
    [MemberData(nameof(Enums))]
    public void A_schema_has_exactly_the_serialised_values(string name) => SerialisedTypes.AssertValues(InfoOf(name), SchemaOf(name));

    [Fact]
    public void The_schema_of_an_event_matches_a_serialised_event()
    {
        SerialisedTypes.AssertProperties(ContractsJson.Wire.JobEvent, Documents.JobEventSchema, Documents.JobEventReader, _ => "job-record.schema.json");
        SerialisedTypes.AssertRequired(ContractsJson.Wire.JobEvent, Documents.JobEventSchema);
        Assert.Equal(
            [JobEvent.ProgressedType, JobEvent.OverdueType, JobEvent.SettledType],
            SchemaReader.Texts(Documents.JobEventSchema.GetProperty("properties").GetProperty("type").GetProperty("enum")));
    }

    [Fact]
    public void Every_reference_resolves()
    {
        Assert.All(SchemaReader.References(Documents.JobRecordSchema), reference => Assert.NotNull(Documents.JobRecordReader.Resolve(reference)));
        Assert.All(SchemaReader.References(Documents.JobEventSchema), reference => Assert.NotNull(Documents.JobEventReader.Resolve(reference)));
        Assert.Contains("job-record.schema.json", SchemaReader.References(Documents.JobEventSchema));
    }

    [Fact]
    public void The_examples_match_the_schemas_and_can_be_read()
    {
        var events = Documents.JobEventSchema.GetProperty("examples").EnumerateArray().ToList();
        var records = Documents.JobRecordSchema.GetProperty("examples").EnumerateArray().ToList();

        Assert.NotEmpty(events);
        Assert.NotEmpty(records);
        Assert.All(records, example => Assert.Empty(Documents.JobRecordReader.Violations(Documents.JobRecordSchema, example)));
        foreach (var example in events)
        {
            Documents.AssertValid(JsonSerializer.SerializeToUtf8Bytes(example));
            var read = JobEvent.Parse(JsonSerializer.SerializeToUtf8Bytes(example));
            Assert.Equal(JobEvents.IdOf(new JobKey(read.Data.Source, read.Data.Id), read.Data.RegisteredAt, read.Data.Version), read.Id);
            Assert.True(JsonElement.DeepEquals(example, JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent)));
        }
    }

    /// <summary>Both are compared with the same records; only their descriptions are compared with each other.</summary>
    [Fact]
    public void The_schemas_agree_with_the_OpenAPI_document()
    {
        var said = Documents.OpenApi.GetProperty("components").GetProperty("schemas");

        foreach (var definition in Definitions.EnumerateObject())
            AssertSame(said.GetProperty(definition.Name), definition.Value);
        AssertSame(said.GetProperty(nameof(JobRecord)), Documents.JobRecordSchema);
        AssertSame(said.GetProperty(nameof(JobEvent)), Documents.JobEventSchema);

        static void AssertSame(JsonElement openApi, JsonElement schema)
        {
            var (one, other) = (JsonObject.Create(openApi)!, JsonObject.Create(schema)!);
            foreach (var only in (string[])["$schema", "$defs", "title", "examples"])
            {
                one.Remove(only);
                other.Remove(only);
            }

            var text = one.ToJsonString()
                .Replace("#/components/schemas/JobRecord", "job-record.schema.json", StringComparison.Ordinal)
                .Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal);
            Assert.Equal(text, other.ToJsonString());
        }
    }

    private static JsonTypeInfo InfoOf(string name) => Types.Single(info => info.Type.Name == name);

    private static JsonElement SchemaOf(string name) => name == nameof(JobRecord) ? Documents.JobRecordSchema : Definitions.GetProperty(name);

    private static string ReferenceTo(Type type) => $"#/$defs/{type.Name}";
}
