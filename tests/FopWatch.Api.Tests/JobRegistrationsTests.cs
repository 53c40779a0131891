using System.Text;
using System.Text.Json;
using FopWatch.Settings;
using FopWatch.Wording;

namespace FopWatch.Api.Tests;

public sealed class JobRegistrationsTests
{
    private static readonly FopWatchSettings Settings = FopWatchSettings.Read(
    [
        new("Sources:media:Provider", "Qiniu"),
        new("Sources:media:NotifyTokens:0", "a-token-of-the-tests"),
    ]);

    [Fact]
    public void A_single_registration_is_read_whole()
    {
        var read = Read("""{"source":"media","id":"z0.Ab_c-1","metadata":{"lesson":"42","":"é"},"firstPollAfter":"00:05:00"}""");

        Assert.Empty(read.Problems);
        Assert.False(read.Many);
        var one = Assert.Single(read.Registrations);
        Assert.Equal("media", one.Source.Name);
        Assert.Equal("z0.Ab_c-1", one.Id);
        Assert.Equal(new Dictionary<string, string> { ["lesson"] = "42", [""] = "é" }, one.Metadata);
        Assert.Equal(TimeSpan.FromMinutes(5), one.FirstPollAfter);
    }

    [Theory]
    [InlineData("""{"source":"media","id":"a"}""")]
    [InlineData("""{"source":"media","id":"a","metadata":null,"firstPollAfter":null}""")]
    public void Optional_members_may_be_absent_or_null(string json)
    {
        var read = Read(json);

        Assert.Empty(read.Problems);
        var one = Assert.Single(read.Registrations);
        Assert.Empty(one.Metadata);
        Assert.Null(one.FirstPollAfter);
    }

    [Fact]
    public void The_rule_for_ids_is_worded_in_Chinese() => Assert.Equal(
        "“id”应为由 A-Z a-z 0-9 . _ - 组成的 1 到 128 个字符。",
        Assert.Single(Read("""{"source":"media","id":"有中文"}""").Problems).Detail.In(Language.Chinese));

    [Theory]
    [InlineData("{\n \"source\": }", "The body cannot be read as JSON (line 2, byte 12)")]
    [InlineData("", "The body cannot be read as JSON (line 1, byte 1)")]
    [InlineData("7", "The body is a number")]
    [InlineData("null", "The body is null")]
    [InlineData("""{"source":"Media","id":"a"}""", "'source' is 'Media', which is not the name of a configured source; the source is media.")]
    [InlineData("""{"source":7,"id":"a"}""", "'source' is not a string.")]
    [InlineData("false", "The body is a boolean")]
    [InlineData("[[]]", "This is an array; an object is expected.")]
    [InlineData("""{"source":"media","id":"\ud800"}""", "A name or a string in the body is not valid Unicode")]
    [InlineData("""{"source":"media"}""", "'id' is missing.")]
    [InlineData("""{"source":"media","id":null}""", "'id' is missing.")]
    [InlineData("""{"source":"media","id":""}""", "'id' is not 1 to 128 of A-Z a-z 0-9 . _ -.")]
    [InlineData("""{"id":"a"}""", "'source' is missing.")]
    [InlineData("""{"source":"media","id":"a","id":"a"}""", "'id' is given more than once.")]
    [InlineData("""{"source":"media","id":"a","metadata":{"n":"1","n":"2"}}""", "'n' is given more than once.")]
    public void Each_mistake_has_its_own_message(string json, string expected) =>
        Assert.StartsWith(expected, Assert.Single(Read(json).Problems).Detail, StringComparison.Ordinal);

    /// <summary>Half a surrogate pair is no text, and would be shown as a replacement character.</summary>
    [Theory]
    [InlineData(63, 63)]
    [InlineData(62, 64)]
    public void A_long_name_is_not_cut_within_a_character(int before, int kept)
    {
        var name = new string('x', before) + "😀😀😀";

        Assert.StartsWith($"'source' is '{name[..kept]}…', which", Assert.Single(Read($$"""{"source":"{{name}}","id":"a"}""").Problems).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_invalid_JSON_and_many_problems_are_reported_briefly()
    {
        var quoted = Assert.Single(Read("[nul" + new string('x', 100_000)).Problems);
        Assert.InRange(quoted.Detail.ToString().Length, 1, 500);
        Assert.Contains("line 1, byte", quoted.Detail, StringComparison.Ordinal);

        var many = Read($"{{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"{i}\":1"))}}}");
        Assert.Equal(JobRegistrations.MaxProblems, many.Problems.Count);
        Assert.Empty(many.Registrations);
    }

    [Theory]
    [InlineData(63)]
    [InlineData(79)]
    [InlineData(64)]
    public void A_name_cut_within_a_character_can_still_be_answered(int before)
    {
        var name = new string('a', before) + "😀 and so on";
        foreach (var body in (string[])[$$"""{"source":"media","id":"a","{{name}}":1}""", "[n" + name + new string('b', 300)])
        {
            var problems = Read(body).Problems;
            var written = JsonSerializer.Serialize(new() { Type = "", Title = $"", Status = 400, Errors = problems }, ApiJson.Wire.Problem);

            Assert.Equal(problems.Count, JsonDocument.Parse(written).RootElement.GetProperty("errors").GetArrayLength());
            Assert.NotEmpty(problems);
        }
    }

    [Fact]
    public void An_array_is_read_in_order()
    {
        var read = Read("""[{"source":"media","id":"b"},{"source":"media","id":"a"}]""");

        Assert.True(read.Many);
        Assert.Equal(["b", "a"], read.Registrations.Select(one => one.Id));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1000, true)]
    [InlineData(0, false)]
    [InlineData(1001, false)]
    public void An_array_has_1_to_1000_registrations(int length, bool right)
    {
        var read = Read($"[{string.Join(',', Enumerable.Range(0, length).Select(i => $$"""{"source":"media","id":"id-{{i}}"}"""))}]");

        Assert.Equal(right ? length : 0, read.Registrations.Count);
        if (right)
        {
            Assert.Empty(read.Problems);
        }
        else
        {
            var problem = Assert.Single(read.Problems);
            Assert.Equal("", problem.Element);
            Assert.Contains($"The array has {length} elements", problem.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"id":"a"}""", "/source")]
    [InlineData("""{"source":"Media","id":"a"}""", "/source")]
    [InlineData("""{"source":null,"id":"a"}""", "/source")]
    [InlineData("""{"source":7,"id":"a"}""", "/source")]
    [InlineData("""{"source":"media"}""", "/id")]
    [InlineData("""{"source":"media","id":7}""", "/id")]
    [InlineData("""{"source":"media","id":""}""", "/id")]
    [InlineData("""{"source":"media","id":"a/b"}""", "/id")]
    [InlineData("""{"source":"media","id":".."}""", "/id")]
    [InlineData("""{"source":"media","id":"ä"}""", "/id")]
    [InlineData("""{"source":"media","id":"a","metadata":"x"}""", "/metadata")]
    [InlineData("""{"source":"media","id":"a","metadata":[]}""", "/metadata")]
    [InlineData("""{"source":"media","id":"a","metadata":{"n":1}}""", "/metadata/n")]
    [InlineData("""{"source":"media","id":"a","metadata":{"n":null}}""", "/metadata/n")]
    [InlineData("""{"source":"media","id":"a","metadata":{"a/b~c":1}}""", "/metadata/a~1b~0c")]
    [InlineData("""{"source":"media","id":"a","Metadata":{}}""", "/Metadata")]
    [InlineData("""{"source":"media","id":"a","extra":null}""", "/extra")]
    [InlineData("7", "")]
    [InlineData("null", "")]
    [InlineData("\"media\"", "")]
    public void An_invalid_registration_is_named_by_its_index(string json, string element)
    {
        var read = Read(json);

        Assert.Equal(element, Assert.Single(read.Problems).Element);
        Assert.Empty(read.Registrations);
    }

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        var read = Read("""[{"source":"media","id":"a"},{"source":"no","id":" ","x":1},[],{"source":"media","id":"b","firstPollAfter":-1}]""");

        Assert.Equal(["/1/source", "/1/id", "/1/x", "/2", "/3/firstPollAfter"], read.Problems.Select(problem => problem.Element));
    }

    [Fact]
    public void An_id_has_at_most_128_characters()
    {
        Assert.Empty(Read($$"""{"source":"media","id":"{{new string('a', 128)}}"}""").Problems);
        Assert.Equal("/id", Assert.Single(Read($$"""{"source":"media","id":"{{new string('a', 129)}}"}""").Problems).Element);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void Names_and_values_of_metadata_have_at_most_4096_bytes(int bytes, bool right)
    {
        // "n1" and "n2" are four bytes, and é is two.
        var read = Read($$"""{"source":"media","id":"a","metadata":{"n1":"{{new string('é', 1000)}}","n2":"{{new string('x', bytes - 2004)}}"} }""");

        if (right)
        {
            Assert.Empty(read.Problems);
        }
        else
        {
            var problem = Assert.Single(read.Problems);
            Assert.Equal("/metadata", problem.Element);
            Assert.Contains("4097 bytes", problem.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("1.5", 1.5)]
    [InlineData("777600", 777600)]
    [InlineData("\"00:00:00\"", 0)]
    [InlineData("\"00:05\"", 300)]
    [InlineData("\"00:05:00.5\"", 300.5)]
    [InlineData("\"9.00:00:00\"", 777600)]
    [InlineData("\"90s\"", 90)]
    [InlineData("\"1.5m\"", 90)]
    public void The_first_poll_is_set_by_a_delay_in_seconds_or_a_time(string json, double seconds)
    {
        var read = Read($$"""{"source":"media","id":"a","firstPollAfter":{{json}}}""");

        Assert.Empty(read.Problems);
        Assert.Equal(TimeSpan.FromSeconds(seconds), read.Registrations[0].FirstPollAfter);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("777600.001")]
    [InlineData("1e400")]
    [InlineData("\"9.00:00:00.001\"")]
    [InlineData("\"8:00:00:00\"")]
    [InlineData("\"24:00:00\"")]
    [InlineData("\"-00:00:01\"")]
    [InlineData("\"5\"")]
    [InlineData("\"soon\"")]
    [InlineData("\"1:2:3:4:5\"")]
    [InlineData("\"\"")]
    [InlineData("true")]
    [InlineData("{}")]
    public void Every_other_form_of_time_is_refused(string json)
    {
        var read = Read($$"""{"source":"media","id":"a","firstPollAfter":{{json}}}""");

        var problem = Assert.Single(read.Problems);
        Assert.Equal("/firstPollAfter", problem.Element);
        Assert.Equal("'firstPollAfter' is neither a number of seconds nor a time from 0s to 9d, such as 90s, 1.5m or 00:01:30.", problem.Detail);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("source=media&id=a")]
    [InlineData("""{"source":"media","id":"a"} {}""")]
    [InlineData("""{"source":"media","id":"a",}""")]
    [InlineData("""{"source":"media","id":"\ud800"}""")]
    [InlineData("""{"source":"\udc00","id":"a"}""")]
    [InlineData("""{"source":"media","id":"a","metadata":{"n":"\ud800"}}""")]
    [InlineData("""{"source":"media","id":"a","metadata":{"\ud800":"n"}}""")]
    [InlineData("""{"source":"media","id":"a","\ud800":1}""")]
    [InlineData("""{"source":"media","id":"a","firstPollAfter":"\ud800:"}""")]
    public void Unreadable_JSON_is_reported_for_the_whole_body(string json) => AssertUnreadable(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void Invalid_UTF8_is_reported_for_the_whole_body()
    {
        foreach (var place in (string[])["""{"source":"media","id":"?"}""", """{"source":"media","id":"a","?":1}""", "?"])
            AssertUnreadable([.. Encoding.ASCII.GetBytes(place).Select(b => b == '?' ? (byte)0xff : b)]);
    }

    [Fact]
    public void A_long_name_is_cut_in_the_answer()
    {
        var problem = Assert.Single(Read($$"""{"source":"media","id":"a","{{new string('x', 100_000)}}":1}""").Problems);

        Assert.True(problem.Element.Length + problem.Detail.ToString().Length < 300);
    }

    private static void AssertUnreadable(byte[] body)
    {
        var read = JobRegistrations.Read(body, Settings.Sources);

        var problem = Assert.Single(read.Problems);
        Assert.Equal("", problem.Element);
        Assert.Matches("^(The body cannot be read as JSON|A name or a string in the body is not valid Unicode)", problem.Detail);
        Assert.EndsWith("or an array of up to 1000 of those.", problem.Detail, StringComparison.Ordinal);
    }

    private static JobRegistrations Read(string json) => JobRegistrations.Read(Encoding.UTF8.GetBytes(json), Settings.Sources);
}
