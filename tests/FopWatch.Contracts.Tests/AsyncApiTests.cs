using System.Reflection;
using System.Text.Json;

namespace FopWatch.Contracts.Tests;

/// <summary>Compares the AsyncAPI document with the schemas and the constants.</summary>
public class AsyncApiTests
{
    private static readonly JsonElement Document = Documents.AsyncApi;
    private static readonly JsonElement Components = Document.GetProperty("components");

    [Fact]
    public void It_is_an_AsyncAPI_3_document_whose_references_resolve()
    {
        Assert.Equal("3.0.0", Document.GetProperty("asyncapi").GetString());
        var references = SchemaReader.References(Document).ToList();
        Assert.Contains("schemas/job-event.schema.json", references);
        Assert.All(references, reference => Assert.NotNull(Documents.AsyncApiReader.Resolve(reference)));
    }

    [Fact]
    public void Every_component_is_used()
    {
        var used = SchemaReader.References(Document).ToHashSet();
        var components = Components.EnumerateObject()
            .SelectMany(kind => kind.Value.EnumerateObject().Select(component => $"#/components/{kind.Name}/{component.Name}"));

        Assert.All(components, component => Assert.Contains(component, used));
    }

    [Fact]
    public void Every_channel_has_an_operation_with_all_its_messages()
    {
        var operations = Document.GetProperty("operations").EnumerateObject()
            .ToDictionary(operation => operation.Value.GetProperty("channel").GetProperty("$ref").GetString()!, operation => operation.Value);

        foreach (var channel in Document.GetProperty("channels").EnumerateObject())
        {
            var operation = operations[$"#/channels/{channel.Name}"];
            Assert.Equal("send", operation.GetProperty("action").GetString());
            Assert.Equal(
                channel.Value.GetProperty("messages").EnumerateObject().Select(message => $"#/channels/{channel.Name}/messages/{message.Name}"),
                SchemaReader.References(operation.GetProperty("messages")));
        }
    }

    [Fact]
    public void The_headers_are_the_application_properties()
    {
        var names = typeof(MessageProperties).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        var properties = Components.GetProperty("schemas").GetProperty("MessageProperties");

        Assert.Equal(names, properties.GetProperty("properties").EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            names.Except([
                MessageProperties.Job,
                MessageProperties.SettledBy,
                MessageProperties.Overdue,
                MessageProperties.Bucket,
                MessageProperties.Pipeline,
                MessageProperties.Truncated,
            ]),
            SchemaReader.Texts(properties.GetProperty("required")));

        // The attributes of an event except the content type, which in AMQP is a property of the message.
        Assert.Equal(
            ContractsJson.Wire.JobEvent.Properties.Select(attribute => attribute.Name).Except(["data", "datacontenttype"]).Select(name => $"cloudEvents:{name}"),
            names.Where(name => name.Contains(':', StringComparison.Ordinal)));
        Assert.Subset(
            ContractsJson.Wire.JobRecord.Properties.Select(member => member.Name).ToHashSet(),
            names.Where(name => !name.Contains(':', StringComparison.Ordinal)).ToHashSet());
    }

    [Fact]
    public void Types_and_media_types_are_the_constants()
    {
        foreach (var (name, property) in ((string, string)[])[("MessageProperties", MessageProperties.Type), ("StreamFields", "event")])
        {
            Assert.Equal(
                [JobEvent.ProgressedType, JobEvent.OverdueType, JobEvent.SettledType],
                SchemaReader.Texts(Components.GetProperty("schemas").GetProperty(name).GetProperty("properties").GetProperty(property).GetProperty("enum")));
        }

        Assert.Equal(JobEvent.ContentType, Document.GetProperty("defaultContentType").GetString());
        Assert.Equal(JobEvent.ContentType, Components.GetProperty("messages").GetProperty("PublishedEvent").GetProperty("contentType").GetString());
    }

    [Fact]
    public void The_examples_match_their_schemas()
    {
        var checkedOnes = 0;
        foreach (var message in Components.GetProperty("messages").EnumerateObject())
        {
            foreach (var example in message.Value.TryGetProperty("examples", out var examples) ? examples.EnumerateArray() : default)
            {
                foreach (var part in (string[])["headers", "payload"])
                {
                    var schema = Documents.AsyncApiReader.Target(message.Value.GetProperty(part));
                    if (schema.TryGetProperty("schemaFormat", out _))
                        schema = schema.GetProperty("schema");
                    Assert.Empty(Documents.AsyncApiReader.Violations(schema, example.GetProperty(part)));
                    checkedOnes++;
                }
            }
        }

        Assert.True(checkedOnes >= 4);
    }

    [Fact]
    public void The_example_of_a_message_repeats_its_event()
    {
        var example = Components.GetProperty("messages").GetProperty("PublishedEvent").GetProperty("examples")[0];
        var read = JobEvent.Parse(JsonSerializer.SerializeToUtf8Bytes(example.GetProperty("payload")));
        var payload = JsonSerializer.SerializeToElement(read, ContractsJson.Wire.JobEvent);

        foreach (var header in example.GetProperty("headers").EnumerateObject())
        {
            var names = header.Name.Split(':');
            var said = names.Length == 2 ? payload.GetProperty(names[1]) : payload.GetProperty("data").GetProperty(header.Name);
            Assert.Equal(said.GetString(), header.Value.GetString());
        }
    }
}
