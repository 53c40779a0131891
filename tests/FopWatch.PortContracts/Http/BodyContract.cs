using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host answers a provider's report of a job, and deletes from quarantine.</summary>
public abstract class BodyContract : HostContract
{
    private const string Secret = "c2VjcmV0a2V5MTIzNDU2Nw==";

    [Fact]
    public async Task The_report_of_a_job_is_answered_with_its_secrets_redacted()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", $$"""{"id":"z0.a","code":0,"note":{"deep":["原样"]},"items":[{"cmd":"avthumb/m3u8/hlsKey/{{Secret}}/hlsKeyUrl/x","code":0,"key":"a.m3u8"}]}""");

        var body = (await host.Http.GetFromJsonAsync("/api/jobs/media/z0.a/body", ApiJson.Default.JobBody, Cancelled))!;

        Assert.Contains("\"note\":{\"deep\":[\"原样\"]}", body.Body, StringComparison.Ordinal);
        Assert.Contains("hlsKey/***", body.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, body.Body, StringComparison.Ordinal);
        Assert.Equal((true, 1), (body.Final, body.Redacted));
    }

    [Fact]
    public async Task A_job_without_a_report_and_an_unknown_job_are_answered_404_with_the_reason()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.open"}""");

        foreach (var (path, detail) in ((string, string)[])[("media/z0.open", "No report of the job is stored: none has arrived yet, or all were too long."), ("media/z0.none", "There is no job with this source and id."), ("none/z0.open", "There is no job with this source and id.")])
        {
            using var answer = await host.Http.GetAsync($"/api/jobs/{path}/body", Cancelled);
            Assert.Equal((path, HttpStatusCode.NotFound), (path, answer.StatusCode));
            Assert.Equal(detail, (await ServedHost.ProblemAsync(answer)).Detail);
        }
    }

    [Fact]
    public async Task A_report_too_long_to_keep_is_not_answered()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var answer = """{"id":"z0.a","code":0,"items":[{"cmd":"avinfo","code":0,"key":"a","result":{"text":"LONG"}}]}""".Replace("LONG", new string('x', 1_100_000), StringComparison.Ordinal);
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(answer));
        await host.PostAsync("/api/jobs/media/z0.a/poll");
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);

        using var body = await host.Http.GetAsync("/api/jobs/media/z0.a/body", Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, body.StatusCode);
    }

    [Fact]
    public async Task The_quarantine_of_a_source_is_deleted_once_its_count_is_confirmed()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 130; i++)
            await host.NotifyAsync(i % 13 == 0 ? "files" : "media", $"garbage {i}");

        var asked = await DeleteAsync("?source=media");
        Assert.Equal((BulkWord.Delete, 120, "120", null), (asked.Action, asked.Count, asked.Confirm, asked.Done));
        using (var wrong = await host.Http.DeleteAsync("/api/quarantine?source=media&confirm=119", Cancelled))
            Assert.Equal(HttpStatusCode.Conflict, wrong.StatusCode);
        using (var misspelt = await host.Http.DeleteAsync("/api/quarantine?sources=media&confirm=130", Cancelled))
            Assert.Equal(HttpStatusCode.BadRequest, misspelt.StatusCode);
        Assert.Equal("130", (await DeleteAsync("")).Confirm);

        var deleted = await DeleteAsync("?source=media&confirm=120");
        while (deleted.Continuation is { } continuation)
            deleted = await DeleteAsync($"?source=media&continuation={continuation}");

        Assert.Equal((120, 120, 0), (deleted.Count, deleted.Done, deleted.Failed));
        Assert.Equal(10, (await host.QuarantineAsync()).Notifications.Count);
        Assert.Equal("0", (await DeleteAsync("?source=media")).Confirm);

        async Task<BulkAnswer> DeleteAsync(string query)
        {
            using var answer = await host.Http.DeleteAsync($"/api/quarantine{query}", Cancelled);
            Assert.Equal((query, HttpStatusCode.OK), (query, answer.StatusCode));
            return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, Cancelled))!;
        }
    }
}
