using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class WangsuTests
{
    [Fact]
    public void A_fops_notification_is_read()
    {
        var saveAs = Base64Url("made:out.mp4");
        var facts = Fops.Notified(Base64Url($$"""
            {
              "id": "1005abc", "code": 3, "inputkey": "in.mp4", "inputbucket": "raw", "inputfsize": 7, "separate": "0", "channelname": null,
              "desc": "operate [avthumb/m3u8/hlsKey/c2VjcmV0] is finish",
              "items": [
                { "cmd": "avthumb/mp4|saveas/{{saveAs}}", "code": "3", "desc": "ok", "error": null, "fsize": "368516", "hash": "Fn",
                  "key": "made:dir:out.mp4", "url": "http://play.example/out.mp4",
                  "detail": [
                    { "fsize": 368516, "hash": "Fn", "key": "made:dir:out.mp4", "url": "http://play.example/out.mp4", "duration": 6.1 },
                    { "fsize": -1, "key": "made:second.ts" },
                    null
                  ] },
                { "cmd": "vframe/jpg|saveas/{{saveAs}}", "code": 2, "error": "no frame", "key": "made:f.jpg" },
                { "cmd": "avconcat|saveas/{{saveAs}}", "code": 3, "key": "plain.mp4" }
              ]
            }
            """));

        Assert.Equal(("raw", "in.mp4", true, NotificationDelivery.Delivered), (facts.Bucket, facts.Key, facts.Closed, facts.Delivery));
        Assert.Equal(JobState.PartiallyFailed, facts.Outcome);
        Assert.Equal([new() { Bucket = "made", Key = "plain.mp4" }], facts.Items[0].Outputs);
        Assert.Equal(
            [
                new() { Bucket = "made", Key = "dir:out.mp4", Hash = "Fn", Size = 368516, Url = "http://play.example/out.mp4" },
                new() { Bucket = "made", Key = "second.ts" },
            ],
            facts.Items[1].Outputs);
        Assert.Equal((ItemState.Failed, "no frame"), (facts.Items[2].State, facts.Items[2].Error));
        Assert.Empty(facts.Items[2].Outputs);
        Assert.DoesNotContain("c2VjcmV0", facts.Raw!.Value.Json, StringComparison.Ordinal);
    }

    [Fact]
    public void An_fmgr_notification_is_read()
    {
        var command = $"resource/{Base64("src:a.zip")}/bucket/{Base64("dst-1")}/key/{Base64("a/")}";
        var facts = Fmgr.Notified(Base64($$"""
            {
              "id": "2010", "code": 3, "separate": 0,
              "items": [{ "cmd": "{{command}}", "code": 3, "error": "", "hash": "lj", "fsize": 9, "key": "a:b.mp4",
                          "decompresslist": ["a/1.txt", { "key": "a/2.txt", "hash": "h2", "fsize": "5", "url": "http://x/2" }, 7, null] }]
            }
            """));

        var item = Assert.Single(facts.Items);
        Assert.Equal(
            [
                new() { Bucket = "dst-1", Key = "a/1.txt" },
                new() { Bucket = "dst-1", Key = "a/2.txt", Hash = "h2", Size = 5, Url = "http://x/2" },
                new() { Bucket = "dst-1", Key = "a:b.mp4", Hash = "lj", Size = 9 },
            ],
            item.Outputs);
        Assert.Null(item.Error);
        Assert.Equal(JobState.Succeeded, facts.Outcome);
    }

    [Fact]
    public void A_list_for_the_whole_job_belongs_to_its_single_command()
    {
        var one = Fmgr.Polled("""{"id":"a","code":3,"decompresslist":["x"],"items":[{"cmd":"c","code":3}]}""");
        Assert.Equal([new() { Key = "x" }], Assert.Single(one.Items).Outputs);

        var two = Fmgr.Polled("""{"id":"a","code":3,"decompresslist":["x"],"items":[{"cmd":"c","code":3},{"cmd":"d","code":3}]}""");
        Assert.All(two.Items, item => Assert.Empty(item.Outputs));
    }

    [Theory]
    [InlineData("""[{"key": "a/1.mp4", "fsize": 101}, "a/2.mp4", null, 7, {"hash": "h"}]""", "a/1.mp4 101, a/2.mp4 ")]
    [InlineData(" [ ] ", "")]
    [InlineData("lists/a.txt", "lists/a.txt ")]
    [InlineData("""["\ud83d"]""", "\uFFFD ")]
    [InlineData("", "")]
    [InlineData(" null ", "")]
    public void A_decompresslist_in_a_string_is_a_JSON_list_or_the_key_of_the_list_file(string list, string files)
    {
        var command = $"fetchURL/{Base64("http://src.example/a.zip")}/bucket/{Base64("dst")}/key/{Base64("a.zip")}/decompression/zip";
        var text = System.Text.Json.JsonSerializer.Serialize(list);
        foreach (var body in (string[])
            [
                $$"""{"id":"a","code":3,"items":[{"cmd":"{{command}}","code":"3","key":"a.zip","fsize":"9","decompresslist":{{text}}}]}""",
                $$"""{"id":"a","code":3,"decompresslist":{{text}},"items":[{"cmd":"{{command}}","code":"3","key":"a.zip","fsize":"9"}]}""",
            ])
        {
            var outputs = Assert.Single(Fmgr.Notified(body).Items).Outputs;

            Assert.All(outputs, output => Assert.Equal("dst", output.Bucket));
            Assert.Contains(outputs, output => output is { Key: "a.zip", Size: 9 });
            Assert.Equal(files, string.Join(", ", outputs.Where(output => output.Key != "a.zip").Select(output => $"{output.Key} {output.Size}")));
        }
    }

    [Theory]
    [InlineData("[broken")]
    [InlineData(" [1")]
    [InlineData("[\"a\"] b")]
    [InlineData("{\"key\":\"a\"}")]
    [InlineData("{")]
    [InlineData("""[{"key":"a","\ud83d":1}]""")]
    [InlineData("""[{"key":"a","key":"b"}]""")]
    [InlineData(null)]
    public void A_malformed_decompresslist_gives_no_output_and_is_reported_as_incomplete(string? list)
    {
        list ??= new string('[', 100) + new string(']', 100);
        var text = System.Text.Json.JsonSerializer.Serialize(list);
        foreach (var body in (string[])
            [
                $$"""{"id":"a","code":3,"items":[{"cmd":"x","code":"3","key":"a.zip","decompresslist":{{text}}}]}""",
                $$"""{"id":"a","code":3,"decompresslist":{{text}},"items":[{"cmd":"x","code":"3","key":"a.zip"}]}""",
            ])
        {
            var item = Assert.Single(Fmgr.Notified(body).Items);

            Assert.Equal("a.zip", Assert.Single(item.Outputs).Key);
            Assert.True(item.OutputsCut);
        }
    }

    [Fact]
    public void A_failed_item_without_an_error_has_its_description_as_the_error()
    {
        var items = Fmgr.Notified($$"""
            {"id":"a","code":3,"items":[
              {"cmd":"a","code":2,"error":null,"desc":"{{new string('x', 20_000)}}"},
              {"cmd":"b","code":"19","error":"gone","desc":"failed"},
              {"cmd":"c","code":3,"error":null,"desc":"operate is finish"}]}
            """).Items;

        Assert.Equal((16 * 1024, true), (items[0].Error!.Length, items[0].ErrorCut));
        Assert.Equal(("gone", false), (items[1].Error, items[1].ErrorCut));
        Assert.Null(items[2].Error);
    }

    [Theory]
    [InlineData("bucket/ZHN0/key/b2xkL2EubXA0", "\"old/a.mp4\"", 3, "dst", "old/a.mp4")]
    [InlineData("bucket/ZHN0/key/b2xkL2EubXA0", "null", 3, "dst", "old/a.mp4")]
    [InlineData("bucket/ZHN0/key/b2xkL2EubTN1OA==/deletets/1", "\"old/a.m3u8\"", 2, "dst", "old/a.m3u8")]
    [InlineData("bucket/ZHN0/prefix/b2xkLw==/output/ZHN0Omxpc3Q=", "null", 3, "dst", "old/")]
    [InlineData("bucket/ZHN0/deadline/3", "null", 3, "dst", "")]
    public void The_file_of_a_command_without_a_source_is_its_input_and_not_an_output(string command, string key, int code, string bucket, string input)
    {
        var item = Assert.Single(Fmgr.Notified($$"""
            {"id":"a","code":3,"items":[{"cmd":"{{command}}","code":{{code}},"key":{{key}},"hash":null,"fsize":0,"url":null,"decompresslist":["x"]}]}
            """).Items);

        Assert.Equal(new InputFacts { Bucket = bucket, Key = input }, item.Input);
        Assert.Empty(item.Outputs);
        Assert.False(item.OutputsCut);
    }

    [Fact]
    public void A_command_with_a_source_has_outputs_and_no_input()
    {
        var item = Assert.Single(Fmgr.Notified($$"""
            {"id":"a","code":3,"items":[{"cmd":"resource/{{Base64("src:a")}}/bucket/{{Base64("dst")}}/key/{{Base64("b")}}","code":3,"key":"b"}]}
            """).Items);

        Assert.Null(item.Input);
        Assert.Equal([new() { Bucket = "dst", Key = "b" }], item.Outputs);
    }

    [Fact]
    public void A_content_detection_is_named_as_one()
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var reason = provider.Problem(
                ReportChannel.Notification,
                Base64("""{"detectId":"d-1","bucket":"b","key":"a.jpg","message":"ok","results":[{"label":"normal","rate":0.99}]}"""));

            Assert.Equal("the body is the result of a content detection (detectId), which is no persistent processing job", reason);
        }
    }

    [Theory]
    [InlineData("1", "", false, NotificationDelivery.Pending, false)]
    [InlineData("2", "", false, NotificationDelivery.Pending, false)]
    [InlineData("\"2\"", ",\"separate\":1", false, NotificationDelivery.Pending, false)]
    [InlineData("3", "", true, NotificationDelivery.Delivered, false)]
    [InlineData("\"3\"", ",\"separate\":null", true, NotificationDelivery.Delivered, false)]
    [InlineData("3", ",\"separate\":\"0\"", true, NotificationDelivery.Delivered, false)]
    [InlineData("3", ",\"separate\":1", false, NotificationDelivery.Delivered, true)]
    [InlineData("3", ",\"separate\":\"1\"", false, NotificationDelivery.Delivered, true)]
    [InlineData("3", ",\"separate\":\"yes\"", false, NotificationDelivery.Delivered, true)]
    [InlineData("6", "", false, NotificationDelivery.Unknown, false)]
    [InlineData("null", "", false, NotificationDelivery.Unknown, false)]
    public void The_top_level_of_a_notification_gives_the_progress(string code, string separate, bool closed, NotificationDelivery delivery, bool asksForPoll)
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var report = provider.Read(ReportChannel.Notification, $$"""{"id":"a","code":{{code}}{{separate}},"items":[{"cmd":"x","code":3}]}""");
            Assert.Equal((closed, delivery, asksForPoll), (report.Facts.Closed, report.Facts.Delivery, report.AsksForPoll));
            Assert.Equal(ItemState.Succeeded, Assert.Single(report.Facts.Items).State);
        }
    }

    /// <summary>A poll has named two commands; a notification says that the job is over, and lists one.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData(",\"separate\":null", false)]
    [InlineData(",\"separate\":1", false)]
    [InlineData(",\"separate\":0", true)]
    public void A_notification_without_separate_that_omits_an_unfinished_command_does_not_settle(string separate, bool settles)
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var polled = provider.Read(ReportChannel.Poll, """{"id":"a","code":1,"items":[{"cmd":"x","code":1},{"cmd":"y","code":1}]}""");
            var notified = provider.Read(ReportChannel.Notification, $$"""{"id":"a","code":3{{separate}},"items":[{"cmd":"x","code":3}]}""");
            var whole = provider.Read(ReportChannel.Notification, $$"""{"id":"a","code":3{{separate}},"items":[{"cmd":"x","code":3},{"cmd":"y","code":2}]}""");
            var answered = provider.Read(ReportChannel.Poll, """{"id":"a","code":6,"items":[{"cmd":"x","code":3},{"cmd":"y","code":2}]}""");
            var job = Job.New(new("s", "a"), provider.Kind, JobOrigin.Registration, new() { StartedAt = now, Deadline = now.AddDays(9), DueAt = now }, now);

            Assert.Equal(settles, job.Apply(polled, now).Job.Apply(notified, now).Job.IsSettled);
            Assert.Equal(JobState.PartiallyFailed, job.Apply(polled, now).Job.Apply(notified, now).Job.Apply(answered, now).Job.State);
            Assert.Equal(!separate.EndsWith('1'), job.Apply(polled, now).Job.Apply(whole, now).Job.IsSettled);

            // A settled job stays settled.
            var settled = job.Apply(notified, now).Job;
            Assert.Equal(!separate.EndsWith('1'), settled.IsSettled);
            Assert.Equal(settled.IsSettled, settled.Apply(polled, now).Job.IsSettled);
        }
    }

    [Theory]
    [InlineData("0", false, JobProgress.Waiting, NotificationDelivery.Unknown)]
    [InlineData("1", false, JobProgress.Processing, NotificationDelivery.Unknown)]
    [InlineData("2", false, JobProgress.Unknown, NotificationDelivery.Unknown)]
    [InlineData("3", true, JobProgress.Processing, NotificationDelivery.Unknown)]
    [InlineData("\"4\"", true, JobProgress.Processing, NotificationDelivery.Pending)]
    [InlineData("5", true, JobProgress.Processing, NotificationDelivery.Failed)]
    [InlineData("6", true, JobProgress.Processing, NotificationDelivery.Delivered)]
    [InlineData("7", false, JobProgress.Unknown, NotificationDelivery.Unknown)]
    public void The_top_level_of_an_answer_gives_the_progress(string code, bool closed, JobProgress progress, NotificationDelivery delivery)
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var report = provider.Read(ReportChannel.Poll, $$"""{"id":"a","code":{{code}},"separate":1,"items":[{"cmd":"x","code":3}]}""");
            Assert.Equal((closed, progress, delivery, false), (report.Facts.Closed, report.Facts.Progress, report.Facts.Delivery, report.AsksForPoll));
        }
    }

    [Fact]
    public void An_answer_that_the_job_is_over_is_not_a_success()
    {
        Assert.Equal(JobState.Failed, Fops.Polled("""{"id":"a","code":6,"items":[{"cmd":"x","code":20}]}""").Outcome);
        Assert.Null(Fops.Polled("""{"id":"a","code":6}""").Outcome);
    }

    [Theory]
    [InlineData("0", ItemState.Waiting)]
    [InlineData("1", ItemState.Processing)]
    [InlineData("2", ItemState.Failed)]
    [InlineData("\"3\"", ItemState.Succeeded)]
    [InlineData("4", ItemState.Succeeded)]
    [InlineData("5", ItemState.Succeeded)]
    [InlineData("6", ItemState.Succeeded)]
    [InlineData("18", ItemState.Failed)]
    [InlineData("19", ItemState.Failed)]
    [InlineData("\"20\"", ItemState.Failed)]
    [InlineData("7", ItemState.Unknown)]
    [InlineData("404", ItemState.Unknown)]
    public void The_code_of_an_item_means_the_same_on_both_channels(string code, ItemState state)
    {
        var body = $$"""{"id":"a","code":3,"items":[{"cmd":"x","code":{{code}}}]}""";
        foreach (var facts in (JobFacts[])[Fops.Notified(body), Fops.Polled(body), Fmgr.Notified(body), Fmgr.Polled(body)])
        {
            var item = Assert.Single(facts.Items);
            Assert.Equal((state, long.Parse(code.Trim('"'), System.Globalization.CultureInfo.InvariantCulture)), (item.State, item.Code));
        }
    }

    [Theory]
    [InlineData("5,4,6", NotificationDelivery.Failed)]
    [InlineData("3,19", NotificationDelivery.Failed)]
    [InlineData("4,6", NotificationDelivery.Pending)]
    [InlineData("18,3", NotificationDelivery.Pending)]
    [InlineData("6,20", NotificationDelivery.Delivered)]
    [InlineData("6,3", NotificationDelivery.Unknown)]
    [InlineData("3", NotificationDelivery.Unknown)]
    public void The_items_tell_what_the_top_level_omits_about_the_notification(string codes, NotificationDelivery delivery)
    {
        var items = string.Join(',', codes.Split(',').Select(code => $$"""{"cmd":"c{{code}}","code":{{code}}}"""));
        Assert.Equal(delivery, Fops.Polled($$"""{"id":"a","code":3,"items":[{{items}}]}""").Delivery);
        Assert.Equal(NotificationDelivery.Delivered, Fops.Polled($$"""{"id":"a","code":6,"items":[{{items}}]}""").Delivery);
    }

    [Fact]
    public void The_body_may_be_any_Base64_or_bare_JSON()
    {
        // Chosen so that the two alphabets and the padding differ.
        const string Json = """{"id":"a","code":3,"items":[{"cmd":"x","code":3,"key":"b:??>>~~ü???"}]} """;
        var plain = Base64(Json);
        Assert.Contains('+', plain);
        Assert.Contains('/', plain);
        Assert.EndsWith("=", plain, StringComparison.Ordinal);

        var url = plain.Replace('+', '-').Replace('/', '_');
        string[] spellings =
        [
            Json, " \n" + Json, "\uFEFF" + Json, plain, url, plain.TrimEnd('='), url.TrimEnd('='), $"\r\n {url}\n", "\uFEFF" + plain,
            string.Join("\r\n", plain.Chunk(76).Select(line => new string(line))), Base64("\uFEFF" + Json),
        ];
        Assert.All(spellings, body =>
        {
            var facts = Fops.Notified(body);
            Assert.Equal([new() { Bucket = "b", Key = "??>>~~ü???" }], Assert.Single(facts.Items).Outputs);
            Assert.Equal(facts.Items, Fops.Polled(body).Items);
        });
    }

    [Fact]
    public void Truncated_or_broken_Base64_is_not_a_report()
    {
        var whole = Base64Url("""{"id":"a","code":3,"items":[{"cmd":"x","code":3}]}""").TrimEnd('=');
        Fops.Notified(whole);
        Assert.All(Enumerable.Range(1, whole.Length - 1), length => Fops.Problem(ReportChannel.Notification, whole[..length]));
        Assert.Equal("the body is neither JSON nor Base64", Fops.Problem(ReportChannel.Notification, whole.Insert(20, "*")));
        Assert.Equal("the body is neither JSON nor Base64", Fops.Problem(ReportChannel.Notification, "=="));
        Assert.Equal("the body is neither JSON nor Base64", Fops.Problem(ReportChannel.Notification, whole.Insert(20, "==")));
    }

    [Theory]
    [InlineData("""{"code":"404","message":"no such persistentId"}""", 404)]
    [InlineData("""{"code":500,"message":{}}""", 500)]
    [InlineData("""{"code":"3","message":"odd"}""", null)]
    [InlineData("""{"code":1000,"message":"odd"}""", null)]
    [InlineData("""{"message":"odd"}""", null)]
    public void An_error_of_the_API_is_not_a_report(string body, int? status)
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            Assert.Equal("the body is an error of the API, not a task", provider.Problem(ReportChannel.Poll, body));
            Assert.Equal(status, provider.ErrorStatus(Utf8(body)));
        }
    }

    [Theory]
    [InlineData("""{"id":"a","code":3,"items":[]}""")]
    [InlineData("""{"code":404}""")]
    [InlineData("nonsense")]
    [InlineData("")]
    public void Nothing_else_is_an_error_of_the_API(string body)
    {
        Assert.Null(Fops.ErrorStatus(Utf8(body)));
        Assert.Null(Qiniu.ErrorStatus(Utf8(body)));
    }

    [Theory]
    [InlineData("""{"id":"a"}""")]
    [InlineData("""{"code":3}""")]
    [InlineData("""{"id":"a","code":"three"}""")]
    public void A_body_with_neither_items_nor_a_code_is_not_a_report(string body) =>
        Assert.Equal("the body is no task", Fops.Problem(ReportChannel.Poll, body));
}
