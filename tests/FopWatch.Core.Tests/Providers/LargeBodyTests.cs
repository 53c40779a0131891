using System.Diagnostics;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class LargeBodyTests
{
    // Quadratic work on any of these would take minutes; the limit only distinguishes that from a slow machine.
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
}
