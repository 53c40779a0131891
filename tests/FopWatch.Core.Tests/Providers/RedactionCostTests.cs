using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class RedactionCostTests
{
    [Theory]
    [InlineData("hlsKey/a%2Fb/c|d", "hlsKey/***|d")]
    [InlineData("hlsKey%2Fa/key%2Fb", "hlsKey%2F***/key%2Fb")]
    [InlineData("hlsKey%2Fa%2Fkey%2Fb", "hlsKey%2F***%2Fkey%2Fb")]
    [InlineData("hlsKey%252Fa%2Fkey/b%252Fkey%252Fc", "hlsKey%252F***%252Fkey%252Fc")]
    [InlineData("hlsKey/a\\u0041b\\u007cx", "hlsKey/***\\u007cx")]
    [InlineData("hlsKey/a\\u0000b\\u0020c", "hlsKey/***\\u0020c")]
    [InlineData("hlsKey/a%7Cb", "hlsKey/***%7Cb")]
    [InlineData("hlsKey/a%41b%257Cc", "hlsKey/***%257Cc")]
    [InlineData("hlsKey/a&b", "hlsKey/***&b")]
    [InlineData("hlsKey/ABCDEFGHIJKLMNOPQRSTUV/t/1", "hlsKey/***/t/1")]
    [InlineData("hlsKey/ABCDEFGHIJ/t/1KLMNOPQR|x", "hlsKey/***|x")]
    [InlineData("hlsKey/ABCDEFGHIJKLM/t/4==/t/1", "hlsKey/***/t/1")]
    [InlineData("hlsKey/x/video_240k/a", "hlsKey/***/video_240k/a")]
    [InlineData("hlsKey/x/audio_12x3_4k|y", "hlsKey/***/audio_12x3_4k|y")]
    [InlineData("hlsKey/x/video_240kb|y", "hlsKey/***|y")]
    [InlineData("hlsKey/x/url/aHR0cDov", "hlsKey/***/url/aHR0cDov")]
    [InlineData("hlsKey/x/url/abc|y", "hlsKey/***|y")]
    [InlineData("hls\u212aey/x/\u212aey/y", "hls\u212aey/***/\u212aey/y")]
    [InlineData("hlsKey/x/wmFontColor/y", "hlsKey/***/wmFontColor/y")]
    [InlineData("hlsKey/x/wmFontColors/y|z", "hlsKey/***|z")]
    [InlineData("hlsKey/x\\/key\\/y", "hlsKey/***\\/key\\/y")]
    [InlineData("?token=a,b,c", "?token=***")]
    [InlineData("?token=a, b", "?token=***, b")]
    [InlineData("?token=a,http://x.example/b", "?token=***,http://x.example/b")]
    [InlineData("(?token=a)b)", "(?token=***)")]
    [InlineData("token=a%26b=c&d", "token=***&d")]
    [InlineData("%3Ftoken%3Da%26b%3Dc", "%3Ftoken%3D***%26b%3Dc")]
    [InlineData("%3Ftoken%3Da%2526b%26c", "%3Ftoken%3D***%26c")]
    [InlineData("?token=abc==def&x", "?token=***&x")]
    [InlineData("?token=a/t/4bc==/t/1", "?token=***/t/1")]
    [InlineData("sig\\u003dab\\u0026x=1", "sig\\u003d***\\u0026x=1")]
    [InlineData("ak=1&sk=2&task=3", "ak=***&sk=***&task=3")]
    [InlineData("x[token]=1&y", "x[token]=***&y")]
    [InlineData("x%5Btoken%5D%3D1%26y", "x%5Btoken%5D%3D***%26y")]
    [InlineData("?token=a/key/b", "?token=***/key/b")]
    [InlineData("%3Ftoken%3Da%2Fkey%2Fb", "%3Ftoken%3D***%2Fkey%2Fb")]
    [InlineData("?token=a\\u0041\\u003cb", "?token=***\\u003cb")]
    [InlineData("?e=1700000000&to\u212aen=x", "?e=***&to\u212aen=***")]
    [InlineData("a\\\\u0026e=1", "a\\\\u0026e=***")]
    [InlineData("%2526st%253D1%2526x", "%2526st%253D***%2526x")]
    public void The_end_of_a_value_is_recognised_as_before(string text, string redacted)
    {
        Assert.Equal(redacted, CommandRedaction.Redact(text));
        Assert.Equal(redacted, CommandRedaction.Redact(redacted));
    }

    public static TheoryData<string, string> Shapes => new()
    {
        { "cmd", "avthumb/m3u8/hlsKey/a/" },
        { "cmd", "hlsKey/AAAAAAAAAAAAAAAAAAAAAA/t/1" },
        { "error", "http://u:p@h/?token=x&e=1 " },
        { "error", "aHR0cDovL3g6eUBo/" },
        { "error", "IGh0dHA6Ly9h/" },
        { "error", "%25253A%2F" },
        { "error", "authorization: " },
        { "error", "{\"token\":" },
        { "error", "\"token\":\"" },
        { "error", "%22token%22%3A%22" },
        { "error", "{\"}" },
        { "error", "%3D" },
        { "error", "\\u003d" },
        { "error", "&e=" },
        { "error", "%26token%3Da%2Ft%2F1" },
        { "desc", "x-amz-token_" },
    };

    // Sixteen short bodies take as long as one body of their total length. Quadratic work would take sixteen times as long for the long body. Both run for about
    // the same time, so a busy machine delays both alike.
    [Theory]
    [MemberData(nameof(Shapes))]
    public void Decoding_takes_time_proportional_to_the_length(string field, string repeated)
    {
        const int Times = 16;
        var (little, much) = (Body(16 * 1024), Body(Times * 16 * 1024));
        Took(little, Times);

        var (quickestOfMany, quickestOfOne) = (double.MaxValue, double.MaxValue);
        for (var tries = 0; tries < 10 && (tries < 2 || quickestOfOne > 4 * quickestOfMany); tries++)
        {
            quickestOfMany = Math.Min(quickestOfMany, Took(little, Times));
            quickestOfOne = Math.Min(quickestOfOne, Took(much, 1));
        }

        Assert.InRange(quickestOfOne / quickestOfMany, 0, 8);

        byte[] Body(int length) => Encoding.UTF8.GetBytes(
            $$"""{"id":"a","code":3,"items":[{"code":3,{{JsonSerializer.Serialize(field)}}:{{JsonSerializer.Serialize(string.Concat(Enumerable.Repeat(repeated, length / repeated.Length)))}}}]}""");

        static double Took(byte[] body, int times)
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < times; i++)
                Assert.NotNull(ProviderKinds.For(ProviderKind.Qiniu).Decode(ReportChannel.Notification, body).Report);
            return watch.Elapsed.TotalSeconds;
        }
    }

    public static TheoryData<string> Leads =>
    [
        "", "token=x", "?e=x", "%3Ftoken%3Dx", "%253Ftoken%253Dx", "hlsKey/", "hlsKey\\/", "hlsKey%2F", "hlsKey%252Fx", "hlsKey/***", "hlsIV/", "unzip/password/", "unzip%2Fpassword%2F", "hlsKey=x", "\"hlsKey\":\"", "\"token\":[", "\"token\":{\"", "%22token%22%3A%5B%22", "[\"",
        "http://", "http%3A%2F%2F", "api/notify/", "api/notify/media/", "mkzip/2/url/" + Base64Url("http://a.example/x"),
        "mkzip/2/url/" + Base64Url("http://a.example/x?token=abcdef"), "url/" + Base64Url(Base64Url("http://a.example/x?token=abcdef")),
    ];

    private static readonly string[] Repeated =
    [
        "/", "\\/", "\\\\/", "\\", "%2F", "%252F", "%2F/", "%", "%25", "25", "=", "%3D", "&", "?", "#", "|", ";", ":", "@", "-", "_", "+", "%2B", ".", "a", "1", "\"", " ", "*",
        "\\u002f", "\\u003d", "\\u0026", "/a", "/t", "/t/1", "/t/4=", "%2Ft%2F1", "/vb", "/vb/1", "/video_1", "/url", "/url/http", "hlsKey", "_hlsKey/a/t/1", "_hlsKey%2Fa/t/1", "_hlsIV/a/t/1", "%252FhlsIV%2Fa%2Ft%2F1",
        "/password/", "/password/a/t/1", "%252Fpassword%2Fa%2Ft%2F1",
        "hlsKey\"", "\"hlsKey\":", "_token=/t/1", "_token=a/t/1", "&e=", "%3Ftoken%3D", "%26token%3Da%2Ft%2F1", "token", "x-amz-", "q-sign", "a://", "a%3A%2F%2F", "a%253A%252F%252F",
        "api/notify/", "api/notify/a/", "aHR0", "aHR0cDovL2Ev", "/aHR0cDovL2Ev", "IGh0dHA6Ly9h/", "IGh0dHA6Ly9hYmM/", "YUhSMGNEb3ZMMkV2/", "\ud83d\ude00",
        "~", "~hmac=", "%7E", ",", ",a", ")", "'", ");", "&amp;", "%3B", "%26amp%3B", "\"token\":", "\"token\":\"", "%22token%22%3A", "%22token%22%3A%22", "\\u0022token\\u0022:",
        "%5C%22", "saveas/", "/r/2x", "/vb/1.4", "\"token\":[", "\"token\":{\"", "[\"", "]", "{\"\\\"", "%22token%22%3A%5B", "%22token%22%3A%7B%22", "%5B%22", "token: ", "authorization:", "key : x", "token%3A", "{\"a\":",
    ];

    // That many take less than 50 ms on an idle machine; quadratic work exceeds the limit.
    private const int Repetitions = 10_000;

    [Theory]
    [MemberData(nameof(Leads))]
    public void Redacting_takes_linear_time_whatever_is_repeated(string lead)
    {
        foreach (var repeated in Repeated)
        {
            var text = lead + string.Concat(Enumerable.Repeat(repeated, Repetitions)) + "x";
            var watch = Stopwatch.StartNew();
            CommandRedaction.Redact(text);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{lead} and {Repetitions} times {repeated}: {watch.Elapsed}");
        }
    }

    // Allocations show how often a part of a text was read, on a busy machine too.
    [Theory]
    [InlineData("IGh0dHA6Ly9h/")]
    [InlineData("IGh0dHA6Ly9hYmM/")]
    public void A_chain_of_encoded_URLs_is_read_about_once(string repeated)
    {
        var text = string.Concat(Enumerable.Repeat(repeated, Repetitions));
        Assert.InRange(AllocatedBytesPerCharacter(text), 0, 50);
    }

    [Fact]
    public void Repeatedly_encoded_text_is_read_about_once_at_each_level()
    {
        // Each level starts like a doubly encoded address followed by slashes, so it could be many texts.
        var text = "aHR0 " + new string('y', 300);
        for (var level = 0; level < 5; level++)
            text = "aHR0 " + Convert.ToBase64String(Utf8(text + string.Concat(Enumerable.Repeat("???", 24))));

        Assert.InRange(AllocatedBytesPerCharacter(text), 0, 300);
    }

    [Fact]
    public void JSON_in_JSON_that_is_broken_at_every_level_is_read_about_once_at_each_level()
    {
        var text = new string('x', 20_000);
        for (var level = 0; level < 10; level++)
            text = $$$"""{"a":{{{JsonSerializer.Serialize(text)}}},"\u0074oken":1}}""";

        Assert.InRange(AllocatedBytesPerCharacter(text), 0, 300);
    }

    private static long AllocatedBytesPerCharacter(string text)
    {
        CommandRedaction.Redact(text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        CommandRedaction.Redact(text);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / text.Length;
    }
}
