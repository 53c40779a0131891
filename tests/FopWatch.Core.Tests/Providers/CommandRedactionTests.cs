using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FsCheck.Fluent;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class CommandRedactionTests
{
    [Theory]
    [InlineData("avthumb/m3u8", "avthumb/m3u8")]
    [InlineData("", "")]
    [InlineData("avthumb/m3u8/hlsKey/c2Vj-_cmV0==/segtime/9", "avthumb/m3u8/hlsKey/***/segtime/9")]
    [InlineData("hlsKey/c2VjcmV0", "hlsKey/***")]
    [InlineData("avthumb/m3u8/hlsKey/c2VjcmV0/hlsIVType/1.0/hlsIV/aXY_-==/segtime/9", "avthumb/m3u8/hlsKey/***/hlsIVType/1.0/hlsIV/***/segtime/9")]
    [InlineData("x%2FhlsIV%2FaXY%3D%2Fsegtime%7Cy", "x%2FhlsIV%2F***%2Fsegtime%7Cy")]
    [InlineData("""{"cmd":"hlsIV\/aXY\/s\/1x1","hlsIV":"aXY","hlsIVType":"1.0"}""", """{"cmd":"hlsIV/***/s/1x1","hlsIV":"***","hlsIVType":"1.0"}""")]
    [InlineData("unzip/bucket/Yg==/password/c2VjcmV0/overwrite/1|saveas/Yjph", "unzip/bucket/Yg==/password/***/overwrite/1|saveas/Yjph")]
    [InlineData("unzip%2Fbucket%2FYg%2Fpassword%2Fc2VjcmV0%3D%2Foverwrite%2F1", "unzip%2Fbucket%2FYg%2Fpassword%2F***%2Foverwrite%2F1")]
    [InlineData("decompression/password/c2VjcmV0;unzip/prefix/YQ/password/b3RoZXI=", "decompression/password/***;unzip/prefix/YQ/password/***")]
    [InlineData("""{"cmd":"unzip\/password\/c2VjcmV0"}""", """{"cmd":"unzip/password/***"}""")]
    [InlineData("fetch/password/reset.mp4", "fetch/password/reset.mp4")]
    [InlineData("unzip/bucket/Yg/nopassword/1", "unzip/bucket/Yg/nopassword/1")]
    [InlineData("a/HLSKEY/c2VjcmV0|b/hlskey/b3RoZXI=;c/hlsKey/dGhpcmQ", "a/HLSKEY/***|b/hlskey/***;c/hlsKey/***")]
    [InlineData("hlsKey/c2VjcmV0/hlsKeyUrl/aHR0cDovLw==", "hlsKey/***/hlsKeyUrl/aHR0cDovLw==")]
    [InlineData("hlsKeyUrl/aHR0cDovLw==/hlsKeyType/1.0", "hlsKeyUrl/aHR0cDovLw==/hlsKeyType/1.0")]
    [InlineData("operate [avthumb/hlsKey/c2VjcmV0] is finish operate [x/hlsKey/b3RoZXI] is", "operate [avthumb/hlsKey/***] is finish operate [x/hlsKey/***] is")]
    [InlineData("x%2FhlsKey%2Fc2VjcmV0%3D%2Fsegtime%7Cy", "x%2FhlsKey%2F***%2Fsegtime%7Cy")]
    [InlineData("x%252fhlsKey%252Fc2VjcmV0%252Fsegtime", "x%252fhlsKey%252F***%252Fsegtime")]
    [InlineData("hlsKey/c2Vj%2FcmV0%3D/x", "hlsKey/***")]
    [InlineData("hlsKey//c2VjcmV0/x", "hlsKey/***")]
    [InlineData("""{"cmd":"hlsKey\/c2VjcmV0\/s\/1x1"}""", """{"cmd":"hlsKey/***/s/1x1"}""")]
    [InlineData("""{\"cmd\":\"hlsKey\\\/c2VjcmV0\\\/vb\\\/1m\"}""", """{\"cmd\":\"hlsKey\\\/***\\\/vb\\\/1m\"}""")]
    [InlineData("""hlsKey\u002Fc2Vj\u002BcmV0\u003D\u002Fx""", """hlsKey\u002F***""")]
    [InlineData("avthumb/m3u8/noDomain/1/hlsKey/q83v/+7dzLuqmYh3ZlVEMw==/hlsKeyUrl/aHR0cDovL2tleXMuZXhhbXBsZS5jb20vazE=", "avthumb/m3u8/noDomain/1/hlsKey/***/hlsKeyUrl/aHR0cDovL2tleXMuZXhhbXBsZS5jb20vazE=")]
    [InlineData("hlsKey/***/+7dzLuqmYh3ZlVEMw==/hlsKeyUrl/aHR0cDov", "hlsKey/***/hlsKeyUrl/aHR0cDov")]
    [InlineData("hlsKey/q8/t/+7dz/t/10", "hlsKey/***/t/10")]
    [InlineData("hlsKey/q8/+7dz==|hlsKey/a/b", "hlsKey/***|hlsKey/***")]
    [InlineData("hlsKeyUrl/http://me:pass@k.example/a?token=x&b=1/hlsKey/a/b/video_240k", "hlsKeyUrl/http://***@k.example/a?token=***&b=1/hlsKey/***/video_240k")]
    [InlineData("https://a.example/x?e=1490169871&token=AK:sig=&y=1", "https://a.example/x?e=***&token=***&y=1")]
    [InlineData("https%3A%2F%2Fa.example%2Fx%3Fe%3D14%26token%3DAK%253Asig%26y%3D1", "https%3A%2F%2Fa.example%2Fx%3Fe%3D***%26token%3D***%26y%3D1")]
    [InlineData("https://a.example/x?name=1&size=2", "https://a.example/x?name=1&size=2")]
    [InlineData("avthumb/mp4/e/1/key/2|saveas/YTpi", "avthumb/mp4/e/1/key/2|saveas/YTpi")]
    [InlineData("x/https://h.example/api/notify/media/3f9d0c51e27a4b86/lesson-1", "x/https://h.example/api/notify/media/***/lesson-1")]
    [InlineData("x/https://h.example/api/uploads/media/3f9d0c51e27a4b86", "x/https://h.example/api/uploads/media/***")]
    [InlineData("x/https%3A%2F%2Fh.example%2Fapi%2Fuploads%2Fmedia%2F3f9d0c51e27a4b86", "x/https%3A%2F%2Fh.example%2Fapi%2Fuploads%2Fmedia%2F***")]
    [InlineData("avthumb/mp4|notify-filter/https://h.example/hooks/c2VjcmV0/format/mp4?pw=c2VjcmV0", "avthumb/mp4|notify-filter/***")]
    [InlineData("avthumb/mp4|notify-filter/aHR0cHM6Ly9oLmV4YW1wbGUvaG9va3MvYz/zZWNyZXQ=|saveas/YTpi;vframe/jpg", "avthumb/mp4|notify-filter/***|saveas/YTpi;vframe/jpg")]
    [InlineData("avthumb/mp4|Notify-Filter/https%3A%2F%2Fh.example%2Fc%3Bd%7Ce;vframe/jpg", "avthumb/mp4|Notify-Filter/***;vframe/jpg")]
    [InlineData("mp4%7Cnotify-filter%2Fhttps%253A%252F%252Fh.example%252Fc%253Bd%7Csaveas%2FYTpi", "mp4%7Cnotify-filter%2F***%7Csaveas%2FYTpi")]
    [InlineData("vframe/jpg|notify-filter/https://me:p;a's|s@word@h.example/c|x", "vframe/jpg|notify-filter/***|x")]
    [InlineData("vframe/jpg|notify-filter/https://h.example/c?key=c2Vj]*cmV0|x", "vframe/jpg|notify-filter/***|x")]
    [InlineData("operate [vframe/jpg|notify-filter/aHR0cHM6Ly9oLmV4YW1wbGUvYw==] is finish", "operate [vframe/jpg|notify-filter/***] is finish")]
    [InlineData("""{\"cmd\":\"notify-filter\\\/https:\\\/\\\/h.example\\\/c\",\"a\":1}""", """{\"cmd\":\"notify-filter\\\/***\",\"a\":1}""")]
    [InlineData("notify-filter/", "notify-filter/")]
    [InlineData("""{"hlsKey": "c2Vj/cmV0", "a": 1}""", """{"hlsKey": "***", "a": 1}""")]
    [InlineData("""{\"hls_key\":\"c2Vj\\\/cmV0\"}""", """{\"hls_key\":\"***\"}""")]
    [InlineData("""{"hlsKey":12345,"hlsKeyUrl":"u"}""", """{"hlsKey":"***","hlsKeyUrl":"u"}""")]
    [InlineData("?hlsKey=c2VjcmV0&hlsKeyUrl=u", "?hlsKey=***&hlsKeyUrl=u")]
    [InlineData("hlsKey/", "hlsKey/")]
    [InlineData("avthumb/m3u8/hlsKey/anCFr%2FoQZVcnX%2Fab%2F65vPcCF1w%3D%3D/hlsKeyType/1.0", "avthumb/m3u8/hlsKey/***/hlsKeyType/1.0")]
    [InlineData("avthumb/m3u8/hlsKey/ziiSkN%2Ft%2F4PTjpQEmLai1w%3D%3D/hlsKeyType/1.0", "avthumb/m3u8/hlsKey/***/hlsKeyType/1.0")]
    [InlineData("avthumb/m3u8/hlsKey/***%2Ft%2F4PTjpQEmLai1w%3D%3D/hlsKeyType/1.0", "avthumb/m3u8/hlsKey/***/hlsKeyType/1.0")]
    [InlineData("avthumb/m3u8/hlsKey/ziiSkN%2Ft%2F4PTjpQEmLai1w|saveas/YTpi", "avthumb/m3u8/hlsKey/***|saveas/YTpi")]
    [InlineData("avthumb/m3u8/hlsKey/ziiSkN/t/4PTjpQEmLai1w==/t/10/vb/1m", "avthumb/m3u8/hlsKey/***/t/10/vb/1m")]
    [InlineData("avthumb/m3u8/hlsKey/ziiSkN/t/4PT/ab/6QEmLw==|saveas/YTpi", "avthumb/m3u8/hlsKey/***|saveas/YTpi")]
    [InlineData("avthumb/m3u8/hlsKey/***/t/4PTjpQEmLai1w==/vb/1m", "avthumb/m3u8/hlsKey/***/vb/1m")]
    [InlineData("avthumb/m3u8/hlsKey/ziiSkN/t/4PTjpQEmLai1w/t/10/vb/1m", "avthumb/m3u8/hlsKey/***/t/10/vb/1m")]
    [InlineData("avthumb/m3u8/hlsKey//t/4iiSkNsPTjpQEmLai1w|saveas/YTpi", "avthumb/m3u8/hlsKey/***|saveas/YTpi")]
    [InlineData("x%2FhlsKey%2Fzii%252Ft%252F4PT%253D%253D%2Ft%2F10", "x%2FhlsKey%2F***%2Ft%2F10")]
    [InlineData("x%2FhlsKey%2Fzii%2Ft%2F4PT%3D%3D%2Fvb%2F1m", "x%2FhlsKey%2F***%2Fvb%2F1m")]
    [InlineData("hlsKey/abcdef/ab/64k/r/25", "hlsKey/***/ab/64k/r/25")]
    [InlineData("a.example/x?Signature=ab%2Ft%2F4cd%3D&x=1", "a.example/x?Signature=***&x=1")]
    [InlineData("a.example/x?Signature=ab/t/4cd=&x=1", "a.example/x?Signature=***&x=1")]
    [InlineData("url/http://me:p;a's|s@word@k.example/a@b.jpg", "url/http://***@k.example/a@b.jpg")]
    [InlineData("url/http%3A%2F%2Fme:p%3Bass%40word%40k.example%2Fa%40b.jpg", "url/http%3A%2F%2F***%40k.example%2Fa%40b.jpg")]
    [InlineData("http://k.example/a@b.jpg and you@example.com", "http://k.example/a@b.jpg and you@example.com")]
    [InlineData("url/http://a.example/x?token=abc/r/25", "url/http://a.example/x?token=***/r/25")]
    public void The_key_and_nothing_else_is_redacted(string text, string redacted)
    {
        Assert.Equal(redacted, CommandRedaction.Redact(text));
        Assert.Equal(redacted, CommandRedaction.Redact(redacted));
    }

    [Theory]
    [InlineData("hlsKey", true)]
    [InlineData("HLSKEY", true)]
    [InlineData("hls_key", true)]
    [InlineData("hlsKeyUrl", false)]
    [InlineData("token", true)]
    [InlineData("uploadToken", true)]
    [InlineData("access_token", true)]
    [InlineData("password", true)]
    [InlineData("pwd", true)]
    [InlineData("secret", true)]
    [InlineData("appSecret", true)]
    [InlineData("secretKey", true)]
    [InlineData("secretAccessKey", true)]
    [InlineData("accessKey", true)]
    [InlineData("OSSAccessKeyId", true)]
    [InlineData("private-key", true)]
    [InlineData("Authorization", true)]
    [InlineData("key", false)]
    [InlineData("keys", false)]
    [InlineData("inputKey", false)]
    [InlineData("hash", false)]
    [InlineData("persistentId", false)]
    [InlineData("reqid", false)]
    [InlineData("tokens", false)]
    [InlineData("signal", false)]
    [InlineData("design", false)]
    [InlineData("sign", false)]
    [InlineData("sig", false)]
    [InlineData("ak", false)]
    [InlineData("sk", false)]
    [InlineData("st", false)]
    [InlineData("next_page_token", false)]
    [InlineData("NextContinuationToken", false)]
    [InlineData("x-qn-meta-author", false)]
    [InlineData("x-amz-meta-token", false)]
    [InlineData("x-amz-security-token", true)]
    [InlineData("credentials", true)]
    [InlineData("to\u212Aen", true)]
    [InlineData("\u212Aey", false)]
    [InlineData("api\u212Aey", true)]
    public void The_names_of_secrets_are_known(string name, bool secret) => Assert.Equal(secret, CommandRedaction.IsSecretName(name));

    [Theory]
    [InlineData("""{ "a" : [ 1, "x\/y" ] }""", """{ "a" : [ 1, "x\/y" ] }""")]
    [InlineData("""{"cmd":"x/hlsKey\/c2VjcmV0\/vn/1", "b" : "\u00e9"}""", """{"cmd":"x/hlsKey/***/vn/1", "b" : "\u00e9"}""")]
    [InlineData("""{"cmd":"\u0068\u006cs\u004bey/c2VjcmV0"}""", """{"cmd":"hlsKey/***"}""")]
    [InlineData("""{"params":{"hlsKey":"c2VjcmV0","hlsKeyUrl":"u"}}""", """{"params":{"hlsKey":"***","hlsKeyUrl":"u"}}""")]
    [InlineData("""{"params":{"hls\u004bey" : {"v":["c2VjcmV0", 1]} , "n":1}}""", """{"params":{"hls\u004bey" : "***" , "n":1}}""")]
    [InlineData("""{"hlsKey":1,"x":[{"HlsKey":null}]}""", """{"hlsKey":"***","x":[{"HlsKey":"***"}]}""")]
    [InlineData("""{"hlsKey/c2VjcmV0":"hlsKey/c2VjcmV0"}""", """{"hlsKey/***":"hlsKey/***"}""")]
    [InlineData("""{"f?token=a":1,"f?token=b":{"x":2},"g":3}""", """{"f?token=***":1,"f?token=***#2":{"x":2},"g":3}""")]
    [InlineData("""{"hlsKey/a":1,"hlsKey/b":2,"hlsKey/***#2":3,"hlsKey/c":4}""", """{"hlsKey/***":1,"hlsKey/***#2":2,"hlsKey/***#3":3,"hlsKey/***#4":4}""")]
    [InlineData("""{"a":1,"a":2,"o":{"a":3}}""", """{"a":1,"a#2":2,"o":{"a":3}}""")]
    [InlineData("""{"\ud83d":"a\ud83d","n":["\udc00 x"]}""", """{"�":"a�","n":["� x"]}""")]
    [InlineData("""{"params":{"secretKey":"s","access_key":7,"key":"k","keys":["k"],"persistentId":"z0.a","hash":"F"}}""", """{"params":{"secretKey":"***","access_key":"***","key":"k","keys":["k"],"persistentId":"z0.a","hash":"F"}}""")]
    [InlineData("""{"result":{"password":{"v":["c2VjcmV0"]},"upload":{"token":"c2VjcmV0"}}}""", """{"result":{"password":"***","upload":{"token":"***"}}}""")]
    [InlineData("""{"result":"{\"token\":\"a\\\"b\",\"key\":\"k\"}"}""", """{"result":"{\"token\":\"***\",\"key\":\"k\"}"}""")]
    [InlineData("""{"result":"{\"cmd\":\"hlsKey\\/c2VjcmV0\"}"}""", """{"result":"{\"cmd\":\"hlsKey/***\"}"}""")]
    [InlineData("""{"text":"{\"token\":[\"SEC1\"],\"credentials\":{\"id\":\"SEC2\"}}"}""", """{"text":"{\"token\":\"***\",\"credentials\":\"***\"}"}""")]
    [InlineData("""{"text":"[{\"to\\u006ben\":1,\"a\":\"{\\\"secret\\\":{}}\"}]"}""", """{"text":"[{\"to\\u006ben\":\"***\",\"a\":\"{\\\"secret\\\":\\\"***\\\"}\"}]"}""")]
    [InlineData("""{"sign":"a","sig":"b","ak":1,"sk":2,"st":3,"next_page_token":"c","pageToken":"d","x-qn-meta-token":"e"}""", """{"sign":"a","sig":"b","ak":1,"sk":2,"st":3,"next_page_token":"c","pageToken":"d","x-qn-meta-token":"e"}""")]
    public void JSON_is_redacted_in_every_spelling(string json, string redacted)
    {
        Assert.Equal(redacted, CommandRedaction.RedactJson(Utf8(json)));
        Assert.Equal(redacted, CommandRedaction.RedactJson(Utf8(redacted)));
    }

    [Theory]
    [InlineData("http://a.example/p.mp4?e=1490169871&token=AK:c2lnbmF0dXJl", "http://a.example/p.mp4?e=***&token=***")]
    [InlineData("http://me:pass@a.example/p.mp4", "http://***@a.example/p.mp4")]
    [InlineData("http://a.example/p.mp4?attname=x", "http://a.example/p.mp4?attname=x")]
    public void Encoded_URLs_are_redacted_and_stay_encoded(string url, string redacted)
    {
        Assert.Equal($"mkzip/2/url/{Redacted(url, redacted)}/alias/YS5tcDQ=", CommandRedaction.Redact($"mkzip/2/url/{Base64Url(url)}/alias/YS5tcDQ="));
        Assert.Equal($"x/url/{Redacted(url, redacted)}|y", CommandRedaction.Redact($"x/url/{(url == redacted ? Base64Url(url) : Base64(url))}|y"));
        Assert.Equal($"x/{(url == redacted ? Base64Url(Base64Url(url)) : Base64Url(Base64Url(redacted)))}", CommandRedaction.Redact($"x/{Base64Url(Base64Url(url))}"));

        static string Redacted(string url, string redacted) => Base64Url(url == redacted ? url : redacted);
    }

    [Fact]
    public void Items_stored_by_an_earlier_version_equal_those_of_a_report_read_today()
    {
        const string Body = """{"id":"a","code":3,"items":[{"cmd":"avthumb/m3u8/hlsKey/q83v/+7dz==/vb/1m","code":3,"error":"no key: avthumb/m3u8/hlsKey/q83v/+7dz=="},{"cmd":"avthumb/m3u8/hlsKey/q83v/+8dz==/vb/1m","code":0,"key":"k"}]}""";
        var job = Job.New(new("media", "a"), ProviderKind.Qiniu, JobOrigin.Registration, new() { StartedAt = default, Deadline = DateTimeOffset.MaxValue }, default)
            .Apply(Qiniu.Read(ReportChannel.Notification, Body), default).Job;

        // As written by version 1: with the ends of the keys, and without a version.
        var today = System.Text.Encoding.UTF8.GetString(JobJson.Serialize(job));
        var first = today.IndexOf("hlsKey/***/vb", StringComparison.Ordinal);
        var earlier = (today[..first] + "hlsKey/***/+7dz==/vb" + today[(first + 13)..])
            .Replace($",\"redaction\":{CommandRedaction.Version}", "", StringComparison.Ordinal)
            .Replace("no key: avthumb/m3u8/hlsKey/***", "no key: avthumb/m3u8/hlsKey/***/+7dz==", StringComparison.Ordinal);
        Assert.NotEqual(today, earlier);

        var read = JobJson.Deserialize(Utf8(earlier));

        Assert.Equal(job.Facts, read.Facts);
        var again = read.Apply(Qiniu.Read(ReportChannel.Poll, Body), default);
        Assert.Equal((2, null), (again.Job.Facts.Items.Count, again.EventType));
    }

    [Theory]
    [InlineData("""{"cmd": "x/https://p.example/a.mp4?e=1700000000\u0026token=AK1:SECRET"}""", """{"cmd": "x/https://p.example/a.mp4?e=***&token=***"}""")]
    [InlineData("""https://p.example/a.mp4?e=1700000000\\u0026token=AK1:SECRET""", """https://p.example/a.mp4?e=***\\u0026token=***""")]
    [InlineData("https://p.example/a?userToken=x1&clientSecret=x2&_upt=x3&encKey=x4&auth_info=x5", "https://p.example/a?userToken=***&clientSecret=***&_upt=***&encKey=***&auth_info=***")]
    [InlineData("https://p.example/a?token[]=x1&data[token]=x2&n=1", "https://p.example/a?token[]=***&data[token]=***&n=1")]
    [InlineData("https://p.example/a?token%3Dx1", "https://p.example/a?token%3D***")]
    [InlineData("avthumb/mp4|saveas/YjphLm1wNA==/sign/AKAKAKAKAK:c2lnbmF0dXJl", "avthumb/mp4|saveas/YjphLm1wNA==/sign/***")]
    [InlineData("https://p.example/a?hdnea=st=17~exp=18~acl=/*~hmac=x1&n=1", "https://p.example/a?hdnea=***&n=1")]
    [InlineData("https://p.example/a?n=1~exp=18~acl=/format/*~hmac=x1", "https://p.example/a?n=1~exp=***/format/*~hmac=***")]
    [InlineData("x%3Fhdnts%3Dst%3D17~exp%3D18~acl%3D%2F*~hmac%3Dx1%26n%3D1", "x%3Fhdnts%3D***%26n%3D1")]
    [InlineData("https://p.example/a?token=x1,x2&n=1", "https://p.example/a?token=***&n=1")]
    [InlineData("https://p.example/a?token=***,x2&n=1", "https://p.example/a?token=***&n=1")]
    [InlineData("no https://p.example/a?token=x1,x2, nor (https://p.example/b?token=x3)x4).", "no https://p.example/a?token=***, nor (https://p.example/b?token=***).")]
    [InlineData("https://p.example/a?token=x1,https://p.example/b?n=1", "https://p.example/a?token=***,https://p.example/b?n=1")]
    [InlineData("""{'a':'https://p.example/a?token=x1,x2','n':1}""", """{'a':'https://p.example/a?token=***','n':1}""")]
    [InlineData("x%3Fn%3D1%3Btoken%3Dx1%3Bn%3D2", "x%3Fn%3D1%3Btoken%3D***%3Bn%3D2")]
    [InlineData("x%3Fn%3D1%26amp%3Btoken%3Dx1%26amp%3Be%3Dx2", "x%3Fn%3D1%26amp%3Btoken%3D***%26amp%3Be%3D***")]
    [InlineData("x%253Fn%253D1%253Btoken%253Dx1%253Bn%253D2", "x%253Fn%253D1%253Btoken%253D***%253Bn%253D2")]
    [InlineData("https://p.example/a?n=1&amp;token=x1&amp;e=x2&amp;n=2", "https://p.example/a?n=1&amp;token=***&amp;e=***&amp;n=2")]
    [InlineData("https://p.example/a?n=1&#38;token=x1&#38;e=x2&#x26;n=2", "https://p.example/a?n=1&#38;token=***&#38;e=***&#x26;n=2")]
    [InlineData("https://p.example/a?n=1%26token=x1&n=2", "https://p.example/a?n=1%26token=***&n=2")]
    [InlineData("//me:x1@p.example/a", "//***@p.example/a")]
    [InlineData("https://p.example/a?a%5Btoken%5D%3Dx1", "https://p.example/a?a%5Btoken%5D%3D***")]
    [InlineData("""v2/{"access_key":"x1","pwd": 12,"key":"k","persistentId":"z0.a"}""", """v2/{"access_key":"***","pwd": "***","key":"k","persistentId":"z0.a"}""")]
    [InlineData("""v2/{\"token\":\"x1\\\"x2\",\"key\":\"k\"}""", """v2/{\"token\":\"***\",\"key\":\"k\"}""")]
    [InlineData("""v2/{\u0022token\u0022:\u0022x1\u0022,\u0022key\u0022:\u0022k\u0022}""", """v2/{\u0022token\u0022:\u0022***\u0022,\u0022key\u0022:\u0022k\u0022}""")]
    [InlineData("{'secretKey': 'x1', 'key': 'k'}", "{'secretKey': '***', 'key': 'k'}")]
    [InlineData("v2/%7B%22token%22%3A%20%22x1%5C%22x2%22%2C%22key%22%3A%22k%22%7D", "v2/%7B%22token%22%3A%20%22***%22%2C%22key%22%3A%22k%22%7D")]
    [InlineData("v2/%7B%22token%22:12%2C%22key%22:13%7D", "v2/%7B%22token%22:%22***%22%2C%22key%22:13%7D")]
    [InlineData("""v2/{"token":["x1]",{"a":"x2}\"x3"}],"key":"k"}""", """v2/{"token":"***","key":"k"}""")]
    [InlineData("""no {\"token\": [\"x1]\\\"x2\"], \"credentials\":{\"id\":\"x3\"}, \"n\":[1]}""", """no {\"token\": \"***\", \"credentials\":\"***\", \"n\":[1]}""")]
    [InlineData("""v2/{"token":["x1", [ "x2" ]""", "v2/{\"token\":\"***\"")]
    [InlineData("v2/%7B%22token%22%3A%5B%22x1%5D%22%2C%7B%7D%5D%2C%22n%22%3A%5B1%5D%7D", "v2/%7B%22token%22%3A%22***%22%2C%22n%22%3A%5B1%5D%7D")]
    [InlineData("%2522token%2522%253A%255B%2522x1%2522%255D no", "%2522token%2522%253A%2522***%2522 no")]
    [InlineData("t {\"auth\":{\"secret\":[\"x1\"]},\"token\":12,\"x\":1}", "t {\"auth\":{\"secret\":\"***\"},\"token\":\"***\",\"x\":1}")]
    [InlineData("""{"token":***,"a":1,"a":2}""", """{"token":"***","a":1,"a#2":2}""")]
    [InlineData("Authorization: Bearer x1.x2-x3=", "Authorization: Bearer ***")]
    [InlineData("sent authorization:AK:x1= to h", "sent authorization:*** to h")]
    [InlineData("Authorization: Qiniu AK:x1, X-Auth-Token: x2\nHost: h", "Authorization: Qiniu ***, X-Auth-Token: ***\nHost: h")]
    [InlineData("(token: x1) password: x,2 n: 1", "(token: ***) password: *** n: 1")]
    [InlineData("Authorization%3A%20Bearer%20x1%0D%0AHost%3A%20h", "Authorization%3A%20Bearer%20***%0D%0AHost%3A%20h")]
    [InlineData("next_page_token: 1; key: k; signal: 2; b:token:a.mp4; sign: s", "next_page_token: 1; key: k; signal: 2; b:token:a.mp4; sign: s")]
    [InlineData("""v2/{"sign":"a","next_page_token":["b"],"ak":{"c":1}}""", """v2/{"sign":"a","next_page_token":["b"],"ak":{"c":1}}""")]
    public void Credentials_are_found_in_every_spelling(string text, string redacted)
    {
        Assert.Equal(redacted, CommandRedaction.Redact(text));
        Assert.Equal(redacted, CommandRedaction.Redact(redacted));
    }

    [Theory]
    [InlineData("mkzip%2F2%2Furl%2F", "%2Falias%2FYQ%3D%3D")]
    [InlineData("mkzip%252F2%252Furl%252F", "%252Falias%252FYQ")]
    [InlineData("""mkzip\u002f2\u002furl\u002f""", """\u002falias""")]
    [InlineData("""line\n""", "|x")]
    [InlineData("fetchURL%3D", "")]
    public void Base64_text_starts_after_an_escape(string before, string after)
    {
        var (secret, clean) = (Base64Url("https://p.example/a.mp4?e=1700000000&token=AK1:SECRET"), Base64Url("https://p.example/a.mp4?e=***&token=***"));

        Assert.Equal(before + clean + after, CommandRedaction.Redact(before + secret + after));
    }

    [Theory]
    [InlineData("hlsKey/ziiSkN/t/4PTjpQEm|saveas/YTpi", "hlsKey/***|saveas/YTpi")]
    [InlineData("hlsKey/ziiSkN/vb/4mPTjp/ab/64k/r/25", "hlsKey/***/ab/64k/r/25")]
    [InlineData("hlsKey/zii/s/640x360/ss/0.5/t/10/vb/1.4m", "hlsKey/***/s/640x360/ss/0.5/t/10/vb/1.4m")]
    [InlineData("hlsKey/zii/ss/00:01:30|x", "hlsKey/***/ss/00:01:30|x")]
    [InlineData("hlsKey/zii/r/25fps|x", "hlsKey/***|x")]
    [InlineData("hlsKey%2Fzii%2Ft%2F4PTjpQEm%2Ft%2F10%7Cx", "hlsKey%2F***%2Ft%2F10%7Cx")]
    [InlineData("hlsKey/zii/t/4%2BPT/t/10", "hlsKey/***/t/10")]
    [InlineData("a.example/x?Signature=ab/t/4PTjp&x=1", "a.example/x?Signature=***&x=1")]
    public void A_short_option_ends_a_secret_only_with_a_whole_value(string text, string redacted)
    {
        Assert.Equal(redacted, CommandRedaction.Redact(text));
        Assert.Equal(redacted, CommandRedaction.Redact(redacted));
    }

    public static TheoryData<string, string> Names => new()
    {
        { "b:token=abc.mp4", "b:token=abc.mp4" },
        { "b:dir/sign=1&key=2.mp4", "b:dir/sign=1&key=2.mp4" },
        { "token=abcdef.mp4", "token=abcdef.mp4" },
        { "b:https://p.example/a.mp4?token=x1", "b:https://p.example/a.mp4?token=***" },
        { "https://me:x1@p.example/a.mp4", "https://***@p.example/a.mp4" },
        { "https%3A%2F%2Fp.example%2Fa%3Ftoken%3Dx1", "https%3A%2F%2Fp.example%2Fa%3Ftoken%3D***" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_name_chosen_by_an_application_survives_unless_it_is_a_URL(string name, string redacted)
    {
        string[] places = ["avthumb/mp4|saveas/{0}", "x;y|saveas/{0}/force/1", "bucket/ZHN0/key/{0}", "bucket/ZHN0/prefix/{0}/output/{0}", "resource/{0}", "mkzip/2/url/aHR0cDovLw==/alias/{0}", "avthumb%2Fmp4%7Csaveas%2F{0}"];
        foreach (var place in places.Select(System.Text.CompositeFormat.Parse))
        {
            Assert.Equal(
                string.Format(System.Globalization.CultureInfo.InvariantCulture, place, Base64Url(redacted)),
                CommandRedaction.Redact(string.Format(System.Globalization.CultureInfo.InvariantCulture, place, Base64Url(name))));
        }

        // Elsewhere it is not known to be a name.
        Assert.DoesNotContain(Base64Url("b:token=abc.mp4"), CommandRedaction.Redact($"x/{Base64Url("b:token=abc.mp4")}"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_named_by_a_command_is_found_under_its_name()
    {
        var body = $$"""{"id":"a","code":3,"items":[{"cmd":"avthumb/mp4|saveas/{{Base64Url("b:token=abc.mp4")}}","code":"3","key":"b:token=abc.mp4"}]}""";

        var item = Assert.Single(Fops.Read(ReportChannel.Notification, body).Facts.Items);

        Assert.Equal($"avthumb/mp4|saveas/{Base64Url("b:token=abc.mp4")}", item.Command);
        Assert.Equal(("b", "token=abc.mp4"), (item.Outputs[0].Bucket, item.Outputs[0].Key));
    }

    [Theory]
    [InlineData("https://p.example/a.mp4?token=x1", "https", "//p.example/a.mp4?token=***")]
    [InlineData("https://me:x1@p.example/a.mp4", "https", "//***@p.example/a.mp4")]
    [InlineData("b:https://me:x1@p.example/a.mp4", "b", "https://***@p.example/a.mp4")]
    [InlineData("//p.example/a?token=x1", null, "//p.example/a?token=***")]
    public void A_URL_is_redacted_before_it_is_split_at_its_colon(string key, string? bucket, string redacted)
    {
        var body = $$"""{"id":"a","code":3,"items":[{"cmd":"avthumb/mp4","code":"3","key":"{{key}}","detail":[{"key":"{{key}}"}]}]}""";
        var job = Job.New(new("media", "a"), ProviderKind.WangsuFops, JobOrigin.Registration, new() { StartedAt = default, Deadline = DateTimeOffset.MaxValue }, default)
            .Apply(Fops.Read(ReportChannel.Notification, body), default).Job;

        var output = Assert.Single(Assert.Single(job.Facts.Items).Outputs);
        Assert.Equal((bucket, redacted), (output.Bucket, output.Key));

        // As stored by an earlier version.
        var today = System.Text.Encoding.UTF8.GetString(JobJson.Serialize(job));
        var earlier = today
            .Replace(redacted, redacted.Replace("***", "x1", StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace($",\"redaction\":{CommandRedaction.Version}", ",\"redaction\":3", StringComparison.Ordinal);
        Assert.NotEqual(today, earlier);
        Assert.Equal(job.Facts, JobJson.Deserialize(Utf8(earlier)).Facts);
    }

    [Theory]
    [InlineData("http://a.example/x.jpg?token=abcd", "key/ZG9jcy9yZXBvcnQucGRm")]
    [InlineData("http://a.example/x.jpg?token=abcde", "key/ZG9jcy9yZXBvcnQucGRm/bucket/Yms=")]
    [InlineData("http://a.example/x.jpg?token=abcdef", "key/ZG9jcy9yZXBvcnQucGRm")]
    [InlineData("http://a.example/x.jpg?token=abcd", "md5/0cc175b9c0f1b6a831c399e269772661/key/ZG9jcw")]
    [InlineData("http://a.example/x.jpg?token=abcdef", "wst/1/gravity/SouthEast")]
    [InlineData("http://a.example/x.jpg?token=abcde", "unknownOption/1")]
    public void Options_after_an_encoded_URL_are_kept(string url, string options)
    {
        var masked = Encoded(url[..(url.IndexOf('=', StringComparison.Ordinal) + 1)] + CommandRedaction.Mask);

        Assert.Equal($"fetchURL/{masked}/{options}", CommandRedaction.Redact($"fetchURL/{Encoded(url)}/{options}"));
        if (!options.StartsWith("unknown", StringComparison.Ordinal))
            Assert.Equal($"fetchURL/{masked}/{options}", CommandRedaction.Redact($"fetchURL/{Encoded(url).TrimEnd('=')}/{options}"));

        static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).Replace('/', '_').Replace('+', '-');
    }
}
