using FopWatch.Contracts;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class QiniuWorkflowTests
{
    [Fact]
    public void A_condition_is_not_a_command()
    {
        var facts = Qiniu.Notified("""
            {"version":"v3","id":"w","code":"0","created_at":"1660914999123","ops":[
              {"id":"info","fop":{"cmd":"avinfo","result":{"code":"0","has_output":"false"}},"cond":null,"depends":[]},
              {"id":"hd?","fop":null,"cond":{"expr":"height >= 720"},"depends":["info"]},
              {"id":"hd","fop":{"cmd":"avthumb/m3u8","result":{"code":"0","has_output":true,"kodo_file":{"bucket":"b","key":"hd.m3u8"}}},"depends":["hd?"]},
              {"id":"sd","fop":{"cmd":"avthumb/mp4","result":{"code":"6"}},"depends":["hd?"]}]}
            """);

        Assert.Equal(["avinfo", "avthumb/m3u8", "avthumb/mp4"], facts.ItemsInOrder.Select(item => item.Command));
        Assert.Equal((JobState.Succeeded, new JobCounts(3, 2, 0, 0)), (facts.Outcome, facts.Counts));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1660914999123), facts.CreatedAt);
    }

    [Theory]
    [InlineData("\"status\":\"FINISHED\"", null)]
    [InlineData("\"status\":\"FINISHED\",\"success\":null,\"result\":{}", null)]
    [InlineData("\"status\":\"FINISHED\",\"success\":false", JobState.Failed)]
    [InlineData("\"status\":\"FINISHED\",\"success\":true", JobState.Succeeded)]
    public void A_workflow_V2_that_ran_nothing_succeeded_only_if_it_says_so(string whole, JobState? outcome)
    {
        var facts = Qiniu.Notified($$$"""{"id":"w",{{{whole}}},"ops":[{"op":{"type":"transcode"},"result":null},{"op":{"type":"probe"}}]}""");

        Assert.Equal((true, outcome), (facts.Closed, facts.Outcome));
    }

    [Fact]
    public void A_workflow_V3_is_read()
    {
        var facts = Qiniu.Notified("""
            {
              "version": "v3", "id": "w1", "reqid": "r", "pipeline": "p", "created_at": 1724756564664, "code": 3, "desc": "failed",
              "input": { "kodo_file": { "bucket": "in", "key": "a.mov" } },
              "ops": [
                { "id": "1", "fop": { "cmd": "avthumb/mp4", "result": { "code": 0, "has_output": true,
                    "kodo_file": { "bucket": "out", "key": "a.mp4", "hash": "F1" } } } },
                { "id": "2", "fop": { "cmd": "avinfo", "result": { "code": 0, "has_output": false, "kodo_file": { "bucket": "", "key": "zzz" } } } },
                { "id": "3", "fop": { "cmd": "vframe", "input_from": "1", "result": { "code": 3, "desc": "broken" } }, "depends": ["1"] },
                { "id": "4", "fop": { "cmd": "a", "result": { "code": 6 } } },
                { "id": "5", "fop": { "cmd": "b", "result": { "code": "7" } } },
                { "id": "6", "fop": { "cmd": "c" } },
                { "id": "7", "fop": { "cmd": "d", "result": {} } },
                { "id": "8" },
                null
              ]
            }
            """);

        Assert.Equal(("in", "a.mov", "p", "r"), (facts.Bucket, facts.Key, facts.Pipeline, facts.RequestId));
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1724756564664), facts.CreatedAt);
        Assert.Equal((true, JobVerdict.Failed, NotificationDelivery.Delivered), (facts.Closed, facts.Verdict, facts.Delivery));
        Assert.Equal(
            [
                ("8", ItemState.Skipped), ("a", ItemState.Skipped), ("avinfo", ItemState.Succeeded), ("avthumb/mp4", ItemState.Succeeded),
                ("b", ItemState.Failed), ("c", ItemState.Skipped), ("d", ItemState.Skipped), ("vframe", ItemState.Failed),
            ],
            facts.Items.Select(item => (item.Command, item.State)));
        Assert.Equal([new() { Bucket = "out", Key = "a.mp4", Hash = "F1" }], facts.Items[3].Outputs);
        Assert.Empty(facts.Items[2].Outputs);
        Assert.Equal("broken", facts.Items[7].Error);
        Assert.Equal(JobState.PartiallyFailed, facts.Outcome);
    }

    [Theory]
    [InlineData(0, true, JobVerdict.Succeeded, JobProgress.Processing)]
    [InlineData(1, false, JobVerdict.None, JobProgress.Waiting)]
    [InlineData(2, false, JobVerdict.None, JobProgress.Processing)]
    [InlineData(3, true, JobVerdict.Failed, JobProgress.Processing)]
    [InlineData(4, false, JobVerdict.None, JobProgress.Unknown)]
    [InlineData(5, true, JobVerdict.Cancelled, JobProgress.Processing)]
    public void The_code_of_a_workflow_V3_says_whether_it_is_over(int code, bool closed, JobVerdict verdict, JobProgress progress)
    {
        var facts = Qiniu.Polled($$"""{"version":"v3","id":"w","code":{{code}},"created_at":0,"ops":[{"fop":{"cmd":"x"} }]}""");

        Assert.Equal((closed, verdict, progress), (facts.Closed, facts.Verdict, facts.Progress));
        Assert.Equal(closed ? ItemState.Skipped : ItemState.Unknown, Assert.Single(facts.Items).State);
        Assert.Null(facts.CreatedAt);
        Assert.Equal(NotificationDelivery.Unknown, facts.Delivery);
    }

    [Theory]
    [InlineData("\"version\":\"v3\",\"code\":0", "{\"id\":\"hd?\",\"fop\":null,\"cond\":{\"expr\":\"height >= 720\"}}", JobState.Succeeded)]
    [InlineData("\"version\":\"v3\",\"code\":\"0\"", "", JobState.Succeeded)]
    [InlineData("\"version\":\"v3\",\"code\":3", "", JobState.Failed)]
    [InlineData("\"version\":\"v3\",\"code\":5", "", JobState.Cancelled)]
    [InlineData("\"version\":\"v3\",\"code\":2", "", null)]
    [InlineData("\"status\":\"FINISHED\",\"success\":true", "", JobState.Succeeded)]
    [InlineData("\"status\":\"FINISHED\",\"result\":{\"code\":0}", "", JobState.Succeeded)]
    [InlineData("\"status\":\"FINISHED\",\"success\":false", "", JobState.Failed)]
    [InlineData("\"status\":\"FINISHED\"", "", null)]
    [InlineData("\"status\":\"RUNNING\",\"success\":true", "", null)]
    public void A_workflow_that_chose_no_command_ends_as_its_own_code_says(string head, string ops, JobState? outcome)
    {
        var body = $$"""{"id":"w",{{head}},"ops":[{{ops}}]}""";

        foreach (var facts in (JobFacts[])[Qiniu.Polled(body), Qiniu.Notified(body)])
            Assert.Equal((outcome, new JobCounts(0, 0, 0, 0)), (facts.Outcome, facts.Counts));
    }

    [Fact]
    public void A_failed_operation_without_an_error_has_its_description_as_the_error()
    {
        var v3 = Qiniu.Polled("""
            {"version":"v3","id":"w","code":3,"ops":[
              {"id":"1","fop":{"cmd":"a","result":{"code":3,"desc":"no such stream in hlsKey/c2VjcmV0"}}},
              {"id":"2","fop":{"cmd":"b","result":{"code":7,"desc":"invalid","error":""}}},
              {"id":"3","fop":{"cmd":"c","result":{"code":3,"desc":"failed","error":"disk full"}}},
              {"id":"4","fop":{"cmd":"d","result":{"code":0,"desc":"ok"}}},
              {"id":"5","fop":{"cmd":"e","result":{"code":6,"desc":"skipped"}}}]}
            """);
        var v2 = Qiniu.Polled("""{"id":"w","status":"FINISHED","success":false,"ops":[{"op":{"type":"probe"},"result":{"code":3,"desc":"no stream"}}]}""");
        var task = Qiniu.Polled("""{"id":"a","code":3,"items":[{"cmd":"x","code":3,"desc":"The fop is failed","error":""}]}""");

        Assert.Equal(["no such stream in hlsKey/***", "invalid", "disk full", null, null], v3.ItemsInOrder.Select(item => item.Error));
        Assert.Equal("no stream", Assert.Single(v2.Items).Error);
        Assert.Equal("The fop is failed", Assert.Single(task.Items).Error);
    }

    [Theory]
    [InlineData("\"version\":\"v3\",\"code\":3", JobState.Failed)]
    [InlineData("\"version\":\"v3\",\"code\":5", JobState.Cancelled)]
    [InlineData("\"status\":\"FINISHED\",\"success\":false", JobState.Failed)]
    [InlineData("\"version\":\"v3\",\"code\":0", null)]
    [InlineData("\"status\":\"FINISHED\",\"success\":true", null)]
    public void A_failed_or_cancelled_workflow_ends_a_waiting_operation(string head, JobState? outcome)
    {
        var operation = head.Contains("v3", StringComparison.Ordinal)
            ? """{"id":"1","fop":{"cmd":"a","result":{"code":1,"desc":"waiting"}}}"""
            : """{"op":{"type":"a"},"result":{"code":1}}""";

        var facts = Qiniu.Polled($$"""{"id":"w",{{head}},"ops":[{{operation}}]}""");

        Assert.Equal((outcome, outcome is null ? ItemState.Waiting : ItemState.Skipped), (facts.Outcome, Assert.Single(facts.Items).State));
    }

    [Fact]
    public void A_cancelled_workflow_is_cancelled_whatever_its_items_say()
    {
        var facts = Qiniu.Polled("""{"version":"v3","id":"w","code":5,"ops":[{"fop":{"cmd":"x","result":{"code":0}}}]}""");
        Assert.Equal(JobState.Cancelled, facts.Outcome);
    }

    [Fact]
    public void A_workflow_V2_is_read()
    {
        var facts = Qiniu.Notified("""
            {
              "id": "w2", "pipeline": "p", "status": "FINISHED", "success": true, "result": { "code": 0, "reqid": "r" },
              "input": { "type": "kodo", "source": { "bucket": "in", "key": "a.wmv" } },
              "ops": [
                { "op": { "type": "transcode", "params": { "format": "mp4", "cmd": "avthumb", "hlsKey": "c2VjcmV0" },
                          "save": { "info": { "bucket": "out", "key_template": "{{.fname}}" } } },
                  "result": { "code": 0, "key": "a.mp4", "hash": "F2" } },
                { "op": { "type": "probe" } }
              ]
            }
            """);

        Assert.Equal(("in", "a.wmv", "p", "r"), (facts.Bucket, facts.Key, facts.Pipeline, facts.RequestId));
        Assert.Equal([("probe", ItemState.Skipped), ("""transcode {"cmd":"avthumb","format":"mp4","hlsKey":"***"}""", ItemState.Succeeded)],
            facts.Items.Select(item => (item.Command, item.State)));
        Assert.Equal([new() { Bucket = "out", Key = "a.mp4", Hash = "F2" }], facts.Items[1].Outputs);
        Assert.Equal(JobState.Succeeded, facts.Outcome);
        Assert.DoesNotContain("c2VjcmV0", facts.Raw!.Value.Json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("FINISHED", "true", true, JobVerdict.Succeeded)]
    [InlineData("finished", "\"true\"", true, JobVerdict.Succeeded)]
    [InlineData("FINISHED", "false", true, JobVerdict.Failed)]
    [InlineData("FINISHED", "0", true, JobVerdict.Failed)]
    [InlineData("FINISHED", "null", true, JobVerdict.Failed)]
    [InlineData("RUNNING", "false", false, JobVerdict.None)]
    public void The_status_of_a_workflow_V2_says_whether_it_is_over(string status, string success, bool closed, JobVerdict verdict)
    {
        var facts = Qiniu.Polled($$"""{"id":"w","status":"{{status}}","success":{{success}},"result":{"code":3},"ops":[]}""");
        Assert.Equal((closed, verdict), (facts.Closed, facts.Verdict));
    }

    [Theory]
    [InlineData("\"v1\"")]
    [InlineData("\"v4\"")]
    [InlineData("2")]
    public void The_form_of_a_body_counts_and_not_a_version_other_than_v3(string version)
    {
        var task = Qiniu.Polled($$"""{"version":{{version}},"id":"a","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}""");
        Assert.Equal(JobState.Succeeded, task.WithConclusion().Outcome);

        var workflow = Qiniu.Polled($$"""{"version":{{version}},"id":"w","status":"FINISHED","success":true,"ops":[]}""");
        Assert.Equal((true, JobVerdict.Succeeded), (workflow.Closed, workflow.Verdict));
    }

    [Theory]
    [InlineData("""{"version":"v4","id":"a","code":0,"ops":[]}""")]
    [InlineData("""{"version":"v2","id":"a","hello":1}""")]
    [InlineData("""{"id":"a","code":0,"ops":[]}""")]
    [InlineData("""{"id":"a","hello":1}""")]
    [InlineData("""{"error":"not such id in prefop"}""")]
    [InlineData("{}")]
    public void Every_other_form_is_undecodable(string body) =>
        Assert.Equal("the body is neither a task nor a workflow", Qiniu.Problem(ReportChannel.Notification, body));
}
