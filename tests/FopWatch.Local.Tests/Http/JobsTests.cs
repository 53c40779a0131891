using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

public class JobsTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registered_job_has_a_link_and_waits()
    {
        await using var host = await RunningHost.StartAsync();

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
        await using var host = await RunningHost.StartAsync();
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
    public async Task A_malformed_registration_is_400_names_the_element_and_registers_nothing(string body, string element)
    {
        await using var host = await RunningHost.StartAsync();

        var answer = await host.PostAsync("/api/jobs", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await RunningHost.ProblemAsync(answer);
        Assert.Equal("urn:fopwatch:problem:invalid-request", problem.Type);
        Assert.Equal(element, Assert.Single(problem.Errors!).Element);
        Assert.Empty((await ListAsync(host, "")).Jobs);
    }

    [Fact]
    public async Task A_waiting_request_is_answered_when_the_job_settles()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        var waiting = host.JobAsync("media", "z0.a", "?wait=30");
        var short_ = await host.JobAsync("media", "z0.a", "?wait=0.05");
        Assert.False(short_.Settled);
        Assert.False(waiting.IsCompleted);
        await host.NotifyAsync("media", Done);

        Assert.Equal(JobState.Succeeded, (await waiting).State);
    }

    [Theory]
    [InlineData("/api/jobs/media/z0.a?wait=301")]
    [InlineData("/api/jobs/media/z0.a?wait=-1")]
    [InlineData("/api/jobs/media/z0.a?wait=soon")]
    [InlineData("/api/jobs?top=0")]
    [InlineData("/api/jobs?top=1001")]
    [InlineData("/api/jobs?state=done")]
    [InlineData("/api/jobs?since=yesterday")]
    [InlineData("/api/jobs?source=nobody")]
    [InlineData("/api/jobs?continuation=xyz")]
    [InlineData("/api/quarantine?top=1001")]
    [InlineData("/events?lastEventId=x")]
    public async Task A_wrong_parameter_is_400(string path)
    {
        await using var host = await RunningHost.StartAsync();

        var answer = await host.Http.GetAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(400, (await RunningHost.ProblemAsync(answer)).Status);
    }

    [Fact]
    public async Task The_list_is_newest_first_filtered_and_paged()
    {
        await using var host = await RunningHost.StartAsync();
        for (var i = 0; i < 5; i++)
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}"}""");
        await host.PostAsync("/api/jobs", """{"source":"files","id":"f"}""");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.3", StringComparison.Ordinal));

        Assert.Equal(["f", "z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(await ListAsync(host, "")));
        Assert.Equal(["z0.3"], Ids(await ListAsync(host, "?state=succeeded")));
        Assert.Equal(["f"], Ids(await ListAsync(host, "?source=files&state=waiting")));
        Assert.Empty((await ListAsync(host, "?since=2999-01-01T00:00:00Z")).Jobs);

        var first = await ListAsync(host, "?source=media&top=2");
        var second = await ListAsync(host, $"?source=media&top=2&continuation={Uri.EscapeDataString(first.Continuation!)}");
        var third = await ListAsync(host, $"?source=media&top=2&continuation={Uri.EscapeDataString(second.Continuation!)}");
        Assert.Equal(["z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(first).Concat(Ids(second)).Concat(Ids(third)));
        Assert.Null(third.Continuation);

        static IEnumerable<string> Ids(JobList list) => list.Jobs.Select(job => job.Id);
    }

    [Fact]
    public async Task Asking_now_answers_what_the_status_api_said_and_never_asks_about_an_outcome()
    {
        await using var api = await StatusApi.StartAsync();
        await using var host = await RunningHost.StartAsync(statusEndpoint: api.Endpoint);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        api.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));

        var polled = await (await host.PostAsync("/api/jobs/media/z0.a/poll")).Content.ReadFromJsonAsync(ContractsJson.Default.JobRecord, Cancelled);
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, 1), (polled!.State, polled.SettledBy, polled.Polls));

        await host.PostAsync("/api/jobs/media/z0.a/poll");
        Assert.Single(api.Asked);
    }

    [Fact]
    public async Task A_stopped_job_is_not_polled_but_a_notification_still_settles_it()
    {
        await using var api = await StatusApi.StartAsync();
        await using var host = await RunningHost.StartAsync(statusEndpoint: api.Endpoint);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        Assert.Equal(HttpStatusCode.OK, (await host.Http.DeleteAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        await host.NotifyAsync("media", Done);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
        Assert.Empty(api.Asked);
    }

    [Fact]
    public async Task Republishing_is_a_further_event_with_a_higher_version_and_needs_an_outcome()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var tooEarly = await host.PostAsync("/api/jobs/media/z0.a/republish");
        Assert.Equal(HttpStatusCode.Conflict, tooEarly.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-settled", (await RunningHost.ProblemAsync(tooEarly)).Type);

        await host.NotifyAsync("media", Done);
        await host.PostAsync("/api/jobs/media/z0.a/republish");

        await using var events = await EventReader.OpenAsync(host, "0");
        var (first, again) = ((await events.NextAsync()).Data, (await events.NextAsync()).Data);
        Assert.Equal((JobEvent.SettledType, JobEvent.SettledType), (first.Type, again.Type));
        Assert.Equal(first.Data.State, again.Data.State);
        Assert.True(again.Data.Version > first.Data.Version);
        Assert.NotEqual(first.Id, again.Id);
    }

    [Theory]
    [InlineData("GET", "/api/jobs/media/nothing")]
    [InlineData("GET", "/api/jobs/nobody/z0.a")]
    [InlineData("DELETE", "/api/jobs/media/nothing")]
    [InlineData("POST", "/api/jobs/media/nothing/poll")]
    [InlineData("POST", "/api/jobs/media/nothing/republish")]
    [InlineData("POST", "/api/quarantine/nothing/retry")]
    [InlineData("GET", "/api/quarantine/nothing/body")]
    [InlineData("GET", "/api/nothing")]
    public async Task What_is_not_there_is_404(string method, string path)
    {
        await using var host = await RunningHost.StartAsync();
        using var request = new HttpRequestMessage(new(method), path);

        var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-found", (await RunningHost.ProblemAsync(answer)).Type);
    }

    [Fact]
    public async Task With_an_api_key_everything_but_notify_and_health_needs_it()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "a-key-of-16-chars");
        using var stranger = new HttpClient { BaseAddress = host.Host.Url };
        foreach (var path in (string[])["/api/jobs", "/api/quarantine", "/events", "/openapi.json"])
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/health/ready", Cancelled)).StatusCode);
        using var body = new StringContent(Done);
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/notify/media/{RunningHost.Token}", body, Cancelled)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", "a-key-of-16-chars");
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Without_an_api_key_only_notify_answers_to_a_name_that_is_not_the_loopbacks()
    {
        await using var host = await RunningHost.StartAsync();
        host.Http.DefaultRequestHeaders.Host = "hooks.example.com";

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
    }

    [Fact]
    public async Task Every_route_is_in_the_openapi_document_and_the_other_way_round()
    {
        await using var host = await RunningHost.StartAsync();
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));

        var documented = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()
                .Where(operation => operation.Name is "get" or "post" or "delete" or "put")
                .Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}"));
        var mapped = host.Host.Routes.SelectMany(route => route.Contains("/{correlation?}", StringComparison.Ordinal)
            ? [route.Replace("/{correlation?}", "", StringComparison.Ordinal), route.Replace("?}", "}", StringComparison.Ordinal)]
            : (string[])[route]);

        Assert.Equal(mapped.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    private static async Task<JobList> ListAsync(RunningHost host, string query) =>
        (await host.Http.GetFromJsonAsync($"/api/jobs{query}", ApiJson.Default.JobList, Cancelled))!;
}
