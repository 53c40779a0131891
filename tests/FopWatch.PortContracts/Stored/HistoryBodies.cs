using System.Globalization;
using System.Text;

namespace FopWatch.PortContracts.Stored;

internal static class HistoryBodies
{
    public const string Done = """{"cmd":"avthumb/m3u8/hlsKey/cGxhaW4=","code":0,"hash":"Fhash","key":"out/a.m3u8","returnOld":0}""";

    public const string Broken = """{"cmd":"vframe/jpg/offset/7","code":3,"desc":"The fop is failed","error":"not a valid media","errorIndex":1}""";

    public const string Running = """{"cmd":"avthumb/mp4","code":2,"desc":"The fop is executing now"}""";

    public const string Waiting = """{"cmd":"vframe/jpg/offset/9","code":1,"desc":"The fop is waiting for execution"}""";

    public static byte[] Qiniu(string id, int code, params IEnumerable<string> items) => Utf8(
        $$"""
        {"id":"{{id}}","pipeline":"0.default","code":{{code}},"desc":"","reqid":"NTAAAGzpokQgZgkU","inputBucket":"b","inputKey":"视频/第1课 +&.mp4",
         "creationDate":"2026-03-01T15:59:58.1234567+08:00","items":[{{string.Join(',', items)}}]}
        """);

    /// <summary>A workflow V3 with one command that was done and one that was skipped.</summary>
    public static byte[] Workflow(string id, int code) => Utf8(string.Create(CultureInfo.InvariantCulture, $"{{\"version\":\"v3\",\"id\":\"{id}\",\"code\":{code},") + """
        "pipeline":"p","created_at":1772352000123,"input":{"kodo_file":{"bucket":"in","key":"a.mov"}},"ops":[
          {"id":"1","fop":{"cmd":"avthumb/mp4","result":{"code":0,"has_output":true,"kodo_file":{"bucket":"out","key":"a.mp4","hash":"F1"}}}},
          {"id":"2","fop":{"cmd":"vframe/jpg","input_from":"1","result":{"code":6}},"depends":["1"]}]}
        """);

    public static byte[] WangsuNotification(string id, int code, string items) => Utf8(Base64(Wangsu(id, code, items)));

    public static byte[] WangsuAnswer(string id, int code, string items) => Utf8(Wangsu(id, code, items));

    /// <summary>A command with a result of the given number of elements.</summary>
    public static string Long(int elements)
    {
        var frames = Enumerable.Range(0, elements).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{i}},"type":"video"}"""));
        return $$$"""{"cmd":"avinfo","code":0,"result":{"frames":[{{{string.Join(',', frames)}}}]}}""";
    }

    /// <summary>A command with the given number of outputs.</summary>
    public static string Outputs(int count)
    {
        var (random, noise) = (new Random(7), new byte[24]);
        var keys = Enumerable.Range(0, count).Select(_ =>
        {
            random.NextBytes(noise);
            return $"\"{Convert.ToBase64String(noise)}\"";
        });
        return $$"""{"cmd":"vsample/jpg","code":0,"keys":[{{string.Join(',', keys)}}]}""";
    }

    public static string UrlSafe(string text) => Base64(text).Replace('+', '-').Replace('/', '_');

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Wangsu(string id, int code, string items) =>
        $$"""{"id":"{{id}}","code":{{code}},"desc":"","separate":"0","inputkey":"in.mp4","inputbucket":"raw","items":[{{items}}]}""";

    private static string Base64(string text) => Convert.ToBase64String(Utf8(text));
}
