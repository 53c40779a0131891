using System.Diagnostics;
using System.Net;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts.Http;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.Http;

public class JobsTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_route_is_a_404_and_an_invalid_position_is_a_400()
    {
        await using var host = await RunningHost.StartAsync();

        var nothing = await host.Http.GetAsync("/api/nothing", Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-found", (await RunningHost.ProblemAsync(nothing)).Type);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Http.GetAsync("/events?lastEventId=x", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Republishing_creates_an_event_with_a_higher_version_and_needs_an_outcome()
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

    [Fact]
    public async Task An_overdue_job_is_listed_shown_and_published_as_overdue()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"z0.late"},{"source":"media","id":"z0.a"}]""");
        var (services, key) = (host.Host.Services, new JobKey("media", "z0.late"));
        var late = (await services.GetRequiredService<IJobStore>().FindAsync(key, Cancelled))!.Job;
        services.GetRequiredService<LearnedPlans>().Set(
            "media", null, new Dictionary<string, ISurvivalCurve>(), new(TimeSpan.Zero, new Dictionary<string, TimeSpan?>()));
        var polled = new DecisionInput.Polled(late.Watch, new(PollAnswer.NotFound), 0.5);
        await services.GetRequiredService<JobRecorder>().RecordAsync(key, polled, Cancelled);

        await using var events = await EventReader.OpenAsync(host, "0");
        var told = (await events.NextAsync()).Data;
        Assert.Equal((JobEvent.OverdueType, "z0.late", true), (told.Type, told.Subject, told.Data.Overdue));
        Assert.Equal((true, false), ((await host.JobAsync("media", "z0.late")).Overdue, (await host.JobAsync("media", "z0.a")).Overdue));
        Assert.Equal("z0.late", await ListedAsync("true"));
        Assert.Equal("z0.a", await ListedAsync("false"));

        async Task<string?> ListedAsync(string overdue)
        {
            using var list = JsonDocument.Parse(await host.Http.GetStringAsync($"/api/jobs?overdue={overdue}", Cancelled));
            return Assert.Single(list.RootElement.GetProperty("jobs").EnumerateArray().ToList()).GetProperty("id").GetString();
        }
    }

    [Fact]
    public async Task With_an_API_key_everything_but_notify_and_health_needs_it()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "a-key-of-16-chars");
        using var stranger = new HttpClient { BaseAddress = host.Host.Url };
        foreach (var path in (string[])["/api/jobs", "/api/quarantine", "/events", "/openapi.json"])
        {
            using var refused = await stranger.GetAsync(path, Cancelled);
            Assert.Equal((HttpStatusCode.Unauthorized, "Bearer realm=\"FopWatch\""), (refused.StatusCode, refused.Headers.WwwAuthenticate.ToString()));
            Assert.Equal("urn:fopwatch:problem:unauthorized", (await RunningHost.ProblemAsync(refused)).Type);
        }

        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/health/ready", Cancelled)).StatusCode);
        using var body = new StringContent(Done);
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/notify/media/{RunningHost.Token}", body, Cancelled)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        foreach (var scheme in (string[])["Bearer", "bearer"])
        {
            stranger.DefaultRequestHeaders.Authorization = new(scheme, "a-key-of-16-chars");
            Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/api/jobs", Cancelled)).StatusCode);
            stranger.DefaultRequestHeaders.Authorization = new(scheme, "A-KEY-OF-16-CHARS");
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/api/jobs", Cancelled)).StatusCode);
        }
    }

    [Theory]
    [InlineData("PUT", "/api/jobs", "GET, HEAD, POST")]
    [InlineData("PATCH", "/api/jobs/media/z0.a", "DELETE, GET, HEAD")]
    [InlineData("GET", "/api/notify/media/right-token", "POST")]
    [InlineData("GET", "/api/notify/media/wrong-token", "POST")]
    [InlineData("GET", "/api/notify/nobody/wrong-token/lesson-42", "POST")]
    public async Task An_unsupported_method_is_answered_405_with_the_supported_ones(string method, string path, string allowed)
    {
        await using var host = await RunningHost.StartAsync();
        using var request = new HttpRequestMessage(new(method), path);

        var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(allowed, string.Join(", ", answer.Content.Headers.Allow.Order()));
        Assert.Equal("urn:fopwatch:problem:method-not-allowed", (await RunningHost.ProblemAsync(answer)).Type);
    }

    [Fact]
    public async Task A_waiting_call_is_answered_when_the_host_stops_and_does_not_delay_it()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var waiting = host.JobAsync("media", "z0.a", "?wait=60");
        await Task.Delay(TimeSpan.FromSeconds(1), Cancelled);
        Assert.False(waiting.IsCompleted);

        var clock = Stopwatch.StartNew();
        await host.Host.DisposeAsync();

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal(JobState.Waiting, (await waiting).State);
    }

    [Fact]
    public async Task Of_many_registrations_with_too_much_metadata_a_hundred_are_named_and_the_rest_counted()
    {
        await using var host = await RunningHost.StartAsync();
        var metadata = (string name) => $$$"""{"{{{name}}}":"{{{new string('x', 3000)}}}"}""";
        for (var part = 0; part < 2; part++)
        {
            var first = Enumerable.Range(0, 60).Select(i => $$$"""{"source":"media","id":"z0.{{{(60 * part) + i}}}","metadata":{{{metadata("first")}}}}""");
            Assert.Equal(HttpStatusCode.Accepted, (await host.PostAsync("/api/jobs", $"[{string.Join(',', first)}]")).StatusCode);
        }

        // All but the last already have some.
        var more = Enumerable.Range(0, 121).Select(i => $$$"""{"source":"media","id":"z0.{{{i}}}","metadata":{{{metadata("second")}}}}""");
        var some = await RunningHost.ProblemAsync(await host.PostAsync("/api/jobs", $"[{string.Join(',', more)}]"));
        Assert.Equal("The registrations named here failed, and 20 more whose metadata is too large; all others succeeded.", some.Detail);
        Assert.Equal(100, some.Errors!.Count);
        Assert.Equal(["second"], (await host.JobAsync("media", "z0.120")).Metadata!.Keys);

        var one = await RunningHost.ProblemAsync(await host.PostAsync("/api/jobs", more.First()));
        Assert.Equal(("Nothing was registered.", "/metadata"), (one.Detail, Assert.Single(one.Errors!).Element));
    }

    [Fact]
    public async Task Without_an_API_key_only_notify_is_answered_under_other_names_than_loopback()
    {
        await using var host = await RunningHost.StartAsync();
        host.Http.DefaultRequestHeaders.Host = "hooks.example.com";

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example.com")]
    [InlineData("null")]
    [InlineData("http://localhost:3000")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("http://127.0.0.1")]
    public async Task Without_an_API_key_a_page_of_another_origin_cannot_register_jobs_through_a_browser(string origin)
    {
        await using var host = await RunningHost.StartAsync();
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Origin", origin);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
        Assert.Equal("""{"status":"ready"}""", await host.Http.GetStringAsync("/health/ready", Cancelled));
    }

    [Theory]
    [InlineData("none", HttpStatusCode.OK)]
    [InlineData("same-origin", HttpStatusCode.OK)]
    [InlineData("same-site", HttpStatusCode.MisdirectedRequest)]
    [InlineData("cross-site", HttpStatusCode.MisdirectedRequest)]
    [InlineData("none, cross-site", HttpStatusCode.MisdirectedRequest)]
    [InlineData("", HttpStatusCode.MisdirectedRequest)]
    public async Task Without_an_API_key_a_browser_is_answered_only_for_itself_and_pages_of_this_origin(string site, HttpStatusCode status)
    {
        await using var host = await RunningHost.StartAsync();
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Sec-Fetch-Site", site);

        foreach (var path in (string[])["/api/jobs", "/events", "/metrics", "/openapi.json"])
            Assert.Equal(status, (await host.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
    }

    [Fact]
    public async Task Without_an_API_key_pages_of_this_origin_may_register_jobs()
    {
        await using var host = await RunningHost.StartAsync();
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Origin", host.Host.Url.GetLeftPart(UriPartial.Authority));
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Sec-Fetch-Site", "same-origin");

        Assert.Equal(HttpStatusCode.Accepted, (await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""")).StatusCode);
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Origin", "https://evil.example.com");
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""")).StatusCode);
    }

    [Fact]
    public async Task With_an_API_key_a_page_of_any_origin_may_use_it()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "a-key-of-16-chars");
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Origin", "https://console.example.com");
        host.Http.DefaultRequestHeaders.TryAddWithoutValidation("Sec-Fetch-Site", "cross-site");

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    [Theory]
    [InlineData("/events")]
    [InlineData("/metrics")]
    public async Task The_parameters_of_the_embedded_hosts_own_routes_match_the_OpenAPI_document(string path)
    {
        await using var host = await RunningHost.StartAsync();
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));
        var operation = document.RootElement.GetProperty("paths").GetProperty(path).GetProperty("get");
        string[] documented = operation.TryGetProperty("parameters", out var parameters)
            ? [.. parameters.EnumerateArray().Where(one => one.GetProperty("in").GetString() == "query").Select(one => $"'{one.GetProperty("name").GetString()}'")]
            : ["none"];

        using var answer = await host.Http.GetAsync($"{path}?xyz=1", Cancelled);

        Assert.EndsWith($"this route takes {string.Join(", ", documented)}.", (await ServedHost.ProblemAsync(answer)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_and_the_OpenAPI_document_match()
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

        // Anything below a notify URL is not a separate route, and the dashboard's files are not part of the API.
        mapped = mapped.Where(route => route is not ("POST /api/notify/{**rest}" or "POST /api/uploads/{**rest}") && !route.EndsWith(" /", StringComparison.Ordinal) && !route.EndsWith(" /ui/{**path}", StringComparison.Ordinal)).ToList();
        Assert.Equal(Paths("GET"), Paths("HEAD"));
        mapped = mapped.Where(route => !route.StartsWith("HEAD ", StringComparison.Ordinal));
        Assert.Equal(mapped.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));

        IEnumerable<string> Paths(string method) => mapped
            .Where(route => route.StartsWith(method + " ", StringComparison.Ordinal))
            .Select(route => route[(method.Length + 1)..])
            .Order(StringComparer.Ordinal);
    }
}
