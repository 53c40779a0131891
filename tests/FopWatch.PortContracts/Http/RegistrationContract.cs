using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles registrations.</summary>
public abstract class RegistrationContract : HostContract
{
    [Fact]
    public async Task A_registered_job_has_a_link_and_waits()
    {
        await using var host = await StartAsync();

        var answer = await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a","metadata":{"lesson":"42"}}""");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("/api/jobs/media/z0.a", answer.Headers.Location?.OriginalString);
        var link = await answer.Content.ReadFromJsonAsync(ApiJson.Default.JobLink, Cancelled);
        Assert.Equal(new("media", "z0.a", JobState.Waiting, "/api/jobs/media/z0.a"), link);
        var job = (await host.Http.GetFromJsonAsync(link!.Href, ContractsJson.Default.JobRecord, Cancelled))!;
        Assert.Equal((JobState.Waiting, false, 1, "42"), (job.State, job.Settled, job.Version, job.Metadata!["lesson"]));
    }

    [Fact]
    public async Task A_thousand_are_registered_at_once_and_registering_again_changes_nothing()
    {
        await using var host = await StartAsync();
        var body = JsonSerializer.Serialize(Enumerable.Range(0, 1000).Select(i => new { source = "media", id = $"z0.{i}" }));

        for (var i = 0; i < 2; i++)
        {
            var answer = await host.PostAsync("/api/jobs", body);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            var links = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.JobLinks, Cancelled))!.Jobs;
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"/api/jobs/media/z0.{i}"), links.Select(link => link.Href));
        }

        Assert.Equal(1, (await host.JobAsync("media", "z0.999")).Version);
    }

    [Fact]
    public async Task A_thousand_registrations_of_one_id_are_one_job_as_the_last_of_them_says()
    {
        await using var host = await StartAsync();
        var body = JsonSerializer.Serialize(Enumerable.Range(0, 1000).Select(i => new { source = "media", id = "z0.a", metadata = new { n = $"{i}" } }));

        var answer = await host.PostAsync("/api/jobs", body);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(1000, (await answer.Content.ReadFromJsonAsync(ApiJson.Default.JobLinks, Cancelled))!.Jobs.Count);
        Assert.Equal("999", (await host.JobAsync("media", "z0.a")).Metadata!["n"]);
    }

    [Theory]
    [InlineData("""{"source":"nobody","id":"a"}""", "/source")]
    [InlineData("""[{"source":"media","id":"a"},{"source":"media","id":"a/b"}]""", "/1/id")]
    [InlineData("""[{"source":"media","id":"a"},7]""", "/1")]
    [InlineData("""{"source":"media","id":"a","metadata":{"x":1}}""", "/metadata/x")]
    [InlineData("""{"source":"media","id":"a","firstPollAfter":"soon"}""", "/firstPollAfter")]
    [InlineData("""{"source":"media","id":"a","priority":1}""", "/priority")]
    [InlineData("not json", "")]
    [InlineData("[]", "")]
    [InlineData("", "")]
    [InlineData("null", "")]
    [InlineData("true", "")]
    [InlineData("{\"source\":\"media\",\n\"id\":}", "")]
    [InlineData("""{"source":"media","id":"a","id":"b"}""", "/id")]
    [InlineData("""{"source":"media","id":"\ud800"}""", "")]
    public async Task A_malformed_registration_is_400_names_the_element_and_registers_nothing(string body, string element)
    {
        await using var host = await StartAsync();

        var answer = await host.PostAsync("/api/jobs", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await ServedHost.ProblemAsync(answer);
        Assert.Equal("urn:fopwatch:problem:invalid-request", problem.Type);
        var error = Assert.Single(problem.Errors!);
        Assert.Equal(element, error.Element);
        Assert.DoesNotMatch(@"System\.|JsonReader|Path: |LineNumber|BytePosition|Undefined|UTF-16|ExpectedS|is an invalid", error.Detail);
        Assert.Empty((await host.ListAsync()).Jobs);
    }

    [Fact]
    public async Task Metadata_is_limited_over_all_registrations_of_a_job_and_the_rest_of_an_array_is_registered()
    {
        await using var host = await StartAsync();
        var (first, second) = (new string('x', 3000), new string('y', 3000));
        await host.PostAsync("/api/jobs", $$$"""{"source":"media","id":"z0.a","metadata":{"first":"{{{first}}}"}}""");

        var answer = await host.PostAsync(
            "/api/jobs",
            $$$"""[{"source":"media","id":"z0.b"},{"source":"media","id":"z0.a","metadata":{"second":"{{{second}}}"}}]""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await ServedHost.ProblemAsync(answer);
        Assert.Equal("The registrations named here failed; all others succeeded.", problem.Detail);
        Assert.Equal("/1/metadata", Assert.Single(problem.Errors!).Element);
        Assert.Equal(["first"], (await host.JobAsync("media", "z0.a")).Metadata!.Keys);
        Assert.Equal(JobState.Waiting, (await host.JobAsync("media", "z0.b")).State);

        // It fits if it replaces existing metadata.
        Assert.Equal(HttpStatusCode.Accepted, (await host.PostAsync("/api/jobs", $$$"""{"source":"media","id":"z0.a","metadata":{"first":"{{{second}}}"}}""")).StatusCode);
        Assert.Equal(second, (await host.JobAsync("media", "z0.a")).Metadata!["first"]);
    }

    [Fact]
    public async Task A_waiting_request_is_answered_when_the_job_settles()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        var waiting = host.JobAsync("media", "z0.a", "?wait=30");
        foreach (var wait in (string[])["0.05", "50ms", "00:00:00.05"])
            Assert.False((await host.JobAsync("media", "z0.a", $"?wait={wait}")).Settled);
        Assert.False(waiting.IsCompleted);
        await host.NotifyAsync("media", Done);

        Assert.Equal(JobState.Succeeded, (await waiting).State);
    }

    [Fact]
    public async Task Adding_metadata_to_a_settled_job_creates_a_version_and_repeating_it_does_not()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        var settled = await host.JobAsync("media", "z0.a");
        Assert.Null(settled.Metadata);

        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a","metadata":{"lesson":"42"}}""");
        var registered = await host.JobAsync("media", "z0.a");
        await host.NotifyAsync("media", Done, suffix: "/order-7");
        var correlated = await host.JobAsync("media", "z0.a");

        // The same registration and notification again.
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a","metadata":{"lesson":"42"}}""");
        await host.NotifyAsync("media", Done, suffix: "/order-7");

        Assert.Equal("42", registered.Metadata!["lesson"]);
        Assert.Equal(settled.Version + 1, registered.Version);
        Assert.Equal(("42", "order-7"), (correlated.Metadata!["lesson"], correlated.Metadata["correlation"]));
        Assert.Equal(registered.Version + 1, correlated.Version);
        Assert.Equal(correlated.Version, (await host.JobAsync("media", "z0.a")).Version);
        Assert.Equal((settled.State, settled.SettledAt), (correlated.State, correlated.SettledAt));
    }
}
