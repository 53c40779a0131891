using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

/// <summary>Captured payloads of the real providers, through notify, poll, store, query and event stream of a running host.</summary>
public partial class PayloadTests
{
    [Theory]
    [InlineData("qiniu-notify-success-z0-m3u8-2015.json", JobState.Succeeded, "ylhyh", "f9b79baad93d4145a8dde05da0e9e5f2.m3u8")]
    [InlineData("qiniu-notify-success-z0-amr-2019.json", JobState.Succeeded, "huoniao", "d76d4a6ac6b9f2632e132c059259687f.mp3")]
    [InlineData("qiniu-notify-success-z2-mp4-2018.json", JobState.Succeeded, "dozhan-testing", "video/2018-10-20-17:07:14-5bcaf0421e197.mp4")]
    [InlineData("qiniu-notify-failed-z0-m3u8-2015.json", JobState.Failed, null, null)]
    [InlineData("qiniu-notify-2013-pythonrepr.json", JobState.Succeeded, null, "1G8-OWwP3jPLvi7O3qOf7yCl4YI=/lgxucMCQso_KOW_YDM-_KVIeX6o5")]
    [InlineData("qiniu-docs-success-4items-2014.json", JobState.Succeeded, "dutest", "8ehryqviSaMIjkVQDGeDcKRZ6qc=/FjgJQXuH7OresQL4zgRqYG5bZ64x")]
    [InlineData("qiniu-docs-2024-failing-item-FRAGMENT.json", JobState.Failed, null, null)]
    [InlineData("qiniu-workflow-v2-notify-docs-FRAGMENT.json", JobState.Succeeded, null, null)]
    [InlineData("qiniu-notify-before-upload-callback-2015.json", JobState.Succeeded, "photos", "fpu/GyrkDZW2/200.png")]
    [InlineData("qiniu-notify-hlskey-standard-base64-2020.json", JobState.Failed, null, null)]
    [InlineData("qiniu-notify-video-censor-300cuts-2019.json", JobState.Succeeded, null, null)]
    [InlineData("qiniu-notify-workflow-v3-cond-2022.json", JobState.Succeeded, "wf-out", "hd.m3u8")]
    [InlineData("qiniu-notify-workflow-v3-unsigned-2024.json", JobState.Succeeded, "wf-out", "a-1m.mp4")]
    [InlineData("qiniu-prefop-vsample-keys-2018.json", JobState.Succeeded, "community-video", "vframe-000009")]
    public async Task A_Qiniu_notification_settles_its_job(string payload, JobState state, string? bucket, string? outputKey)
    {
        await using var host = await RunningHost.StartAsync();
        var body = SharedPayloads.Read(payload);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", body)).StatusCode);

        var job = await host.JobAsync("media", IdOf(body));
        Assert.Equal(state, job.State);
        Assert.Equal(SettledBy.Notification, job.SettledBy);
        Assert.Equal(NotificationDelivery.Delivered, job.Notification);
        if (outputKey is not null)
            Assert.Contains(job.Items.SelectMany(item => item.Outputs), output => output.Key == outputKey && output.Bucket == bucket);
        if (state == JobState.Failed)
            Assert.NotNull(job.Items.First(item => item.State == ItemState.Failed).Error);
        Assert.Equal(JobEvent.SettledType, await FirstEventTypeAsync(host, job.Id));
    }

    [Theory]
    [InlineData("qiniu-prefop-success-z1-2017.json", JobState.Succeeded, NotificationDelivery.Unknown)]
    [InlineData("qiniu-prefop-code4-callback-failed-2014.json", JobState.Succeeded, NotificationDelivery.Failed)]
    [InlineData("qiniu-prefop-processing-z1-2017.json", JobState.Processing, NotificationDelivery.Unknown)]
    [InlineData("qiniu-docs-success-4items-2014.json", JobState.Succeeded, NotificationDelivery.Unknown)]
    [InlineData("qiniu-docs-2024-failing-item-FRAGMENT.json", JobState.Failed, NotificationDelivery.Unknown)]
    public async Task A_registered_Qiniu_job_has_the_outcome_of_the_status_API(string payload, JobState state, NotificationDelivery delivery)
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(statusEndpoint: api.Endpoint);
        var body = SharedPayloads.Read(payload);
        var id = IdOf(body);
        api.Answers[id] = (200, body);

        await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{id}}","firstPollAfter":0}""");

        while ((await host.JobAsync("media", id)).Polls == 0)
            await Task.Yield();
        var job = await host.JobAsync("media", id);
        Assert.Equal(state, job.State);
        Assert.Equal(delivery, job.Notification);
        Assert.Equal(job.Settled ? SettledBy.Poll : null, job.SettledBy);
        Assert.Equal(job.Settled ? JobEvent.SettledType : JobEvent.ProgressedType, await FirstEventTypeAsync(host, id));
        Assert.DoesNotContain("hlsKey/REDACTED", string.Join(' ', job.Items.Select(item => item.Command)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registration_after_the_notification_publishes_the_outcome_again_with_its_metadata()
    {
        await using var host = await RunningHost.StartAsync();
        var body = SharedPayloads.Read("qiniu-notify-before-upload-callback-2015.json");
        var id = IdOf(body);
        await using var stream = await EventReader.OpenAsync(host, "0");
        var registration = $$$"""{"source":"media","id":"{{{id}}}","metadata":{"photo":"GyrkDZW2"}}""";

        await host.NotifyAsync("media", body);
        var first = await stream.NextAsync();
        await host.PostAsync("/api/jobs", registration);
        var second = await stream.NextAsync();
        await host.PostAsync("/api/jobs", registration);
        await host.PostAsync($"/api/jobs/media/{id}/republish");
        var third = await stream.NextAsync();

        Assert.Equal([JobEvent.SettledType, JobEvent.SettledType], ((string[])[first.Data.Type, second.Data.Type]));
        Assert.Null(first.Data.Data.Metadata);
        Assert.Equal("GyrkDZW2", second.Data.Data.Metadata!["photo"]);
        Assert.Equal((JobState.Succeeded, first.Data.Data.Version + 1), (second.Data.Data.State, second.Data.Data.Version));
        Assert.NotEqual(first.Data.Id, second.Data.Id);

        // The repeated registration published nothing in between.
        Assert.Equal(second.Data.Data.Version + 1, third.Data.Data.Version);
    }

    [Fact]
    public async Task A_domain_set_later_adds_URLs_from_then_on_and_does_not_change_published_events()
    {
        await using var host = await RunningHost.StartAsync();
        var body = SharedPayloads.Read("qiniu-notify-before-upload-callback-2015.json");
        var id = IdOf(body);
        await host.NotifyAsync("media", body);
        Assert.Null(UrlOf(await host.JobAsync("media", id)));
        await using (var stream = await EventReader.OpenAsync(host, "0"))
            Assert.Null(UrlOf((await stream.NextAsync()).Data.Data));

        await host.StopAsync();
        var settings = RunningHost.TokenSources();
        settings["Sources:media:Domains:photos"] = "https://img.example.com";
        await host.RestartAsync(settings: settings);

        Assert.Equal("https://img.example.com/fpu/GyrkDZW2/200.png", UrlOf(await host.JobAsync("media", id)));
        await host.PostAsync($"/api/jobs/media/{id}/republish");
        await using var again = await EventReader.OpenAsync(host, "0");
        Assert.Null(UrlOf((await again.NextAsync()).Data.Data));
        Assert.Equal("https://img.example.com/fpu/GyrkDZW2/200.png", UrlOf((await again.NextAsync()).Data.Data));

        static string? UrlOf(JobRecord job) => Assert.Single(Assert.Single(job.Items).Outputs).Url;
    }

    [Fact]
    public async Task An_id_unknown_to_the_status_API_stays_open_at_first()
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(statusEndpoint: api.Endpoint);
        api.Answers["z0.unknown"] = (612, SharedPayloads.Read("qiniu-prefop-not-found.json"));

        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.unknown"}""");
        await host.PostAsync("/api/jobs/media/z0.unknown/poll");

        var job = await host.JobAsync("media", "z0.unknown");
        Assert.Equal((JobState.Waiting, 1), (job.State, job.Polls));
    }

    [Theory]
    [InlineData("files", "wangsu-fmgr-notify-success-docs-2023.raw.txt", "20105464540f197414d51a861240d921ef206", 1)]
    [InlineData("files", "wangsu-fmgr-notify-success-docs-2023.json", "20105464540f197414d51a861240d921ef206", 1)]
    [InlineData("video", "wangsu-fops-notify-success-3items-2017.json", "10051e41d2225f6e47eea6f086fa6482336f", 3)]
    public async Task A_Wangsu_notification_settles_its_job_as_Base64_and_as_JSON(string source, string payload, string id, int items)
    {
        await using var host = await RunningHost.StartAsync();

        var answer = await host.NotifyAsync(source, SharedPayloads.Read(payload), "text/plain; charset=UTF-8");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var job = await host.JobAsync(source, id);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(new JobCounts(items, items, 0, 0), job.Counts);
        Assert.All(job.Items.SelectMany(item => item.Outputs), output =>
        {
            Assert.NotNull(output.Size);
            Assert.StartsWith("http://", output.Url, StringComparison.Ordinal);
        });
        if (source == "video")
            Assert.All(job.Items.SelectMany(item => item.Outputs), output => Assert.Equal("wuli-video", output.Bucket));
    }

    [Fact]
    public async Task A_lost_Wangsu_notification_is_compensated_by_a_poll()
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(statusEndpoint: api.Endpoint);
        var body = SharedPayloads.Read("wangsu-fops-notify-success-3items-2017.json");
        api.Answers[IdOf(body)] = (200, body);

        await host.PostAsync("/api/jobs", $$"""{"metadata":{"lesson":"42"},"source":"video","id":"{{IdOf(body)}}","firstPollAfter":"00:00:00"}""");

        var job = await host.JobAsync("video", IdOf(body), "?wait=20");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), (job.State, job.SettledBy));
        Assert.Equal("42", job.Metadata!["lesson"]);
    }

    private static string IdOf(byte[] body) => (string)JsonNode.Parse(JsonOf(body))!["id"]!;

    private static byte[] JsonOf(byte[] body) => body[0] == '{'
        ? body
        : Convert.FromBase64String(Encoding.UTF8.GetString(body).Trim().Replace('-', '+').Replace('_', '/'));

    private static async Task<string> FirstEventTypeAsync(RunningHost host, string id)
    {
        await using var stream = await EventReader.OpenAsync(host, "0");
        return (await stream.NextAsync(e => e.Data.Subject == id)).Data.Type;
    }
}
