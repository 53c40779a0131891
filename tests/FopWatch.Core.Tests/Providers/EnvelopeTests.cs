using System.Diagnostics;
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
    public void What_two_readers_could_understand_differently_is_refused(string body, string problem)
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
    public void What_is_merely_unusual_is_read(string body)
    {
        foreach (var provider in Kinds.Select(kind => ProviderKinds.For(kind)))
            Assert.Equal("a", provider.Read(ReportChannel.Notification, body).Id);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("null")]
    [InlineData("7")]
    public void Json_that_is_no_object_is_refused(string body)
    {
        Assert.Equal("the body is not a JSON object", Qiniu.Problem(ReportChannel.Poll, body));
        Fmgr.Problem(ReportChannel.Poll, body);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
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
    public void An_id_that_is_none_is_refused_on_either_channel(string id)
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
    public void Only_a_poll_answer_may_come_without_an_id(string body)
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
    public void More_items_than_any_job_has_are_not_read(ProviderKind kind)
    {
        var most = string.Join(',', Enumerable.Repeat("{}", 10_000));

        Assert.Equal(10_000, ProviderKinds.For(kind).Read(ReportChannel.Notification, Body(most)).Facts.Items.Count);
        Assert.Contains("items", ProviderKinds.For(kind).Problem(ReportChannel.Notification, Body(most + ",{}")), StringComparison.Ordinal);
    }

    // Quadratic work on any of these would take minutes; the limit only has to tell that from a slow machine.
    public static TheoryData<ProviderKind, string, string> Large => new()
    {
        { ProviderKind.WangsuFops, "many items", Body(items: string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$"""{"cmd":"avthumb/mp4/{{i}}|saveas/YTpi","code":"3","key":"a:k{{i}}","error":"e{{i}}"}"""))) },
        { ProviderKind.WangsuFops, "many equal items", Body(items: string.Join(',', Enumerable.Repeat("""{"cmd":"avthumb/mp4","code":3,"key":"a:k"}""", 10_000))) },
        { ProviderKind.WangsuFmgr, "many outputs of a long command", Body(items: $$"""{"cmd":"{{new string('x', 1_000_000)}}","code":3,"decompresslist":[{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"f{i}\""))}}]}""") },
        { ProviderKind.Qiniu, "many keys", Body(items: $$"""{"cmd":"x","code":0,"keys":[{{string.Join(',', Enumerable.Range(0, 200_000).Select(i => $"\"f{i}\""))}}]}""") },
        { ProviderKind.WangsuFops, "many properties", Body(rest: string.Concat(Enumerable.Range(0, 300_000).Select(i => $",\"p{i}\":{i}"))) },
        { ProviderKind.WangsuFops, "many secrets", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("avthumb/hlsKey/c2VjcmV0|", 150_000))}}","code":3}""") },
        { ProviderKind.Qiniu, "nearly secrets", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("hlsKey", 300_000))}}hlsKey%{{string.Concat(Enumerable.Repeat("25", 1_000_000))}}","code":3,"desc":"hlsKey{{new string('\\', 2_000_000)}}"}""") },
        { ProviderKind.Qiniu, "many slashes", Body(items: $$"""{"cmd":"{{Slashes}}","code":3,"desc":"hlsKey/{{Slashes}}","error":"token=x{{Slashes}}"}""") },
        { ProviderKind.WangsuFmgr, "many escaped slashes", Body(items: $$"""{"cmd":"hlsKey\/{{EscapedSlashes}}","code":2,"error":"token=x{{EscapedSlashes}}"}""") },
        { ProviderKind.Qiniu, "slashes after an encoded URL", Body(items: $$"""{"cmd":"mkzip/2/url/{{Base64Url("http://a.example/x?token=abc")}}{{Slashes}}","code":3,"error":"x/{{Base64Url("http://a.example/x")}}{{Slashes}}"}""") },
        { ProviderKind.WangsuFops, "slashes after an encoded query", Body(items: $$"""{"cmd":"%3Ftoken%3D{{Slashes}}","code":3,"error":"hlsKey%2F{{Slashes}}"}""") },
        { ProviderKind.Qiniu, "many short options", Body(items: $$"""{"cmd":"hlsKey/a{{string.Concat(Enumerable.Repeat("/t/1", 300_000))}}","code":3,"error":"{{string.Concat(Enumerable.Repeat("_hlsKey/a/t/1", 100_000))}}"}""") },
        { ProviderKind.Qiniu, "many saveas", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("xsaveas/xbucket/", 200_000))}}","code":3,"key":"k"}""") },
        { ProviderKind.WangsuFmgr, "many escapes", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("\\ud83d", 500_000))}}","code":3}""") },
        { ProviderKind.Qiniu, "chains of encoded URLs", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("IGh0dHA6Ly9h/", 100_000))}}","code":3,"error":"{{string.Concat(Enumerable.Repeat("IGh0dHA6Ly9hYmM/", 100_000))}}"}""") },
        { ProviderKind.WangsuFops, "marks behind a secret", Body(items: $$"""{"cmd":"?token=x{{new string(',', 1_000_000)}}","code":3,"desc":"?token=x{{string.Concat(Enumerable.Repeat("~hmac=", 100_000))}}","error":"?e=x{{string.Concat(Enumerable.Repeat(")&amp;", 100_000))}}"}""") },
        { ProviderKind.Qiniu, "members within text", Body(items: $$"""{"cmd":"{{string.Concat(Enumerable.Repeat("\\\"token\\\":", 100_000))}}","code":3,"desc":"{{string.Concat(Enumerable.Repeat("%22token%22%3A%22", 100_000))}}","error":"\"token\":\"{{new string('\\', 1_000_000)}}"}""") },
        { ProviderKind.Qiniu, "members that are secrets", Body(items: $$"""{"cmd":"x","code":0,"result":{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"p{i}_token\":[{i}]"))}}} }""") },
        { ProviderKind.Qiniu, "a large result", Body(items: $$"""{"cmd":"x","code":0,"result":{"r":0{{string.Concat(Enumerable.Range(0, 200_000).Select(i => $",\"p{i}\":[{i}]"))}} } }""") },
    };

    private static string Slashes => new('/', 1_000_000);

    private static string EscapedSlashes => string.Concat(Enumerable.Repeat("\\\\/", 300_000));

    [Theory]
    [MemberData(nameof(Large), DisableDiscoveryEnumeration = true)]
    public void Bodies_of_several_megabytes_are_read_in_linear_time(ProviderKind kind, string what, string body)
    {
        var watch = Stopwatch.StartNew();
        ProviderKinds.For(kind).Read(ReportChannel.Notification, body);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{what}, {body.Length} characters: {watch.Elapsed}");
    }

    private static string Body(string items = "", string rest = "") => $$"""{"id":"a","code":3,"items":[{{items}}]{{rest}}}""";

    private static string Nested(int levels) => new StringBuilder().Append('[', levels).Append(']', levels).ToString();
}
