using FopWatch.Contracts;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class QiniuTaskTests
{
    [Fact]
    public void Reads_everything_that_a_task_says()
    {
        var entry = Base64Url("made:videos/out.mp4");
        var report = Qiniu.Read(ReportChannel.Notification, $$"""
            {
              "id": "z0.5f00aa", "code": 0, "desc": "ok", "inputBucket": "raw", "inputKey": "in.mov", "pipeline": "77.fast",
              "reqid": "AbC", "taskFrom": "workflow: 99", "type": 1, "creationDate": "2024-08-27T19:02:44.664312968+08:00", "later": {"x": 1},
              "items": [
                { "cmd": "avthumb/mp4|saveas/{{entry}}", "code": 0, "desc": "done", "error": "", "hash": "Fh", "key": "videos/out.mp4", "returnOld": 1 },
                { "cmd": "vsample/jpg", "code": 0, "keys": ["s/2.jpg", null, "s/1.jpg"], "returnOld": 0 },
                { "cmd": "avinfo", "code": 0, "result": { "format": { "b": 2.50, "a": "ü" }, "code": 200 } },
                null,
                { "cmd": "vframe/jpg|imageMogr2", "code": 3, "desc": "bad", "error": "not a valid media", "errorIndex": 1, "key": "never.jpg" }
              ]
            }
            """);

        Assert.Equal("z0.5f00aa", report.Id);
        Assert.Equal(ReportChannel.Notification, report.Channel);
        Assert.False(report.AsksForPoll);
        var facts = report.Facts;
        Assert.Equal(("raw", "in.mov", "77.fast", "AbC", "workflow: 99"), (facts.Bucket, facts.Key, facts.Pipeline, facts.RequestId, facts.TaskFrom));
        Assert.True(facts.Idle);
        Assert.Equal(new DateTimeOffset(2024, 8, 27, 11, 2, 44, TimeSpan.Zero).AddTicks(6643129), facts.CreatedAt);
        Assert.Equal(JobState.PartiallyFailed, facts.Outcome);
        Assert.Equal(new(4, 3, 1, 0), facts.Counts);

        var info = facts.Items.Single(item => item.Command == "avinfo");
        Assert.Equal("""{"code":200,"format":{"a":"ü","b":2.50}}""", info.Result);
        Assert.Empty(info.Outputs);

        var video = facts.Items.Single(item => item.Command.StartsWith("avthumb", StringComparison.Ordinal));
        Assert.Equal(new ItemFacts
        {
            Command = $"avthumb/mp4|saveas/{entry}",
            Position = 0,
            State = ItemState.Succeeded,
            Code = 0,
            Description = "done",
            ReusedOldOutput = true,
            Outputs = [new() { Bucket = "made", Key = "videos/out.mp4", Hash = "Fh" }],
        }, video);

        var samples = facts.Items.Single(item => item.Command == "vsample/jpg");
        Assert.Equal([new() { Bucket = "raw", Key = "s/1.jpg" }, new() { Bucket = "raw", Key = "s/2.jpg" }], samples.Outputs);
        Assert.False(samples.ReusedOldOutput);

        var frame = facts.Items.Single(item => item.State == ItemState.Failed);
        Assert.Equal(("not a valid media", 1), (frame.Error, frame.ErrorIndex));
        Assert.Empty(frame.Outputs);
    }

    [Theory]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"b","code":1}""", 3, JobState.Failed, "failed skipped")]
    [InlineData("""{"cmd":"a","code":0,"key":"k"},{"cmd":"b","code":1}""", 3, JobState.Succeeded, "succeeded skipped")]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"a","code":1}""", 3, JobState.Failed, "failed skipped")]
    [InlineData("""{"cmd":"a","code":1},{"cmd":"b"},{"cmd":"c","code":null}""", 3, JobState.Failed, "skipped skipped skipped")]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"b","code":2}""", 3, null, "failed processing")]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"b","code":99}""", 3, null, "failed unknown")]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"b","code":1}""", 2, null, "failed waiting")]
    [InlineData("""{"cmd":"a","code":3},{"cmd":"b","code":1}""", 4, null, "failed waiting")]
    [InlineData("""{"cmd":"a","code":0},{"cmd":"b","code":1}""", 0, null, "succeeded waiting")]
    public void A_whole_that_has_failed_by_notification_or_repeatedly_ends_what_never_started_and_nothing_else(string items, int code, JobState? outcome, string states)
    {
        var body = $$"""{"id":"a","code":{{code}},"items":[{{items}}]}""";

        var polled = Qiniu.Polled(body);
        foreach (var facts in (JobFacts[])[polled.Confirmed(polled).WithConclusion(), Qiniu.Notified(body)])
        {
            Assert.Equal(outcome, facts.Outcome);
            Assert.Equal(states, string.Join(' ', facts.Items.Select(item => item.State.ToString().ToLowerInvariant())));
        }
    }

    [Fact]
    public void A_single_poll_ends_nothing_that_waits_where_the_code_of_the_whole_is_the_greatest_of_the_items()
    {
        var early = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"no"},{"cmd":"y","code":1}]}""");
        var late = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"no"},{"cmd":"y","code":0,"key":"k"}]}""");

        Assert.Equal((null, "failed waiting"), (early.Outcome, string.Join(' ', early.Items.Select(item => item.State.ToString().ToLowerInvariant()))));
        Assert.Equal(early, JobFacts.None.Confirmed(early));

        var joined = early.Join(early.Confirmed(late).WithConclusion());
        Assert.Equal((JobState.PartiallyFailed, new JobCounts(2, 1, 1, 0)), (joined.Outcome, joined.Counts));
        Assert.Equal(joined, late.Join(early));
    }

    [Fact]
    public void What_a_failed_whole_ended_stays_ended_whichever_report_comes_first()
    {
        var running = Qiniu.Polled("""{"id":"a","code":2,"items":[{"cmd":"a","code":2},{"cmd":"b","code":1}]}""");
        var failed = Qiniu.Notified("""{"id":"a","code":3,"items":[{"cmd":"b","code":1},{"cmd":"a","code":3,"error":"no"}]}""");
        var late = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"b","code":0,"key":"k"},{"cmd":"a","code":3,"error":"no"}]}""");

        Assert.Equal(running.Join(failed), failed.Join(running));
        Assert.Equal((JobState.Failed, new JobCounts(2, 0, 1, 0)), (failed.Join(running).Outcome, failed.Join(running).Counts));

        // The provider said so too soon: what it says in the end counts, in any order.
        Assert.Equal(late.Join(failed), failed.Join(late));
        Assert.Equal(JobState.PartiallyFailed, failed.Join(late).Outcome);
    }

    [Theory]
    [InlineData("0", true, JobProgress.Processing, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("1", false, JobProgress.Waiting, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("2", false, JobProgress.Processing, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("3", true, JobProgress.Processing, JobVerdict.Failed, NotificationDelivery.Unknown)]
    [InlineData("4", true, JobProgress.Processing, JobVerdict.None, NotificationDelivery.Failed)]
    [InlineData("5", false, JobProgress.Unknown, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("\"2\"", false, JobProgress.Processing, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("3.0", true, JobProgress.Processing, JobVerdict.Failed, NotificationDelivery.Unknown)]
    [InlineData("3.5", false, JobProgress.Unknown, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("1e400", false, JobProgress.Unknown, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("true", false, JobProgress.Unknown, JobVerdict.None, NotificationDelivery.Unknown)]
    [InlineData("null", false, JobProgress.Unknown, JobVerdict.None, NotificationDelivery.Unknown)]
    public void The_top_level_code_says_whether_it_is_over(
        string code, bool closed, JobProgress progress, JobVerdict verdict, NotificationDelivery delivery)
    {
        var body = $$"""{"id":"a","code":{{code}},"items":[{"cmd":"x","code":2}]}""";

        var polled = Qiniu.Polled(body);
        Assert.Equal((closed, progress, verdict, delivery), (polled.Closed, polled.Progress, polled.Verdict, polled.Delivery));

        var notified = Qiniu.Notified(body);
        Assert.Equal((closed, NotificationDelivery.Delivered), (notified.Closed, notified.Delivery));
    }

    [Theory]
    [InlineData("0", ItemState.Succeeded, 0L)]
    [InlineData("\" 1 \"", ItemState.Waiting, 1L)]
    [InlineData("2", ItemState.Processing, 2L)]
    [InlineData("\"3\"", ItemState.Failed, 3L)]
    [InlineData("4", ItemState.Unknown, 4L)]
    [InlineData("-1", ItemState.Unknown, -1L)]
    [InlineData("9223372036854775808", ItemState.Unknown, null)]
    [InlineData("0.5", ItemState.Unknown, null)]
    [InlineData("\"\"", ItemState.Unknown, null)]
    [InlineData("{}", ItemState.Unknown, null)]
    [InlineData("null", ItemState.Unknown, null)]
    public void An_items_code_says_how_it_stands(string code, ItemState state, long? kept)
    {
        var item = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":{{code}}}]}""").Items);
        Assert.Equal((state, kept), (item.State, item.Code));
    }

    [Fact]
    public void The_items_decide_under_a_code_that_tells_only_of_the_notification()
    {
        var facts = Qiniu.Polled("""{"id":"a","code":4,"items":[{"cmd":"x","code":0,"key":"k"}]}""");
        Assert.Equal((JobState.Succeeded, NotificationDelivery.Failed), (facts.Outcome, facts.Delivery));
    }

    [Theory]
    [InlineData(""" "error":"not a valid media" """, ItemState.Failed)]
    [InlineData(""" "error":"not a valid media","errorIndex":0,"key":"never.mp4","hash":"h" """, ItemState.Failed)]
    [InlineData(""" "error":{"code":500} """, ItemState.Failed)]
    [InlineData(""" "error":"","key":"k" """, ItemState.Succeeded)]
    [InlineData(""" "error":null,"key":"k","hash":"h","returnOld":1 """, ItemState.Succeeded)]
    [InlineData(""" "keys":[null,"","k"] """, ItemState.Succeeded)]
    [InlineData(""" "hash":"h" """, ItemState.Succeeded)]
    [InlineData(""" "result":{"code":200} """, ItemState.Succeeded)]
    [InlineData(""" "result":0 """, ItemState.Succeeded)]
    [InlineData(""" "desc":"callback failed" """, ItemState.Unknown)]
    [InlineData(""" "error":"","key":"","keys":[null,""],"hash":"","result":null """, ItemState.Unknown)]
    [InlineData(""" "keys":"k","result":"" """, ItemState.Unknown)]
    [InlineData(""" "result":{} """, ItemState.Unknown)]
    [InlineData(""" "result":[] """, ItemState.Unknown)]
    public void An_item_whose_code_tells_only_of_the_notification_ended_as_its_content_says(string content, ItemState state)
    {
        foreach (var code in (string[])["4", "\"4\""])
        {
            var body = $$"""{"id":"a","code":4,"items":[{"cmd":"x","code":{{code}},{{content}}}]}""";
            var item = Assert.Single(Qiniu.Polled(body).Items);
            Assert.Equal((state, 4L), (item.State, item.Code));
            Assert.Equal(state, Assert.Single(Qiniu.Notified(body).Items).State);
        }
    }

    [Fact]
    public void A_job_of_such_items_only_has_an_outcome()
    {
        var facts = Qiniu.Polled("""
            {"id":"a","code":4,"inputBucket":"b","items":[{"cmd":"x","code":4,"key":"k","hash":"h"},{"cmd":"y","code":4,"error":"no"}]}
            """);

        Assert.Equal((JobState.PartiallyFailed, NotificationDelivery.Failed, new JobCounts(2, 1, 1, 0)), (facts.Outcome, facts.Delivery, facts.Counts));
        var made = facts.Items.Single(item => item.Command == "x");
        Assert.Equal([new() { Bucket = "b", Key = "k", Hash = "h" }], made.Outputs);
        Assert.Empty(facts.Items.Single(item => item.Command == "y").Outputs);
        Assert.Null(Qiniu.Polled("""{"id":"a","code":4,"items":[{"cmd":"x","code":4,"key":"k"},{"cmd":"y","code":4}]}""").Outcome);
    }

    [Theory]
    [InlineData(0, """ "key":"k" """, ItemState.Succeeded)]
    [InlineData(3, """ "error":"no" """, ItemState.Failed)]
    public void Such_an_item_is_the_same_as_one_that_says_how_it_ended(int code, string content, ItemState state)
    {
        var said = Qiniu.Notified($$"""{"id":"a","code":{{code}},"items":[{"cmd":"x","code":{{code}},{{content}}}]}""");
        var told = Qiniu.Polled($$"""{"id":"a","code":4,"items":[{"cmd":"x","code":4,{{content}}}]}""");
        var silent = Qiniu.Polled("""{"id":"a","code":4,"items":[{"cmd":"x","code":4}]}""");

        var joined = said.Join(told);
        Assert.Equal((state, said.Outcome), (Assert.Single(joined.Items).State, joined.Outcome));
        Assert.Equal(joined, told.Join(said));
        Assert.Equal(joined, silent.Join(told).Join(said));
        Assert.Equal(joined, told.Join(said.Join(silent)));
    }

    [Fact]
    public void The_items_decide_over_a_top_level_that_claims_success()
    {
        Assert.Equal(JobState.Failed, Qiniu.Notified("""{"id":"a","code":0,"items":[{"cmd":"x","code":3}]}""").Outcome);
    }

    [Theory]
    [InlineData("""{"id":"a","code":0,"items":[]}""")]
    [InlineData("""{"id":"a","code":0,"items":null}""")]
    [InlineData("""{"id":"a","code":0}""")]
    public void Success_without_items_is_no_outcome(string body) => Assert.Null(Qiniu.Polled(body).Outcome);

    [Fact]
    public void Failure_without_items_is_a_failure() => Assert.Equal(JobState.Failed, Qiniu.Polled("""{"id":"a","code":3,"desc":"no"}""").Outcome);

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
    public void A_result_beside_an_output_is_kept(string output)
    {
        var item = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":0,{{output}},"result":{"suggestion":"block"} }]}""").Items);

        Assert.Equal(("out.json", """{"suggestion":"block"}"""), (Assert.Single(item.Outputs).Key, item.Result));
    }

    [Fact]
    public void A_result_of_up_to_256_KiB_is_kept_whole_and_a_longer_one_lacks_ends_of_arrays()
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
    public void An_error_that_is_cut_says_so()
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
    public void Other_products_and_servers_with_the_same_api_are_read_alike(string what, string body, string bucket, string key)
    {
        foreach (var facts in (JobFacts[])[Qiniu.Notified(body), Qiniu.Polled(body)])
        {
            Assert.True(facts.Outcome == JobState.Succeeded, what);
            var output = Assert.Single(Assert.Single(facts.Items).Outputs);
            Assert.Equal((bucket, key), (output.Bucket, output.Key));
            Assert.True(facts.RequestId is null or { Length: > 0 });
        }
    }

    [Fact]
    public void A_private_servers_code_is_the_greatest_of_its_items_and_the_items_decide()
    {
        var facts = Qiniu.Polled("""
            {"id":"a","code":3,"notifyUrl":"http://10.0.0.8/notify","reqid":"","items":[
              {"cmd":"x","code":0,"key":"k","hash":"9e107d9d372bb6826bd81d3542a419d6"},{"cmd":"y","code":3,"error":"no"}]}
            """);
        Assert.Equal((JobState.PartiallyFailed, null), (facts.Outcome, facts.RequestId));

        var running = Qiniu.Polled("""{"id":"a","code":2,"items":[{"cmd":"x","code":0,"key":"k"},{"cmd":"y","code":2}]}""");
        Assert.Null(running.Outcome);
        Assert.NotNull(Qiniu.Problem(ReportChannel.Poll, """{"error":"no such id in prefop"}"""));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_replaced_not_refused()
    {
        var facts = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"cut \ud83d","desc":"\ud83d\ude00 \u00e9\n"}]}""");
        var item = Assert.Single(facts.Items);
        Assert.Equal(("cut \uFFFD", "\U0001F600 é\n"), (item.Error, item.Description));
    }

    [Theory]
    [InlineData("""{"id":"a","code":0,"items":{"cmd":"x"}}""", "items is not a list")]
    [InlineData("""{"id":"a","code":0,"items":[{"cmd":"x","code":0},7]}""", "an entry of items is not an object")]
    public void Items_that_cannot_be_read_are_not_left_out(string body, string problem) =>
        Assert.Equal(problem, Qiniu.Problem(ReportChannel.Notification, body));

    [Fact]
    public void The_body_is_kept_as_it_came_unless_it_is_very_long()
    {
        const string Body = """{ "id":"a", "code":0, "items":[], "new": "field" }""";
        Assert.Equal(new RawBody(true, Body), Qiniu.Polled(Body).Raw);
        Assert.Equal(new RawBody(false, """{"id":"a","code":2,"items":[]}"""), Qiniu.Polled("""{"id":"a","code":2,"items":[]}""").Raw);

        var head = """{"id":"a","code":0,"x":""" + "\"";
        var fits = head + new string('x', (1024 * 1024) - head.Length - 2) + "\"}";
        Assert.Equal(fits, Qiniu.Polled(fits).Raw?.Json);
        Assert.Null(Qiniu.Polled(fits + " ").Raw);
    }

    [Fact]
    public void A_report_is_its_own_join_with_nothing()
    {
        var facts = Qiniu.Notified("""{"id":"a","code":0,"items":[{"cmd":"x","code":0,"key":"k"},{"cmd":"x","code":3}]}""");
        Assert.Equal(facts, JobFacts.None.Join(facts));
    }
}
