using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class EnvelopeTests
{
    public static TheoryData<ProviderKind> Kinds => [ProviderKind.Qiniu, ProviderKind.WangsuFmgr, ProviderKind.WangsuFops];

    public static TheoryData<string, string> Unreadable => new()
    {
        { "", "the body is empty" },
        { " \r\n\t", "the body is empty" },
        { "\uFEFF", "the body is empty" },
        { """{"id":"a","code":0,"items":[]""", "the body is not JSON (line 1, byte 30)" },
        { """{"id":"a","code":0,"items":[]} {}""", "the body is not JSON (line 1, byte 32)" },
        { """{"id":"a","code":0,"items":[],}""", "the body is not JSON (line 1, byte 31)" },
        { """{"id":"a","id":"b","code":0,"items":[]}""", "a property occurs twice" },
        { """{"id":"a","\u0069d":"b","code":0,"items":[]}""", "a property occurs twice" },
        { """{"id":"a","code":0,"items":[{"x":[{"y":1,"y":2}]}]}""", "a property occurs twice" },
        { """{"id":"a","code":0,"items":[],"\ud83d":1}""", "a property's name is not valid Unicode" },
        { $$"""{"id":"a","code":0,"items":[],"x":1{{new string('0', 64)}}}""", "a number is longer than 64 characters" },
        { $$"""{"id":"a","code":0,"items":[],"x":{{Nested(64)}}}""", "the body is nested deeper than 64 levels" },
        { $$"""{"id":"a","code":0,"items":[],"x":{{Nested(100_000)}}}""", "the body is nested deeper than 64 levels" },
    };

    public static TheoryData<string> Readable => new()
    {
        "\uFEFF" + """{"id":"a","code":0,"items":[]}""",
        """ {"id":"a","code":0,"items":[]} """,
        """{"id":"a","code":0,"items":[],"ID":"b","Code":1}""",
        $$"""{"id":"a","code":0,"items":[],"x":1{{new string('0', 63)}}}""",
        $$"""{"id":"a","code":0,"items":[],"x":{{Nested(63)}}}""",
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void JSON_that_two_readers_could_understand_differently_is_refused(string body, string problem)
    {
        foreach (var channel in Enum.GetValues<ReportChannel>())
        {
            Assert.Equal(problem, Qiniu.Problem(channel, body));
            Assert.Equal(problem, Fmgr.Problem(channel, body));
            Assert.Equal(problem, Fops.Problem(channel, body));
        }
    }

    [Theory]
    [MemberData(nameof(Readable))]
    public void Merely_unusual_JSON_is_read(string body)
    {
        foreach (var provider in Kinds.Select(kind => ProviderKinds.For(kind)))
            Assert.Equal("a", provider.Read(ReportChannel.Notification, body).Id);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("7")]
    public void JSON_that_is_not_an_object_is_refused(string body)
    {
        Assert.Equal("the body is not a JSON object", Qiniu.Problem(ReportChannel.Poll, body));
        Fmgr.Problem(ReportChannel.Poll, body);
    }

    [Fact]
    public void Bytes_that_are_not_text_are_refused()
    {
        byte[] body = [.. Utf8("""{"id":"a","code":0,"items":[],"x":" """), 0xC3, 0x28, .. Utf8("\"}")];
        Assert.Equal("the body is not valid UTF-8", Qiniu.Decode(ReportChannel.Notification, body).Problem);
        Assert.Equal("the body is not valid UTF-8", Fops.Decode(ReportChannel.Notification, body).Problem);
        Assert.Equal("the body is not valid UTF-8", Fops.Decode(ReportChannel.Notification, Utf8(Convert.ToBase64String(body))).Problem);
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"a b\"")]
    [InlineData("\"..\"")]
    [InlineData("\"a/b\"")]
    [InlineData("\"é\"")]
    [InlineData("12")]
    [InlineData("[]")]
    public void An_invalid_id_is_refused_on_either_channel(string id)
    {
        foreach (var provider in Kinds.Select(kind => ProviderKinds.For(kind)))
        {
            foreach (var channel in Enum.GetValues<ReportChannel>())
            {
                Assert.Equal("the body's id is not 1 to 128 of A-Z a-z 0-9 . _ -",
                    provider.Problem(channel, $$"""{"id":{{id}},"code":1,"items":[]}"""));
            }
        }
    }

    [Theory]
    [InlineData("""{"code":1,"items":[]}""")]
    [InlineData("""{"id":null,"code":1,"items":[]}""")]
    public void Only_a_poll_answer_may_lack_an_id(string body)
    {
        foreach (var provider in Kinds.Select(kind => ProviderKinds.For(kind)))
        {
            Assert.Null(provider.Read(ReportChannel.Poll, body).Id);
            Assert.Equal("the body names no id", provider.Problem(ReportChannel.Notification, body));
        }
    }

    [Fact]
    public void The_longest_id_is_read()
    {
        var id = new string('z', 128);
        Assert.Equal(id, Qiniu.Read(ReportChannel.Notification, $$"""{"id":"{{id}}","code":1,"items":[]}""").Id);
        Qiniu.Problem(ReportChannel.Notification, $$"""{"id":"{{id}}z","code":1,"items":[]}""");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_problem_never_quotes_the_body(ProviderKind kind)
    {
        foreach (var body in (string[])["""{"hlsKey/c2VjcmV0": c2VjcmV0}""", """{"c2VjcmV0":1,"c2VjcmV0":2}""", """{"id":"c2VjcmV0 c2VjcmV0","code":1,"items":[]}"""])
            Assert.DoesNotContain("c2VjcmV0", ProviderKinds.For(kind).Problem(ReportChannel.Notification, body), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_items_than_any_job_has_are_refused(ProviderKind kind)
    {
        var most = string.Join(',', Enumerable.Repeat("{}", 10_000));

        Assert.Equal(10_000, ProviderKinds.For(kind).Read(ReportChannel.Notification, Body(most)).Facts.Items.Count);
        Assert.Contains("items", ProviderKinds.For(kind).Problem(ReportChannel.Notification, Body(most + ",{}")), StringComparison.Ordinal);
    }

    private static string Body(string items = "", string rest = "") => $$"""{"id":"a","code":3,"items":[{{items}}]{{rest}}}""";

    private static string Nested(int levels) => new StringBuilder().Append('[', levels).Append(']', levels).ToString();
}
