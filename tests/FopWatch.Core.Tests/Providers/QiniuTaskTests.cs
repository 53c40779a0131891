using FopWatch.Contracts;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class QiniuTaskTests
{
    [Fact]
    public void Every_field_of_a_task_is_read()
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
    public void A_failure_of_the_task_by_notification_or_repeatedly_ends_only_items_that_never_started(string items, int code, JobState? outcome, string states)
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
    public void A_single_poll_ends_no_waiting_item_if_the_tasks_code_is_the_greatest_of_its_items()
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
    public void Items_ended_by_a_failed_task_stay_ended_whichever_report_comes_first()
    {
        var running = Qiniu.Polled("""{"id":"a","code":2,"items":[{"cmd":"a","code":2},{"cmd":"b","code":1}]}""");
        var failed = Qiniu.Notified("""{"id":"a","code":3,"items":[{"cmd":"b","code":1},{"cmd":"a","code":3,"error":"no"}]}""");
        var late = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"b","code":0,"key":"k"},{"cmd":"a","code":3,"error":"no"}]}""");

        Assert.Equal(running.Join(failed), failed.Join(running));
        Assert.Equal((JobState.Failed, new JobCounts(2, 0, 1, 0)), (failed.Join(running).Outcome, failed.Join(running).Counts));

        // The provider reported it too soon: its final report counts, in any order.
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
    public void The_top_level_code_says_whether_the_task_is_over(
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
    public void An_items_code_gives_its_state(string code, ItemState state, long? kept)
    {
        var item = Assert.Single(Qiniu.Polled($$"""{"id":"a","code":0,"items":[{"cmd":"x","code":{{code}}}]}""").Items);
        Assert.Equal((state, kept), (item.State, item.Code));
    }

    [Fact]
    public void The_items_decide_if_the_tasks_code_is_only_about_the_notification()
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
    public void An_item_whose_code_is_only_about_the_notification_ended_as_its_content_says(string content, ItemState state)
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
    public void A_job_with_only_such_items_has_an_outcome()
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
    public void Such_an_item_equals_one_with_an_outcome_code(int code, string content, ItemState state)
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
    public void The_items_override_a_top_level_that_claims_success()
    {
        Assert.Equal(JobState.Failed, Qiniu.Notified("""{"id":"a","code":0,"items":[{"cmd":"x","code":3}]}""").Outcome);
    }

    [Theory]
    [InlineData("""{"id":"a","code":0,"items":[]}""")]
    [InlineData("""{"id":"a","code":0,"items":null}""")]
    [InlineData("""{"id":"a","code":0}""")]
    public void Success_without_items_is_not_an_outcome(string body) => Assert.Null(Qiniu.Polled(body).Outcome);

    [Fact]
    public void Failure_without_items_is_a_failure() => Assert.Equal(JobState.Failed, Qiniu.Polled("""{"id":"a","code":3,"desc":"no"}""").Outcome);

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
    public void A_lone_surrogate_is_replaced_and_not_refused()
    {
        var facts = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"error":"cut \ud83d","desc":"\ud83d\ude00 \u00e9\n"}]}""");
        var item = Assert.Single(facts.Items);
        Assert.Equal(("cut \uFFFD", "\U0001F600 é\n"), (item.Error, item.Description));
    }

    [Theory]
    [InlineData("""{"id":"a","code":0,"items":{"cmd":"x"}}""", "items is not a list")]
    [InlineData("""{"id":"a","code":0,"items":[{"cmd":"x","code":0},7]}""", "an entry of items is not an object")]
    public void Undecodable_items_are_not_skipped(string body, string problem) =>
        Assert.Equal(problem, Qiniu.Problem(ReportChannel.Notification, body));

    [Fact]
    public void The_body_is_kept_as_received_unless_it_is_very_long()
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
    public void Joining_a_report_with_nothing_returns_it_unchanged()
    {
        var facts = Qiniu.Notified("""{"id":"a","code":0,"items":[{"cmd":"x","code":0,"key":"k"},{"cmd":"x","code":3}]}""");
        Assert.Equal(facts, JobFacts.None.Join(facts));
    }
}
