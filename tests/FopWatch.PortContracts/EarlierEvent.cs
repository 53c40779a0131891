using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.PortContracts;

/// <summary>An event committed by a version that left secrets in commands.</summary>
public static class EarlierEvent
{
    private static readonly string[] Secrets = ["+7dzc2VjcmV0", "c2VjcmV0LXRva2Vu", "bWV0ZXJlZC10b2tlbg"];

    private static readonly string Url = Base64("https://cdn.example.com/a.mp4?e=1700000000&token=ak:c2VjcmV0LXRva2Vu");

    public static OutboxEvent Stored { get; } = new()
    {
        Id = "4b76334e2bc40bb31d371eb031a5b36f",
        Key = new JobKey("media", "a"),
        Version = 2,
        Type = JobEvent.SettledType,
        Time = Sample.Start,
        Body = Encoding.UTF8.GetBytes($$$"""
            {"specversion":"1.0","id":"4b76334e2bc40bb31d371eb031a5b36f","type":"fopwatch.job.settled","source":"/fopwatch/media","subject":"a",
             "time":"2026-01-02T03:04:05Z","datacontenttype":"application/json","data":{"source":"media","id":"a","provider":"qiniu",
             "state":"partiallyFailed","settled":true,"key":"in.mp4","counts":{"total":2,"succeeded":1,"failed":1,"running":0},"items":[
             {"command":"avthumb/m3u8/hlsKey/***/+7dzc2VjcmV0==/ab/128k","state":"succeeded","outputs":[{"bucket":"b","key":"é.m3u8","url":"https://x.example.com/o?token=bWV0ZXJlZC10b2tlbg"}]},
             {"command":"mkzip/2/url/{{{Url}}}","state":"failed","error":"cannot get https://cdn.example.com/a.mp4?token=c2VjcmV0LXRva2Vu","result":{"cmd":"hlsKey/***/+7dzc2VjcmV0==","n":1.50},"outputs":[]}],
             "metadata":{"note":"sign=me"},"registeredAt":"2026-01-02T03:04:05Z","updatedAt":"2026-01-02T03:04:05Z","polls":0,"version":2,"added":[1]}}
            """),
    };

    /// <summary>Asserts that an event is the stored one without its secrets.</summary>
    public static void AssertRedacted(string id, ReadOnlyMemory<byte> body)
    {
        Assert.Equal(Stored.Id, id);
        var text = Encoding.UTF8.GetString(body.Span);
        Assert.All(Secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        Assert.DoesNotContain(Url, text, StringComparison.Ordinal);

        Assert.True(JobEvent.TryParse(body, out var read));
        Assert.Equal(Stored.Id, read.Id);
        Assert.Equal("avthumb/m3u8/hlsKey/***/ab/128k", read.Data.Items[0].Command);
        Assert.Equal("é.m3u8", Assert.Single(read.Data.Items[0].Outputs).Key);
        Assert.Equal($"mkzip/2/url/{Base64("https://cdn.example.com/a.mp4?e=***&token=***")}", read.Data.Items[1].Command);
        Assert.Equal("""{"cmd":"hlsKey/***","n":1.50}""", read.Data.Items[1].Result?.GetRawText());
        Assert.Equal("sign=me", read.Data.Metadata?["note"]);
        Assert.Contains("\"added\":[1]", text, StringComparison.Ordinal);
    }

    private static string Base64(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).Replace('+', '-').Replace('/', '_');
}
