using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Core.Tests.Publishing;

/// <summary>Which outputs and errors a shortened event keeps, and how it names what is missing.</summary>
public class EventCutOutputsTests
{
    [Fact]
    public void The_first_hundred_outputs_are_kept_and_then_none()
    {
        var shorter = Items($$"""{"command":"c","state":"succeeded","outputs":{{Outputs(130)}}}""");

        Assert.Equal([130, 130, 100, 0], shorter[..4].Select(item => item["outputs"]!.AsArray().Count));
        Assert.Equal("k0", (string?)shorter[2]["outputs"]![0]!["key"]);
        Assert.Equal("k99", (string?)shorter[2]["outputs"]![99]!["key"]);
        Assert.All(shorter[..2], item => Assert.Null(item["truncated"]));
        Assert.Equal("""[{"at":"/outputs","elements":30}]""", shorter[2]["truncated"]!.ToJsonString());
        Assert.Equal("""[{"at":"/outputs","elements":130}]""", shorter[3]["truncated"]!.ToJsonString());
    }

    [Fact]
    public void Exactly_the_kept_number_of_outputs_is_not_marked_as_cut()
    {
        var shorter = Items($$"""{"command":"c","state":"succeeded","outputs":{{Outputs(JobFacts.OutputsKept)}}}""");

        Assert.Null(shorter[2]["truncated"]);
        Assert.Equal("""[{"at":"/outputs","elements":100}]""", shorter[3]["truncated"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"at":"/outputs","elements":7}""", """{"at":"/outputs","elements":37}""")]
    [InlineData("""{"at":"/outputs"}""", """{"at":"/outputs"}""")]
    public void Outputs_removed_earlier_are_counted_and_an_unknown_number_is_omitted(string known, string expected)
    {
        var shorter = Items(
            $$"""{"command":"c","state":"succeeded","truncated":[{"at":"/other","more":true},{{known}}],"outputs":{{Outputs(130)}}}""");

        Assert.Equal($$"""[{"at":"/other","more":true},{{known}}]""", shorter[0]["truncated"]!.ToJsonString());
        Assert.Equal($$"""[{"at":"/other","more":true},{{expected}}]""", shorter[2]["truncated"]!.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"at":"/error"},""")]
    public void A_long_error_is_shortened_last_and_named_once(string known)
    {
        var error = new string('e', ItemFacts.ErrorKept + 1);
        var shorter = Items(
            $$"""{"command":"c","state":"failed","error":"{{error}}","truncated":[{{known}}{"at":"/other","more":true}],"outputs":[]}""");

        Assert.All(shorter[..3], item => Assert.Equal(error, (string?)item["error"]));
        Assert.Equal(error[..ItemFacts.ErrorKept], (string?)shorter[3]["error"]);
        Assert.Equal("""[{"at":"/other","more":true},{"at":"/error"}]""", shorter[3]["truncated"]!.ToJsonString());
    }

    [Fact]
    public void An_error_of_exactly_the_kept_length_stays()
    {
        var error = new string('e', ItemFacts.ErrorKept);
        var last = Items($$"""{"command":"c","state":"failed","error":"{{error}}","outputs":[]}""")[3];

        Assert.Equal((error, null), ((string?)last["error"], last["truncated"]));
    }

    [Fact]
    public void A_result_without_a_shorter_form_is_removed_and_named()
    {
        var first = Items($$"""{"command":"c","state":"succeeded","result":{{new string('7', 70_000)}},"outputs":[]}""")[0];

        Assert.False(first.ContainsKey("result"));
        Assert.Equal("""[{"at":"/result","dropped":true}]""", first["truncated"]!.ToJsonString());
    }

    [Fact]
    public void A_cut_result_that_fits_is_unchanged()
    {
        var item = """{"command":"c","state":"succeeded","result":{"a":[1]},"truncated":[{"at":"/result/a","elements":5}],"outputs":[]}""";

        Assert.All(Items(item)[..4], shorter => Assert.Equal(item, shorter.ToJsonString()));
    }

    [Theory]
    [InlineData("""{"id":"z0.job"}""")]
    [InlineData("""{"id":"z0.job","items":null}""")]
    [InlineData("""{"id":"z0.job","items":[7,null]}""")]
    public void Missing_and_invalid_items_are_removed_last(string data)
    {
        var shorter = EventCut.Shorter(Event(data)).Select(one => JsonNode.Parse(EventCut.ToBody(one))!["data"]!).ToList();

        Assert.Equal(5, shorter.Count);
        Assert.All(shorter, job => Assert.True((bool)job["truncated"]!));
        Assert.Empty(shorter[4]["items"]!.AsArray());
    }

    private static string Outputs(int count) => $"[{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"key":"k{{i}}"}"""))}]";

    private static byte[] Event(string data) =>
        JsonSerializer.SerializeToUtf8Bytes(JsonNode.Parse($$"""{"specversion":"1.0","id":"a","source":"/s","type":"{{JobEvent.SettledType}}","data":{{data}}}"""));

    private static List<JsonObject> Items(string item) =>
    [
        .. EventCut.Shorter(Event($$"""{"id":"z0.job","items":[{{item}}]}"""))
            .Select(one => JsonNode.Parse(EventCut.ToBody(one))!["data"]!["items"]!.AsArray())
            .Select(items => items.Count == 0 ? [] : items[0]!.AsObject()),
    ];
}
