namespace FopWatch.Docs.Tests.Harness;

public sealed class SampleTests
{
    private const string Key = "20261122T031035410-f30dad4d8a01567943016654";
    private const string OtherKey = "20270101T000000000-0000000000000000000000ff";

    [Theory]
    [InlineData("ok", "ok\n")]
    [InlineData("""{"a":1,"b":[]}""", """{ "a": 1, "b": [] }""")]
    [InlineData("""{"a":1,…}""", """{"a":1,"b":2,"c":3}""")]
    [InlineData("""{"a":1,…,"c":3}""", """{"a":1,"b":2,"c":3}""")]
    [InlineData("""{"a":{…}}""", """{"a":{"b":[1]}}""")]
    [InlineData("""[{"a":1},…]""", """[{"a":1},{"a":2}]""")]
    [InlineData("""{"at":"2026-11-22T03:10:34.7822951Z"}""", """{"at":"2027-01-01T00:00:00Z"}""")]
    [InlineData("""{"ref":"1a7f0c92d35be846f0a1c7d2"}""", """{"ref":"4083d1be77cb3cd19c2e54f5"}""")]
    [InlineData("""{"reason":"The signature is…"}""", """{"reason":"The signature is wrong."}""")]
    [InlineData("id: 1\ndata: {\"a\":1,…}", "id: 1\ndata: {\"a\":1,\"b\":2}\n\n")]
    [InlineData("id: 1-9f3a2c1e\ndata: {…}", "id: 1-01234567\ndata: {\"a\":1}\n\n")]
    [InlineData("{\"a\":\"one\n two\",\n \"b\":2}", """{"a":"one two","b":2}""")]
    [InlineData("first\n…\nlast", "first\nsecond\nthird\nlast")]
    public void Matching_output_has_no_difference(string shown, string actual) => Assert.Null(Difference(shown, actual));

    [Theory]
    [InlineData("ok", "OK", "the line is 'OK', not 'ok'")]
    [InlineData("ok", "", "this line is missing: ok")]
    [InlineData("ok", "ok\nmore", "this line is not shown: more")]
    [InlineData("""{"a":1}""", "ok", "the line is not JSON: ok")]
    [InlineData("""{"a":1}""", """{"a":2}""", "$.a is 2, not 1")]
    [InlineData("""{"a":1}""", """{"a":"1"}""", "$.a is \"1\", not 1")]
    [InlineData("""{"a":1}""", """{"a":1,"b":2}""", "$.b is not shown")]
    [InlineData("""{"a":1,"b":2}""", """{"a":1}""", "$.b is missing")]
    [InlineData("""{"a":1,"b":2}""", """{"b":2,"a":1}""", "$ has 'b' where 'a' is shown")]
    [InlineData("""{"a":{"b":[{"c":1}]}}""", """{"a":{"b":[{"c":null}]}}""", "$.a.b[0].c is null, not 1")]
    [InlineData("""{"a":1,…,"c":3}""", """{"a":1,"b":2}""", "$.c is missing")]
    [InlineData("[{\"a\":1}]", "[{\"a\":1},{\"a\":2}]", "$ has 2 elements, not 1")]
    [InlineData("""{"at":"2026-11-22T03:10:34Z"}""", """{"at":"yesterday"}""", "$.at is 'yesterday', not '2026-11-22T03:10:34Z'")]
    [InlineData("z0.560e99c37823de5a49c22393", "z0.560e99c37823de5a49c22394", "the line is 'z0.560e99c37823de5a49c22394', not 'z0.560e99c37823de5a49c22393'")]
    [InlineData("id: 1\ndata: {…}", "id: 1\nevent: x", "the line does not begin with 'data: ': event: x")]
    public void The_first_difference_is_reported(string shown, string actual, string difference) => Assert.Equal(difference, Difference(shown, actual));

    [Fact]
    public void More_output_may_follow_in_a_stream() =>
        Assert.Null(Sample.Difference(["id: 1"], "id: 1\nid: 2", isStream: true, new Dictionary<string, string>()));

    [Fact]
    public void The_real_values_of_shown_generated_values_are_learned()
    {
        var learned = new Dictionary<string, string>();

        Assert.Null(Sample.Difference([$$"""{"href":"/api/quarantine/{{Key}}/body"}"""], $$"""{"href":"/api/quarantine/{{OtherKey}}/body"}""", false, learned));

        Assert.Equal(new() { [Key] = OtherKey }, learned);
    }

    private static string? Difference(string shown, string actual) =>
        Sample.Difference(shown.Split('\n'), actual, isStream: false, new Dictionary<string, string>());
}
