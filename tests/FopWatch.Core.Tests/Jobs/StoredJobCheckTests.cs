using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Documents that the serializer would accept and that no version of FopWatch wrote.</summary>
public class StoredJobCheckTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly Job Sample = Job.New(
        new("media", "z0.job"), ProviderKind.Qiniu, JobOrigin.Registration, new() { StartedAt = Start, Deadline = Start.AddDays(9), DueAt = Start }, Start) with
    {
        Metadata = Job.NoMetadata.Add("lesson", "42"),
        Facts = JobFacts.None.WithItems([new() { Command = "avthumb/mp4", State = ItemState.Succeeded, Outputs = [new() { Key = "out.mp4" }] }]),
    };

    [Fact]
    public void A_document_is_read_as_written()
    {
        var read = JobJson.Deserialize(JobJson.Serialize(Sample));

        Assert.Equal(Sample with { Metadata = read.Metadata }, read);
        Assert.Equal("42", read.Metadata["lesson"]);
    }

    [Theory]
    [InlineData("form", "1", "newer FopWatch")]
    [InlineData("key.source", "\"\"", "key")]
    [InlineData("key.id", "\"a b\"", "key")]
    [InlineData("provider", "99", "$.provider")]
    [InlineData("provider", "\"later\"", "$.provider")]
    [InlineData("origin", "99", "value")]
    [InlineData("settledBy", "99", "$.settledBy")]
    [InlineData("settledBy", "\"later\"", "$.settledBy")]
    [InlineData("watch.lastAnswer", "99", "value")]
    [InlineData("facts.progress", "99", "value")]
    [InlineData("facts.verdict", "99", "value")]
    [InlineData("facts.cut", "99", "value")]
    [InlineData("facts.delivery", "99", "$.facts.delivery")]
    [InlineData("facts.items.0.state", "99", "$[0].state")]
    [InlineData("facts.items.0.state", "\"later\"", "$[0].state")]
    [InlineData("facts.items.0", "null", "null")]
    [InlineData("facts.items.0.outputs.0", "null", "null")]
    [InlineData("metadata.lesson", "null", "metadata")]
    public void A_document_with_content_that_no_version_writes_is_refused_with_the_reason(string path, string value, string why)
    {
        var document = JsonNode.Parse(JobJson.Serialize(Sample))!;
        var parts = path.Split('.');
        var at = parts[..^1].Aggregate(document, (node, part) => node is JsonArray list ? list[int.Parse(part, null)]! : node[part]!);
        if (at is JsonArray elements)
            elements[int.Parse(parts[^1], null)] = JsonNode.Parse(value);
        else
            at[parts[^1]] = JsonNode.Parse(value);

        var refused = Assert.ThrowsAny<JsonException>(() => JobJson.Deserialize(Encoding.UTF8.GetBytes(document.ToJsonString())));

        Assert.Contains(why, $"{refused.Message} {refused.Path}", StringComparison.Ordinal);
    }
}
