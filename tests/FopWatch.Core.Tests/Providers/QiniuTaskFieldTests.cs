using FopWatch.Contracts;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

/// <summary>A task's fields besides its outcome: outputs, results, dates, and the forms of other products and servers.</summary>
public class QiniuTaskFieldTests
{
    [Theory]
    [InlineData("avthumb/mp4", "input")]
    [InlineData("avthumb/mp4|saveas/time-back.wav", "input")]
    [InlineData("avthumb/mp4|saveas/b25lOmsx|saveas/dHdvOmsy", "two")]
    [InlineData("avthumb/mp4|saveas/dHdvOmsy|watermark/1", "two")]
    [InlineData("avthumb/mp4|saveas/dHdv/savePattern/ZWNobw==", "two")]
    [InlineData("avthumb/mp4|SaveAs/dHdv", "two")]
    [InlineData("avthumb/mp4|notsaveas/dHdv", "input")]
    [InlineData("avthumb/mp4|saveas/gICA", "input")]
    [InlineData("saveas/", "input")]
    public void The_output_is_where_the_last_saveas_puts_it(string command, string bucket)
    {
        var facts = Qiniu.Polled($$"""{"id":"a","code":0,"inputBucket":"input","items":[{"cmd":"{{command}}","code":0,"key":"k"}]}""");
        Assert.Equal(bucket, Assert.Single(Assert.Single(facts.Items).Outputs).Bucket);
    }

    [Theory]
    [InlineData("2024-08-27T19:02:44.664312968+08:00", "2024-08-27T11:02:44.6643129Z")]
    [InlineData("2024-08-27T19:02:44Z", "2024-08-27T19:02:44.0000000Z")]
    [InlineData("2024-08-27t19:02:44.5z", "2024-08-27T19:02:44.5000000Z")]
    [InlineData("2024-08-27T19:02:44", null)]
    [InlineData("2024-08-27T19:02:44.Z", null)]
    [InlineData("2024-02-30T19:02:44Z", null)]
    [InlineData("0001-01-01T00:00:00+14:00", null)]
    [InlineData("yesterday", null)]
    [InlineData("", null)]
    public void A_creation_date_needs_an_offset(string text, string? utc)
    {
        var facts = Qiniu.Polled($$"""{"id":"a","code":2,"creationDate":"{{text}}","items":[]}""");
        Assert.Equal(utc, facts.CreatedAt?.UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("\"1\"", true)]
    [InlineData("0", false)]
    [InlineData("7", null)]
    [InlineData("null", null)]
    public void Type_1_is_an_idle_time_task(string type, bool? idle) =>
        Assert.Equal(idle, Qiniu.Polled($$"""{"id":"a","code":1,"type":{{type}},"items":[]}""").Idle);

    [Theory]
    [InlineData("\"key\":\"out.json\",\"hash\":\"h\"")]
    [InlineData("\"keys\":[\"out.json\"]")]
    public void A_result_next_to_an_output_is_kept(string output)
    {
        var item = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":0,{{output}},"result":{"suggestion":"block"} }]}""").Items);

        Assert.Equal(("out.json", """{"suggestion":"block"}"""), (Assert.Single(item.Outputs).Key, item.Result));
    }

    [Fact]
    public void A_result_of_up_to_256_KiB_is_kept_whole_and_a_longer_one_lacks_the_ends_of_its_arrays()
    {
        var whole = $$"""{"cuts":[{{string.Join(',', Enumerable.Range(0, 3000).Select(i => $"{{\"offset\":{i},\"suggestion\":\"pass\"}}"))}}],"suggestion":"block"}""";
        var kept = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":0,"result":{{whole}} }]}""").Items);
        Assert.Equal((whole, null), (kept.Result, kept.ResultCut));

        var longer = $$"""{"cuts":[{{string.Join(',', Enumerable.Range(0, 30_000).Select(i => $"{{\"offset\":{i},\"suggestion\":\"pass\"}}"))}}],"suggestion":"block"}""";
        var cut = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":0,"result":{{longer}} }]}""").Items);
        using var json = System.Text.Json.JsonDocument.Parse(cut.Result!);
        Assert.Equal("block", json.RootElement.GetProperty("suggestion").GetString());
        Assert.Equal([new("/cuts") { Elements = 30_000 - json.RootElement.GetProperty("cuts").GetArrayLength() }], cut.ResultCut!.Parts);
    }

    [Fact]
    public void A_cut_error_says_so()
    {
        var item = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"{{new string('e', 20_000)}}"}]}""").Items);
        Assert.Equal((16_384, true), (item.Error!.Length, item.ErrorCut));
        Assert.False(Assert.Single(Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"e"}]}""").Items).ErrorCut);
    }

    [Fact]
    public void An_incremental_audit_has_its_codes_as_strings()
    {
        var facts = Qiniu.Notified("""
            {"id":"z0.5f00ab","code":"0","desc":"The fop was completed successfully","inputBucket":"ugc","inputKey":"a.jpg","items":[
              {"cmd":"image-censor/v2/pulp","code":"0","desc":"ok","result":{"disable":"false","result":{"code":"200","suggestion":"block"}},"returnOld":"0"},
              {"cmd":"image-censor/v2/ads","code":"3","desc":"no","error":"timeout","errorIndex":"0"}]}
            """);

        Assert.Equal((JobState.PartiallyFailed, new JobCounts(2, 1, 1, 0)), (facts.Outcome, facts.Counts));
        Assert.Equal((0L, false), (facts.ItemsInOrder.First().Code, facts.ItemsInOrder.First().ReusedOldOutput));
        Assert.Equal(0, facts.ItemsInOrder.Last().ErrorIndex);
    }

    [Theory]
    [InlineData("a Pili recording", """
        {"id":"z1.5a0d5e8ee3d0041bf8021000","pipeline":"0.default","code":0,"desc":"The fop was completed successfully","reqid":"eQQAAFoK",
         "inputBucket":"live","inputKey":"/recordings/z1.hub.stream/0_0.m3u8",
         "items":[{"cmd":"avthumb/mp4|saveas/bGl2ZTpyLm1wNA==","code":0,"desc":"ok","hash":"FuYT","key":"r.mp4","returnOld":0}]}
        """, "live", "r.mp4")]
    [InlineData("a QVS recording", """
        {"id":"z0.qvs01z001ce0ixqk6h1ku00","code":0,"desc":"ok","inputBucket":"cameras","inputKey":"fake.m3u8","pipeline":"",
         "items":[{"cmd":"avconcat/2/format/mp4|saveas/Y2FtZXJhczpkYXkubXA0","code":0,"hash":"lqxy","key":"day.mp4"}],"reqid":"R1"}
        """, "cameras", "day.mp4")]
    [InlineData("a Linking recording", """
        {"id":"z0.01z101linking","code":0,"desc":"ok","inputBucket":"linking","inputKey":"segments.m3u8","type":0,"taskFrom":"",
         "items":[{"cmd":"avthumb/mp4/vcodec/copy|saveas/bGlua2luZzpsLm1wNA==","code":0,"hash":"Fl","key":"l.mp4","returnOld":0}]}
        """, "linking", "l.mp4")]
    [InlineData("a private server's task", """
        {"id":"16864pauo1vc9nhp12","code":0,"desc":"OK","notifyUrl":"http://10.0.0.8/notify","reqid":"","pipeline":"","inputBucket":"in","inputKey":"a.avi",
         "items":[{"cmd":"avthumb/mp4|saveas/b3V0OmIubXA0","code":0,"desc":"OK","error":"","hash":"9e107d9d372bb6826bd81d3542a419d6","key":"b.mp4","returnOld":0}]}
        """, "out", "b.mp4")]
    public void Other_products_and_servers_with_the_same_API_are_read_alike(string what, string body, string bucket, string key)
    {
        foreach (var facts in (JobFacts[])[Qiniu.Notified(body), Qiniu.Polled(body)])
        {
            Assert.True(facts.Outcome == JobState.Succeeded, what);
            var output = Assert.Single(Assert.Single(facts.Items).Outputs);
            Assert.Equal((bucket, key), (output.Bucket, output.Key));
            Assert.True(facts.RequestId is null or { Length: > 0 });
        }
    }
}
