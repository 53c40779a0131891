using System.Net;
using System.Net.Http.Json;
using FopWatch.Api;
using FopWatch.PortContracts.Http;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

/// <summary>A running host with rows that cannot be read.</summary>
public sealed class DamagedRowTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_damaged_job_is_flagged_and_reported_and_other_jobs_continue()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"bad"},{"source":"media","id":"good"}]""");
        Execute(host, "UPDATE jobs SET body = CAST('{' AS BLOB), due_at = 0 WHERE id = 'bad'");

        // It does not block the list.
        var list = (await host.Http.GetFromJsonAsync("/api/jobs", ApiJson.Default.JobList, Cancelled))!;
        Assert.Equal("good", Assert.Single(list.Jobs).Id);
        var reference = Assert.Single(list.Unreadable!);
        Assert.Equal([reference], (await host.Http.GetFromJsonAsync($"/api/jobs?ref={reference}", ApiJson.Default.JobList, Cancelled))!.Unreadable);

        // A request for the job is answered with the reason.
        foreach (var ask in (Func<Task<HttpResponseMessage>>[])[
            () => host.Http.GetAsync("/api/jobs/media/bad", Cancelled),
            () => host.PostAsync("/api/jobs/media/bad/poll"),
            () => host.PostAsync("/api/jobs/media/bad/republish"),
            () => host.Http.DeleteAsync("/api/jobs/media/bad", Cancelled),
            () => host.PostAsync("/api/jobs", """{"source":"media","id":"bad"}""")])
        {
            using var answer = await ask();
            var problem = await RunningHost.ProblemAsync(answer);
            Assert.Equal((HttpStatusCode.InternalServerError, "urn:fopwatch:problem:unreadable"), (answer.StatusCode, problem.Type));
            Assert.Contains(reference, problem.Detail, StringComparison.Ordinal);
        }

        using var some = await host.PostAsync("/api/jobs", """[{"source":"media","id":"bad"},{"source":"media","id":"new"}]""");
        Assert.Equal("/0/id", Assert.Single((await RunningHost.ProblemAsync(some)).Errors!).Element);
        Assert.Equal("new", (await host.JobAsync("media", "new")).Id);

        // A notification of the job is kept until the job can be read.
        using var notified = await host.NotifyAsync("media", """{"id":"bad","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""");
        Assert.Equal(HttpStatusCode.OK, notified.StatusCode);
        Assert.Equal("The stored job that it names cannot be read.", Assert.Single((await host.QuarantineAsync()).Notifications).Reason);

        // The job's poll was due and moved to a later time. The loop sleeps until it is woken.
        await host.PostAsync("/api/jobs", """{"source":"media","id":"soon","firstPollAfter":1}""");
        await Eventually.HoldsAsync(() => Scalar(host, "SELECT due_at FROM jobs WHERE id = 'bad'") is > 0L);
        Assert.Equal(1L, Scalar(host, "SELECT times FROM unreadable_jobs"));
        Assert.Contains("unreadableJobs", await host.Http.GetStringAsync("/health/ready", Cancelled), StringComparison.Ordinal);
        Assert.Contains("Stored jobs cannot be read", host.Log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("A request failed", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_event_in_the_log_is_skipped_by_the_stream_and_reported()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var id in (string[])["a", "b", "c"])
            await host.NotifyAsync("media", $$"""{"id":"{{id}}","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""");
        await Eventually.HoldsAsync(() => Scalar(host, "SELECT count(*) FROM events") is 3L);
        Execute(host, "UPDATE events SET body = CAST('{' AS BLOB) WHERE subject = 'b'");

        await using var events = await EventReader.OpenAsync(host, "0");
        Assert.Equal(["a", "c"], [(await events.NextAsync()).Data.Subject, (await events.NextAsync()).Data.Subject]);
        Assert.Contains("unreadableEvents", await host.Http.GetStringAsync("/health/ready", Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_notification_in_quarantine_is_flagged_reported_and_can_be_deleted()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var body in (string[])["{1", "{2"])
            await host.NotifyAsync("media", body);
        var key = (await host.QuarantineAsync()).Notifications[0].Key;
        Execute(host, $"UPDATE quarantine SET headers = '{{' WHERE key = '{key}'");

        var list = await host.QuarantineAsync();
        Assert.Single(list.Notifications);
        Assert.Equal([key], list.Unreadable);
        using var one = await host.Http.GetAsync($"/api/quarantine/{key}", Cancelled);
        Assert.Equal("urn:fopwatch:problem:unreadable", (await RunningHost.ProblemAsync(one)).Type);
        var retried = await host.Http.ConfirmedAsync("/api/quarantine/retry");
        Assert.Equal((2, 0, 2), (retried.Count, retried.Done, retried.Failed));
        Assert.Single(retried.Notifications!);
        Assert.Contains("unreadableQuarantine", await host.Http.GetStringAsync("/health/ready", Cancelled), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NoContent, (await host.Http.DeleteAsync($"/api/quarantine/{key}", Cancelled)).StatusCode);
        Assert.Null((await host.QuarantineAsync()).Unreadable);
    }

    private static void Execute(RunningHost host, string sql) => Scalar(host, sql);

    private static object? Scalar(RunningHost host, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "fopwatch.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
