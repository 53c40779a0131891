using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host reports watches and polls, and acts on them.</summary>
public abstract class WatchContract : HostContract
{
    [Fact]
    public async Task A_poll_on_demand_answers_with_the_status_APIs_result_and_never_queries_an_outcome()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));

        var polled = await host.PollAsync("media", "z0.a");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, 1), (polled.State, polled.SettledBy, polled.Polls));
        Assert.Equal("the report: succeeded", polled.Answer);
        Assert.Equal(polled.Answer, polled.LastPoll?.Answer);

        Assert.StartsWith("not asked: ", (await host.PollAsync("media", "z0.a")).Answer, StringComparison.Ordinal);
        Assert.Single(host.StatusApi.AskedIds);
    }

    [Theory]
    [InlineData(612, "", "HTTP 612: the status API does not know this id")]
    [InlineData(503, "", "HTTP 503")]
    [InlineData(573, "", "HTTP 573: the status API asks to slow down")]
    [InlineData(200, "<html>secret body</html>", "HTTP 200: the body is not JSON (line 1, byte 1)")]
    [InlineData(200, """{"id":"z0.a","code":2,"desc":"processing","items":[]}""", "the report: processing")]
    public async Task A_job_shows_the_last_answer_of_the_status_API_and_the_time_of_the_next_poll(int status, string body, string words)
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var registered = await host.JobAsync("media", "z0.a");
        Assert.Equal((WatchStatus.Watching, null), (registered.Watch, registered.LastPoll));
        Assert.NotNull(registered.NextPollAt);
        host.StatusApi.Answers["z0.a"] = (status, Encoding.UTF8.GetBytes(body));

        var polled = await host.PollAsync("media", "z0.a");

        Assert.Equal(words, polled.Answer);
        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal((WatchStatus.Watching, words), (job.Watch, job.LastPoll?.Answer));
        Assert.InRange(job.LastPoll!.At, registered.RegisteredAt, DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(job.NextPollAt > job.LastPoll.At);
        Assert.Equal(job.LastPoll, Assert.Single((await host.ListAsync("?watch=watching")).Jobs).LastPoll);
    }

    [Fact]
    public async Task A_job_shows_its_history_and_why_its_next_poll_is_due_and_a_list_does_not()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var registered = await host.JobAsync("media", "z0.a");
        Assert.Equal((PollReason.First, registered.RegisteredAt), (registered.NextPollReason, Assert.Single(registered.Timeline!).At));
        var listed = Assert.Single((await host.ListAsync("")).Jobs);
        Assert.Equal((registered.NextPollAt, null, null), (listed.NextPollAt, listed.NextPollReason, listed.Timeline));

        host.StatusApi.Answers["z0.a"] = (612, []);
        await host.PollAsync("media", "z0.a");
        var polled = await host.PollAsync("media", "z0.a");
        Assert.Equal((PollReason.UnknownId, 2), (polled.NextPollReason, polled.Timeline!.Count));
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("media", Done);

        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal((null, null), (job.NextPollReason, job.TimelineOmitted));
        Assert.Collection(
            job.Timeline!,
            entry => Assert.Equal((TimelineEvent.Registered, TimelineCause.Registration), (entry.What, entry.By!.Value)),
            entry =>
            {
                Assert.Equal((TimelineEvent.Polled, 2, PollReason.Requested, "HTTP 612: the status API does not know this id"), (entry.What, entry.Count!.Value, entry.Reason!.Value, entry.Answer));
                Assert.InRange(entry.Until!.Value, entry.At, DateTimeOffset.UtcNow);
            },
            entry => Assert.Equal((TimelineEvent.Notified, Trust.None, NotifiedResult.Recorded, TimelineCause.Token), (entry.What, entry.Trust!.Value, entry.Result!.Value, entry.By!.Value)),
            entry => Assert.Equal((TimelineEvent.Settled, JobState.Succeeded, TimelineCause.Notification), (entry.What, entry.State!.Value, entry.By!.Value)));
    }

    [Fact]
    public async Task Stopped_watched_given_up_and_done_jobs_are_distinguished()
    {
        await using var host = await StartAsync();
        foreach (var id in (string[])["z0.open", "z0.stopped", "z0.a"])
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{id}}"}""");
        await host.NotifyAsync("media", Done);
        using var stopped = await host.Http.DeleteAsync("/api/jobs/media/z0.stopped", Cancelled);

        var answered = (await stopped.Content.ReadFromJsonAsync(ApiJson.Default.WatchedJob, Cancelled))!;
        Assert.Equal((WatchStatus.Stopped, null, JobState.Waiting), (answered.Watch, answered.NextPollAt, answered.State));
        Assert.Equal((WatchStatus.Done, null), ((await host.JobAsync("media", "z0.a")).Watch, (await host.JobAsync("media", "z0.a")).NextPollAt));
        foreach (var (watch, id) in (IReadOnlyList<(string, string)>)[("watching", "z0.open"), ("stopped", "z0.stopped"), ("done", "z0.a")])
            Assert.Equal(id, Assert.Single((await host.ListAsync($"?watch={watch}")).Jobs).Id);
        Assert.Empty((await host.ListAsync("?watch=givenUp")).Jobs);
        Assert.Empty((await host.ListAsync("?watch=stopped&state=succeeded")).Jobs);
    }

    [Fact]
    public async Task A_stopped_job_is_not_polled_but_a_notification_still_settles_it()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        Assert.Equal(HttpStatusCode.OK, (await host.Http.DeleteAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        await host.NotifyAsync("media", Done);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
        Assert.Empty(host.StatusApi.AskedIds);
    }

    [Fact]
    public async Task A_new_notification_or_registration_of_an_expired_job_resumes_polling_and_supersedes_the_expiry()
    {
        await using var host = await StartAsync();
        foreach (var id in (string[])["z0.a", "z0.b"])
        {
            host.StatusApi.Answers[id] = (200, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","code":2,"desc":"processing","items":[]}"""));
            await host.PostAsync("/api/jobs", $$"""{"source":"hasty","id":"{{id}}"}""");
        }

        await Task.Delay(TimeSpan.FromSeconds(1.5), Cancelled);
        foreach (var id in (string[])["z0.a", "z0.b"])
        {
            // In a host in which no watch runs by itself.
            if (!(await host.JobAsync("hasty", id)).Settled)
                await host.PostAsync($"/api/jobs/hasty/{id}/poll");
            Assert.Equal((JobState.Expired, SettledBy.Deadline), Outcome(await host.JobAsync("hasty", id)));
            host.StatusApi.Answers[id] = (200, Encoding.UTF8.GetBytes(Done.Replace("z0.a", id, StringComparison.Ordinal)));
        }

        // Nothing proves the notification, and only the status API is believed.
        await host.NotifyAsync("hasty", Done);
        await host.PostAsync("/api/jobs", """{"source":"hasty","id":"z0.b","firstPollAfter":"00:00:00"}""");

        foreach (var id in (string[])["z0.b", "z0.a"])
        {
            var clock = Stopwatch.StartNew();
            var job = await host.JobAsync("hasty", id);
            while (job.State == JobState.Expired && clock.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), Cancelled);
                job = await host.JobAsync("hasty", id);
            }

            Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(job));
        }
    }

    [Fact]
    public async Task Republishing_needs_an_outcome_and_creates_a_higher_version()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var tooEarly = await host.PostAsync("/api/jobs/media/z0.a/republish");
        Assert.Equal(HttpStatusCode.Conflict, tooEarly.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-settled", (await ServedHost.ProblemAsync(tooEarly)).Type);

        await host.NotifyAsync("media", Done);
        var settled = await host.JobAsync("media", "z0.a");
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/api/jobs/media/z0.a/republish")).StatusCode);

        var again = await host.JobAsync("media", "z0.a");
        Assert.Equal(settled.State, again.State);
        Assert.True(again.Version > settled.Version);
    }

    [Fact]
    public async Task An_unsigned_notification_of_a_workflow_is_verified_with_the_workflow_status_API_which_settles_the_job()
    {
        const string Workflow = """{"version":"v3","id":"z0.w","code":0,"ops":[{"id":"op1","fop":{"cmd":"avthumb/mp4","result":{"code":0}},"depends":[]}]}""";
        await using var host = await StartAsync();
        host.StatusApi.Workflows["z0.w"] = (200, Encoding.UTF8.GetBytes(Workflow));

        await host.PostAsync($"/api/notify/signed/{ServedHost.Token}", Workflow.Replace("\"code\":0", "\"code\":3", StringComparison.Ordinal));

        var job = await host.JobAsync("signed", "z0.w", "?wait=30");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(job));
        var (id, authorization) = Assert.Single(host.StatusApi.AskedForWorkflows);
        Assert.Equal("z0.w", id);
        Assert.StartsWith($"Qiniu {ServedHost.Key.AccessKey}:", authorization, StringComparison.Ordinal);
        Assert.Empty(host.StatusApi.AskedIds);
    }
}
