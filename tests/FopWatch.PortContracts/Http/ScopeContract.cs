using System.Net;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Simulator;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles reports about buckets that a source does not list.</summary>
public abstract class ScopeContract : HostContract
{
    private const string Source = "scoped";

    [Fact]
    public async Task A_genuine_notification_about_another_bucket_is_quarantined_with_the_reason()
    {
        await using var host = await StartAsync();

        await SendSignedAsync(host, Body("z0.other", "elsewhere"));
        await SendSignedAsync(host, Body("z0.a", ServedHost.Bucket));

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync($"/api/jobs/{Source}/z0.other", Cancelled)).StatusCode);
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Equal("The report is about the bucket 'elsewhere', which is not in FopWatch:Sources:scoped:Buckets.", kept.Reason);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync(Source, "z0.a")).State);

        await host.Http.ConfirmedAsync("/api/quarantine/retry");
        Assert.Equal(kept.Reason, Assert.Single((await host.QuarantineAsync()).Notifications).Reason);
    }

    [Fact]
    public async Task An_untrusted_notification_of_another_accounts_job_records_and_publishes_nothing_and_costs_one_poll()
    {
        await using var host = await StartAsync();
        host.StatusApi.Answers["z0.theirs"] = (200, Encoding.UTF8.GetBytes(Body("z0.theirs", "theirs")));

        // Nothing in it says whose job it is.
        await host.NotifyAsync(Source, """{"id":"z0.theirs","code":0,"items":[]}""");
        var job = await host.JobAsync(Source, "z0.theirs", "?wait=20");

        Assert.Equal((JobState.Expired, WatchStatus.GivenUp), (job.State, job.Watch));
        Assert.Null(job.Bucket);
        Assert.Empty(job.Items);
        Assert.Equal("the report is about a bucket that is not among the source's Buckets; it was not recorded", job.LastPoll?.Answer);
        Assert.Equal(HttpStatusCode.Conflict, (await host.PostAsync($"/api/jobs/{Source}/z0.theirs/republish")).StatusCode);
        Assert.Equal(["z0.theirs"], host.StatusApi.AskedIds);
    }

    [Fact]
    public async Task A_registered_job_whose_report_is_about_another_bucket_stays_open_and_says_why()
    {
        await using var host = await StartAsync();
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Body("z0.a", "elsewhere")));
        await host.PostAsync("/api/jobs", $$"""{"source":"{{Source}}","id":"z0.a"}""");

        var polled = await host.PollAsync(Source, "z0.a");

        Assert.Equal("the report is about a bucket that is not among the source's Buckets; it was not recorded", polled.Answer);
        Assert.Equal((JobState.Waiting, WatchStatus.Watching, null), (polled.State, polled.Watch, polled.Bucket));
        Assert.Contains("\"kind\":\"outOfScope\"", await host.Http.GetStringAsync("/health/ready", Cancelled), StringComparison.Ordinal);

        // A report without a bucket is accepted for a registered job.
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));
        Assert.Equal(JobState.Succeeded, (await host.PollAsync(Source, "z0.a")).State);
    }

    private static string Body(string id, string bucket) =>
        $$"""{"id":"{{id}}","code":0,"inputBucket":"{{bucket}}","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static async Task SendSignedAsync(ServedHost host, string text)
    {
        var (url, body, key) = (new Uri(ServedHost.PublicUrl, $"/api/notify/{Source}/{ServedHost.Token}"), Encoding.UTF8.GetBytes(text), ServedHost.Key);
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", Signer.Qiniu(key.AccessKey, key.SecretKey, url, "application/json", body));
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, Cancelled)).StatusCode);
    }
}
