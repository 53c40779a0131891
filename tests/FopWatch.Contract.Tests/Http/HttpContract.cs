using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers.Signatures;
using FopWatch.Simulator;
using FopWatch.Watching;

namespace FopWatch.Contract.Tests.Http;

/// <summary>What every host answers over HTTP.</summary>
public abstract class HttpContract
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    /// <summary>Cancelled when the test run is.</summary>
    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "nothing", [] },
        { "blanks", "  \n"u8.ToArray() },
        { "deep JSON", Encoding.UTF8.GetBytes(new string('[', 100_000)) },
        { "deep JSON in an object", Encoding.UTF8.GetBytes("""{"id":"a","items":""" + new string('[', 5000) + new string(']', 5000) + "}") },
        { "invalid UTF-8", [.. "{\"id\":\""u8, 0xC3, 0x28, .. "\",\"code\":0,\"items\":[]}"u8] },
        { "truncated Base64", "eyJpZCI6IjIwMTA1NDY0NTQwZjE5NzQxNGQ1MWE4NjEyN"u8.ToArray() },
        { "a 600-digit number", Encoding.UTF8.GetBytes($$"""{"id":"a","code":{{new string('9', 600)}},"items":[{"cmd":"c","code":0}]}""") },
        { "a bare 600-digit number", Encoding.UTF8.GetBytes(new string('9', 600)) },
        { "duplicate keys", """{"id":"a","code":3,"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id with a slash", """{"id":"a/b","code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id of 10 KB", Encoding.UTF8.GetBytes($$"""{"id":"{{new string('a', 10_240)}}","code":0,"items":[{"cmd":"c","code":0}]}""") },
        { "an array", """[{"id":"a","code":0,"items":[{"cmd":"c","code":0}]}]"""u8.ToArray() },
        { "no id", """{"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an unknown shape", """{"id":"a","event":"finished"}"""u8.ToArray() },
        { "binary", [.. Enumerable.Range(0, 256).Select(value => (byte)value)] },
    };

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
        Assert.Equal("What is named here was not registered; all else was.", problem.Detail);
        Assert.Equal("/1/metadata", Assert.Single(problem.Errors!).Element);
        Assert.Equal(["first"], (await host.JobAsync("media", "z0.a")).Metadata!.Keys);
        Assert.Equal(JobState.Waiting, (await host.JobAsync("media", "z0.b")).State);

        // In the place of what is there it fits.
        Assert.Equal(HttpStatusCode.Accepted, (await host.PostAsync("/api/jobs", $$$"""{"source":"media","id":"z0.a","metadata":{"first":"{{{second}}}"}}""")).StatusCode);
        Assert.Equal(second, (await host.JobAsync("media", "z0.a")).Metadata!["first"]);
    }

    [Fact]
    public async Task A_waiting_request_is_answered_when_the_job_settles()
    {
        await using var host = await StartAsync();
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
    [InlineData("/api/quarantine?source=nobody")]
    [InlineData("/api/jobs?ref=z0.a")]
    [InlineData("/api/jobs?watch=open")]
    [InlineData("/api/jobs?continuation=xyz")]
    [InlineData("/api/quarantine?top=1001")]
    public async Task A_wrong_parameter_is_400(string path)
    {
        await using var host = await StartAsync();

        var answer = await host.Http.GetAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(400, (await ServedHost.ProblemAsync(answer)).Status);
    }

    [Theory]
    [InlineData("/api/jobs?status=failed", "status", "Unknown parameter 'status'; did you mean 'state'?")]
    [InlineData("/api/jobs?State=failed", "State", "Unknown parameter 'State'; did you mean 'state'?")]
    [InlineData("/api/jobs?source=", "source", "The parameter 'source' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?state=", "state", "The parameter 'state' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?watch&top=2", "watch", "The parameter 'watch' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?ref=", "ref", "The parameter 'ref' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?since=", "since", "The parameter 'since' is empty. Leave it out to select everything.")]
    [InlineData("/api/quarantine?source=", "source", "The parameter 'source' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?source=media&sate", "sate", "Unknown parameter 'sate'; did you mean 'state'?")]
    [InlineData("/api/jobs?%73tatus=failed", "status", "Unknown parameter 'status'; did you mean 'state'?")]
    [InlineData("/API/Jobs/?status=failed", "status", "Unknown parameter 'status'; did you mean 'state'?")]
    [InlineData("/api/jobs?state=failed&state=succeeded", "state", "The parameter 'state' is given more than once.")]
    [InlineData("/api/jobs/media/z0.a?timeout=5", "timeout", "Unknown parameter 'timeout'; this route takes 'wait'.")]
    [InlineData("/api/quarantine/x?source=media", "source", "Unknown parameter 'source'; this route takes none.")]
    public async Task A_parameter_that_the_route_does_not_take_is_named_with_the_nearest_that_it_takes(string path, string element, string detail)
    {
        await using var host = await StartAsync();

        var answer = await host.Http.GetAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await ServedHost.ProblemAsync(answer);
        Assert.Equal(detail, problem.Detail);
        Assert.Equal(new(element, detail), Assert.Single(problem.Errors!));
    }

    [Fact]
    public async Task Every_route_but_notify_and_health_refuses_an_unknown_parameter()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("media", "garbage");
        var before = await host.JobAsync("media", "z0.a");
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));
        var operations = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => (Path: path.Name, Method: operation.Name)))
            .Where(operation => operation.Method is "get" or "post" or "delete" or "put" && !operation.Path.StartsWith("/api/notify", StringComparison.Ordinal))
            .Where(operation => operation.Path is not ("/events" or "/metrics") || HasEvents)
            .ToList();

        Assert.True(operations.Count > 10);
        foreach (var (path, method) in operations)
        {
            var filled = path.Replace("{source}", "media", StringComparison.Ordinal)
                .Replace("{id}", "z0.a", StringComparison.Ordinal)
                .Replace("{key}", (await host.QuarantineAsync()).Notifications[0].Key, StringComparison.Ordinal);
            using var request = new HttpRequestMessage(new(method.ToUpperInvariant()), $"{filled}?nonsense=1");
            using var answer = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);

            var expected = path.StartsWith("/health/", StringComparison.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.BadRequest;
            Assert.Equal((method, path, expected), (method, path, answer.StatusCode));
            if (expected == HttpStatusCode.BadRequest)
                Assert.Equal("nonsense", Assert.Single((await ServedHost.ProblemAsync(answer)).Errors!).Element);
        }

        Assert.Equal(before.Version, (await host.JobAsync("media", "z0.a")).Version);
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task Retrying_all_with_a_typo_or_an_empty_source_retries_nothing()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", "garbage");

        foreach (var query in (string[])["?sorce=files", "?Source=files", "?source=", "?source", "?source=nobody", "?source=files&source=media", "?all"])
            Assert.Equal((query, HttpStatusCode.BadRequest), (query, (await host.PostAsync($"/api/quarantine/retry{query}")).StatusCode));

        var retried = await host.PostAsync("/api/quarantine/retry?source=files");
        Assert.Empty((await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotifications, Cancelled))!.Notifications);
    }

    [Theory]
    [InlineData("?message_type=ws_contentDetect_image")]
    [InlineData("?a=1&a=2&=&A=%zz")]
    public async Task A_notification_is_taken_whatever_its_query(string query)
    {
        await using var host = await StartAsync();

        foreach (var suffix in (string[])["", "/lesson-42"])
            Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done, suffix + query)).StatusCode);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Theory]
    [InlineData("/a/b")]
    [InlineData("//")]
    [InlineData("/lesson-42/")]
    [InlineData("/lesson-42//x")]
    public async Task A_notification_to_a_url_that_begins_with_a_notify_url_is_taken(string suffix)
    {
        await using var host = await StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done, suffix)).StatusCode);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Theory]
    [InlineData("/api/notify")]
    [InlineData("/api/notify/media")]
    [InlineData("/api/notify/media/")]
    [InlineData("/api/notify//right-token")]
    [InlineData("/api/notify/Media/right-token")]
    [InlineData("/api/notify/renamed/right-token")]
    [InlineData("/api/notify/renamed/right-token/a/b")]
    public async Task A_notification_to_a_url_that_is_none_is_404_and_a_trouble_of_the_installation(string path)
    {
        await using var host = await StartAsync();

        // A host that several tests share has troubles already.
        var before = await TroublesAsync();
        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync(path, Done)).StatusCode);

        var after = await TroublesAsync();
        var unknown = RoutesEmptySegments || !path.Contains("//", StringComparison.Ordinal) ? 2 : 0;
        Assert.Equal(unknown, Count(after, TroubleKind.UnknownNotifyUrl) - Count(before, TroubleKind.UnknownNotifyUrl));
        Assert.Equal(Count(before, TroubleKind.WrongToken), Count(after, TroubleKind.WrongToken));
        Assert.All(after.Where(one => one.Kind == TroubleKind.UnknownNotifyUrl), trouble =>
        {
            Assert.Null(trouble.Source);
            Assert.DoesNotContain("right-token", trouble.Detail, StringComparison.Ordinal);
            Assert.DoesNotContain("renamed", trouble.Detail, StringComparison.Ordinal);
        });

        async Task<IReadOnlyList<Trouble>> TroublesAsync() =>
            (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!.Troubles ?? [];

        static long Count(IEnumerable<Trouble> troubles, TroubleKind kind) => troubles.Where(one => one.Kind == kind).Sum(one => one.Count);
    }

    [Fact]
    public async Task The_list_is_newest_first_filtered_and_paged()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 5; i++)
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}"}""");
        await host.PostAsync("/api/jobs", """{"source":"files","id":"f"}""");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.3", StringComparison.Ordinal));

        Assert.Equal(["f", "z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(await host.ListAsync()));
        Assert.Equal(["z0.3"], Ids(await host.ListAsync("?state=succeeded")));
        Assert.Equal(["f"], Ids(await host.ListAsync("?source=files&state=waiting")));
        Assert.Empty((await host.ListAsync("?since=2999-01-01T00:00:00Z")).Jobs);

        var first = await host.ListAsync("?source=media&top=2");
        var second = await host.ListAsync($"?source=media&top=2&continuation={Uri.EscapeDataString(first.Continuation!)}");
        var third = await host.ListAsync($"?source=media&top=2&continuation={Uri.EscapeDataString(second.Continuation!)}");
        Assert.Equal(["z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(first).Concat(Ids(second)).Concat(Ids(third)));
        Assert.Null(third.Continuation);

        static IEnumerable<string> Ids(JobList list) => list.Jobs.Select(job => job.Id);
    }

    [Fact]
    public async Task A_list_since_a_time_takes_rfc_3339_and_nothing_like_it()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var at = (await host.JobAsync("media", "z0.a")).RegisteredAt;
        var inChina = at.ToOffset(TimeSpan.FromHours(8));

        // To the tick, wherever the clock is.
        foreach (var (ticks, jobs) in ((int, int)[])[(0, 1), (1, 0)])
        {
            Assert.Equal(jobs, await CountAsync(at.AddTicks(ticks).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture)));
            Assert.Equal(jobs, await CountAsync(inChina.AddTicks(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture)));
        }

        Assert.Equal(1, await CountAsync("2026-01-31T12:00:00Z"));
        Assert.Equal(1, await CountAsync("2026-01-31t12:00:00.123456789-05:30"));
        Assert.Equal(0, await CountAsync("2999-01-31T12:00:00z"));

        string[] refused = ["12:00", "01/02/2026", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31 12:00:00Z", "Sat, 31 Jan 2026 12:00:00 GMT", "2026-02-30T12:00:00Z", "1769860800"];
        foreach (var since in refused)
            await AssertRefusedAsync(Uri.EscapeDataString(since));

        // What becomes of a plus sign that was not escaped.
        await AssertRefusedAsync("2026-01-31T12:00:00+08:00");

        async Task<int> CountAsync(string since) => (await host.ListAsync($"?since={Uri.EscapeDataString(since)}")).Jobs.Count;

        async Task AssertRefusedAsync(string since)
        {
            using var answer = await host.Http.GetAsync($"/api/jobs?since={since}", Cancelled);
            Assert.Equal((since, HttpStatusCode.BadRequest), (since, answer.StatusCode));
            Assert.Equal("since", Assert.Single((await ServedHost.ProblemAsync(answer)).Errors!).Element);
        }
    }

    [Fact]
    public async Task Asking_now_answers_what_the_status_api_said_and_never_asks_about_an_outcome()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));

        var polled = await host.PollAsync("media", "z0.a");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll, 1), (polled.State, polled.SettledBy, polled.Polls));
        Assert.Equal("the report: succeeded", polled.Answer);
        Assert.Equal(polled.Answer, polled.LastPoll?.Answer);

        Assert.StartsWith("not asked: ", (await host.PollAsync("media", "z0.a")).Answer, StringComparison.Ordinal);
        Assert.Single(host.StatusApi.Asked);
    }

    [Theory]
    [InlineData(612, "", "HTTP 612: the status API does not know this id")]
    [InlineData(503, "", "HTTP 503")]
    [InlineData(573, "", "HTTP 573: the status API asks to slow down")]
    [InlineData(200, "<html>secret body</html>", "HTTP 200: the body is not JSON (line 1, byte 1)")]
    [InlineData(200, """{"id":"z0.a","code":2,"desc":"processing","items":[]}""", "the report: processing")]
    public async Task A_job_says_what_the_status_api_said_last_and_when_it_is_asked_next(int status, string body, string words)
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
    public async Task A_stopped_job_is_told_from_one_that_is_watched_given_up_or_done()
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
    public async Task A_job_is_found_by_the_reference_that_it_shows()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"z0.a"},{"source":"media","id":"z0.b"},{"source":"files","id":"z0.a"}]""");
        var reference = (await host.JobAsync("media", "z0.a")).Ref;

        Assert.Equal(("media", "z0.a"), Found($"?ref={reference}"));
        Assert.Equal(("media", "z0.a"), Found($"?ref={reference}&source=media&state=waiting&watch=watching"));
        Assert.Empty((await host.ListAsync($"?ref={reference}&source=files")).Jobs);
        Assert.Empty((await host.ListAsync($"?ref={reference}&state=failed")).Jobs);
        Assert.Empty((await host.ListAsync($"?ref={new string('0', 24)}")).Jobs);

        (string, string) Found(string query) => Assert.Single(host.ListAsync(query).GetAwaiter().GetResult().Jobs) is var job ? (job.Source, job.Id) : default;
    }

    [Fact]
    public async Task What_goes_wrong_is_listed_with_health_and_makes_no_host_unready()
    {
        await using var host = await StartAsync();
        Assert.Null((await ReadyAsync()).Troubles);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        host.StatusApi.Answers["z0.a"] = (503, []);

        await host.PollAsync("media", "z0.a");
        await host.PollAsync("media", "z0.a");
        await host.NotifyAsync("files", "not a notification");
        await host.PostAsync("/api/notify/media/another-token", Done);
        using (var forged = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/signed/{ServedHost.Token}"))
        {
            forged.Content = new StringContent(Done, Encoding.UTF8, "application/json");
            forged.Headers.TryAddWithoutValidation("Authorization", "Qiniu ak-1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(forged, Cancelled)).StatusCode);
        }

        var ready = await ReadyAsync();
        Assert.Equal("ready", ready.Status);
        Assert.Equal(
            [
                ("files", TroubleKind.UnreadableNotifications, 1),
                ("media", TroubleKind.StatusApiUnreachable, 2),
                ("media", TroubleKind.WrongToken, 1),
                ("signed", TroubleKind.WrongSignature, 1),
            ],
            ready.Troubles!.Select(trouble => (trouble.Source!, trouble.Kind, trouble.Count)).Order());
        Assert.Contains("FopWatch:PublicUrl", Assert.Single(ready.Troubles!, trouble => trouble.Source == "signed").Hint, StringComparison.Ordinal);

        async Task<Health> ReadyAsync() => (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!;
    }

    [Fact]
    public async Task A_stopped_job_is_not_polled_but_a_notification_still_settles_it()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        Assert.Equal(HttpStatusCode.OK, (await host.Http.DeleteAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        await host.NotifyAsync("media", Done);

        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
        Assert.Empty(host.StatusApi.Asked);
    }

    [Fact]
    public async Task An_expired_job_that_is_heard_of_or_registered_again_is_asked_about_again_and_superseded()
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
            // Where no watch runs by itself.
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

    [Theory]
    [InlineData("GET", "/api/jobs/media/nothing")]
    [InlineData("GET", "/api/jobs/nobody/z0.a")]
    [InlineData("DELETE", "/api/jobs/media/nothing")]
    [InlineData("POST", "/api/jobs/media/nothing/poll")]
    [InlineData("POST", "/api/jobs/media/nothing/republish")]
    [InlineData("POST", "/api/quarantine/nothing/retry")]
    [InlineData("GET", "/api/quarantine/nothing/body")]
    public async Task What_is_not_there_is_404(string method, string path)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new(method), path);

        var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-found", (await ServedHost.ProblemAsync(answer)).Type);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task What_cannot_be_understood_is_answered_200_and_kept_byte_for_byte(string what, byte[] body)
    {
        await using var host = await StartAsync();
        foreach (var source in (string[])["media", "files"])
        {
            var answer = await host.NotifyAsync(source, body, "application/json; charset=utf-8");
            Assert.True(answer.StatusCode == HttpStatusCode.OK, what);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Cancelled));
        }

        var kept = (await host.QuarantineAsync()).Notifications;
        Assert.Equal(["files", "media"], kept.Select(one => one.Source).Order());
        foreach (var one in kept)
        {
            Assert.Equal(body, await host.Http.GetByteArrayAsync(one.BodyHref, Cancelled));
            Assert.Equal(body.Length <= 64 * 1024 ? Convert.ToBase64String(body) : null, one.Body);
            Assert.Equal(body.Length, one.Size);
            Assert.NotEmpty(one.Reason);
            Assert.Equal("application/json; charset=utf-8", one.Headers["Content-Type"]);
        }
    }

    [Theory]
    [InlineData("media", "wrong-token")]
    [InlineData("media", "right-toke")]
    [InlineData("nobody", ServedHost.Token)]
    [InlineData("Media", ServedHost.Token)]
    public async Task An_unknown_source_and_a_wrong_token_are_404_alike(string source, string token)
    {
        await using var host = await StartAsync();

        var answer = await host.PostAsync($"/api/notify/{source}/{token}", Done);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(
            """{"type":"urn:fopwatch:problem:not-found","title":"Not found.","status":404}""",
            await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_and_counted_whether_it_says_its_length_or_not()
    {
        // No other test sends so much to this source.
        await using var host = await StartAsync();
        var path = $"/api/notify/video/{ServedHost.Token}";
        var counted = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument is { Meter.Name: Telemetry.Name, Name: "fopwatch.notifications.shed" })
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            var told = tags.ToArray();
            if (told.Contains(new("source", "video")) && told.Contains(new("reason", "too large")))
                Interlocked.Add(ref counted, value);
        });
        listener.Start();

        var announced = await host.PostAsync(path, new byte[ServedHost.MaxBodyBytes + 1], "application/json");
        using var chunked = new StreamContent(new MemoryStream(new byte[ServedHost.MaxBodyBytes + 1]));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = chunked, Headers = { TransferEncodingChunked = true } };
        var streamed = await host.Http.SendAsync(request, Cancelled);
        var fits = await host.PostAsync(path, new byte[ServedHost.MaxBodyBytes], "application/json");
        var wrong = await host.PostAsync("/api/notify/video/wrong-token", new byte[ServedHost.MaxBodyBytes + 1], "application/json");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);
        Assert.Equal("urn:fopwatch:problem:too-large", (await ServedHost.ProblemAsync(announced)).Type);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, streamed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, wrong.StatusCode);
        Assert.Equal(IsMeasuredHere ? 2 : 0, counted);
    }

    [Fact]
    public async Task The_correlation_in_the_path_is_echoed_as_metadata_and_a_strange_one_costs_nothing()
    {
        await using var host = await StartAsync();

        await host.NotifyAsync("media", Done, suffix: "/lesson-42");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal), suffix: "/%3Cb%3E");

        Assert.Equal("lesson-42", (await host.JobAsync("media", "z0.a")).Metadata!["correlation"]);
        Assert.Null((await host.JobAsync("media", "z0.b")).Metadata);
    }

    [Fact]
    public async Task Only_a_strong_signature_settles_a_job_and_anything_weaker_makes_the_poll_due()
    {
        var key = ServedHost.Key;
        await using var host = await StartAsync();
        var url = new Uri(ServedHost.PublicUrl, $"/api/notify/signed/{ServedHost.Token}");
        var failed = Encoding.UTF8.GetBytes(Done.Replace("\"code\":0,\"key\"", "\"code\":3,\"error\":\"no\",\"key\"", StringComparison.Ordinal));

        // What the status API says is true; the weak and the unsigned notification lie.
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));
        await SendAsync(host, url, failed, Signer.QBox(key.AccessKey, key.SecretKey, url, "application/json", failed));
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(await host.JobAsync("signed", "z0.a", "?wait=20")));
        Assert.Contains("z0.a", host.StatusApi.Asked);

        var strong = Encoding.UTF8.GetBytes(Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));
        await SendAsync(host, url, strong, Signer.Qiniu(key.AccessKey, key.SecretKey, url, "application/json", strong));
        Assert.Equal((JobState.Succeeded, SettledBy.Notification), Outcome(await host.JobAsync("signed", "z0.b")));
        Assert.DoesNotContain("z0.b", host.StatusApi.Asked);
    }

    [Fact]
    public async Task One_quarantined_notification_can_be_retried_or_thrown_away_by_itself()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", "garbage");
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);

        var retried = await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        var result = (await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled))!;
        Assert.Equal((NotificationResult.Quarantined, kept.Reason), (result.Result, result.Reason));

        await host.Http.DeleteAsync($"/api/quarantine/{kept.Key}", Cancelled);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task While_the_store_fails_nothing_is_acknowledged_and_afterwards_everything_goes_on()
    {
        await using var host = await StartAsync();
        HttpResponseMessage settling;
        HttpResponseMessage garbage;
        HttpResponseMessage ready;
        await using (await host.BreakStoreAsync())
        {
            settling = await host.NotifyAsync("media", Done);
            garbage = await host.NotifyAsync("media", "garbage");
            ready = await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""");
        }

        foreach (var answer in (HttpResponseMessage[])[settling, garbage, ready])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("urn:fopwatch:problem:unavailable", (await ServedHost.ProblemAsync(answer)).Type);
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        Assert.Empty((await host.QuarantineAsync()).Notifications);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Fact]
    public async Task The_same_notification_fourteen_times_is_one_outcome()
    {
        await using var host = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 14).Select(_ => host.NotifyAsync("media", Done)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal((JobState.Succeeded, 1), ((await host.JobAsync("media", "z0.a")).State, (await host.JobAsync("media", "z0.a")).Version));
    }

    [Fact]
    public async Task Republishing_needs_an_outcome_and_is_a_higher_version()
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
    public async Task Metadata_that_is_added_to_a_settled_job_is_a_new_version_and_the_same_metadata_is_not()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        var settled = await host.JobAsync("media", "z0.a");
        Assert.Null(settled.Metadata);

        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a","metadata":{"lesson":"42"}}""");
        var registered = await host.JobAsync("media", "z0.a");
        await host.NotifyAsync("media", Done, suffix: "/order-7");
        var correlated = await host.JobAsync("media", "z0.a");

        // The same again, in every way.
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a","metadata":{"lesson":"42"}}""");
        await host.NotifyAsync("media", Done, suffix: "/order-7");

        Assert.Equal("42", registered.Metadata!["lesson"]);
        Assert.Equal(settled.Version + 1, registered.Version);
        Assert.Equal(("42", "order-7"), (correlated.Metadata!["lesson"], correlated.Metadata["correlation"]));
        Assert.Equal(registered.Version + 1, correlated.Version);
        Assert.Equal(correlated.Version, (await host.JobAsync("media", "z0.a")).Version);
        Assert.Equal((settled.State, settled.SettledAt), (correlated.State, correlated.SettledAt));
    }

    [Fact]
    public async Task An_unsigned_notification_of_a_workflow_has_its_own_status_api_asked_which_settles_the_job()
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
        Assert.Empty(host.StatusApi.Asked);
    }

    [Fact]
    public async Task An_output_of_a_bucket_with_a_domain_has_a_url()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync(
            "media",
            """
            {"id":"z0.a","code":0,"desc":"ok","inputBucket":"course-video","items":[
             {"cmd":"avthumb/mp4","code":0,"key":"第 1 课/a?b#c%d.mp4"},
             {"cmd":"avthumb/flv|saveas/b3RoZXI6YS5mbHY=","code":0,"key":"a.flv"}]}
            """);

        var got = await host.JobAsync("media", "z0.a");
        var listed = Assert.Single((await host.ListAsync("?source=media")).Jobs);
        var republished = (await (await host.PostAsync("/api/jobs/media/z0.a/republish")).Content.ReadFromJsonAsync(ContractsJson.Default.JobRecord, Cancelled))!;

        foreach (var job in (JobRecord[])[got, listed, republished])
        {
            var urls = job.Items.SelectMany(item => item.Outputs).ToDictionary(output => output.Bucket!, output => output.Url);
            Assert.Equal("https://cdn.example.com/v/%E7%AC%AC%201%20%E8%AF%BE/a%3Fb%23c%25d.mp4", urls["course-video"]);
            Assert.Null(urls["other"]);
        }
    }

    [Fact]
    public async Task A_list_has_short_results_with_their_verdicts_and_the_job_has_them_whole()
    {
        await using var host = await StartAsync();
        var frames = string.Join(',', Enumerable.Range(0, 2_000).Select(i => $$"""{"offset":{{i}},"suggestion":"pass"}"""));
        var labels = string.Join(',', Enumerable.Range(0, 2_000).Select(i => $$"""
            "{{i:0000}}":{"score":{{i}}}
            """.Trim()));
        var whole = new Dictionary<string, string>
        {
            ["audit/list"] = $$"""{"cuts":[{{frames}}],"suggestion":"block"}""",
            ["audit/objects"] = $$$"""{"labels":{{{{labels}}}},"suggestion":"review"}""",
            ["audit/short"] = """{"suggestion":"pass"}""",
            ["audit/text"] = $$"""{"suggestion":"block","text":"{{new string('长', 5_000)}}"}""",
        };
        var items = string.Join(',', whole.Select(one => $$"""{"cmd":"{{one.Key}}","code":0,"result":{{one.Value}}}"""));
        await host.NotifyAsync("media", $$"""{"id":"z0.a","code":0,"desc":"ok","items":[{{items}}]}""");

        var got = await host.JobAsync("media", "z0.a");
        var listed = Assert.Single((await host.ListAsync("?source=media")).Jobs);
        var text = await host.Http.GetStringAsync("/api/jobs?source=media", Cancelled);

        Assert.False(got.Truncated);
        Assert.All(got.Items, item =>
        {
            Assert.Equal(whole[item.Command], item.Result!.Value.GetRawText());
            Assert.Null(item.Truncated);
        });
        Assert.True(listed.Truncated);
        Assert.All(listed.Items, item => Assert.InRange(Encoding.UTF8.GetByteCount(item.Result!.Value.GetRawText()), 1, 8 * 1024));
        var byCommand = listed.Items.ToDictionary(item => item.Command);
        Assert.Equal(
            ["block", "review", "pass", "block"],
            whole.Keys.Select(command => byCommand[command].Result!.Value.GetProperty("suggestion").GetString()));
        var cuts = byCommand["audit/list"].Result!.Value.GetProperty("cuts").GetArrayLength();
        Assert.Equal([new() { At = "/result/cuts", Elements = 2_000 - cuts }], byCommand["audit/list"].Truncated!);
        var left = byCommand["audit/objects"].Result!.Value.GetProperty("labels").EnumerateObject().Count();
        Assert.Equal($"/result/labels/{left:0000}", byCommand["audit/objects"].Truncated!.First(gone => gone.Dropped == true).At);
        Assert.Contains(new() { At = "/result", More = true }, byCommand["audit/objects"].Truncated!);
        Assert.Contains($$"""{"at":"/result/labels/{{left:0000}}","dropped":true}""", text, StringComparison.Ordinal);
        Assert.Null(byCommand["audit/short"].Truncated);
        var kept = byCommand["audit/text"].Result!.Value.GetProperty("text").GetString()!;
        Assert.Equal([new() { At = "/result/text", TextBytes = kept.Length * 3 }], byCommand["audit/text"].Truncated!);
    }

    [Fact]
    public async Task A_forged_signature_is_quarantined_and_settles_nothing()
    {
        await using var host = await StartAsync();
        var url = new Uri(ServedHost.PublicUrl, $"/api/notify/signed/{ServedHost.Token}");
        var body = Encoding.UTF8.GetBytes(Done);

        await SendAsync(host, url, body, Signer.Qiniu(ServedHost.Key.AccessKey, "wrong", url, "application/json", body));

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/signed/z0.a", Cancelled)).StatusCode);
        Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Empty(host.StatusApi.Asked);

        // Nothing has changed, so nothing changes.
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/api/quarantine/retry")).StatusCode);
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    /// <summary>What is signed wrongly, in what way, and what the quarantine says of it.</summary>
    public static TheoryData<string, string, string, SignatureFinding[]> WrongSignatures => new()
    {
        { "Qiniu", "host", "Set FopWatch:PublicUrl to \"https://elsewhere.example.org\".", [SignatureFinding.Host] },
        { "Qiniu", "port", "Give the provider a notify URL that begins with https://hooks.example.com: host in lower case, without a default port.", [SignatureFinding.Host] },
        { "Qiniu", "slash", "A proxy adds or removes the slash at the end of the path: make it pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "Qiniu", "query", "Give the provider a notify URL without a query, and make no proxy add one.", [SignatureFinding.Query] },
        { "Qiniu", "type", "A proxy changed the content type to 'application/json': make it pass headers unchanged.", [SignatureFinding.ContentType] },
        { "Qiniu", "scheme", "FopWatch does not accept this form", [SignatureFinding.SignatureScheme] },
        { "Qiniu", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:signed:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "Qiniu", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:signed:Keys.", [SignatureFinding.Unexplained] },
        { "QBox", "slash", "A proxy adds or removes the slash at the end of the path: make it pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "QBox", "query", "Give the provider a notify URL without a query, and make no proxy add one.", [SignatureFinding.Query] },
        { "QBox", "type", "A proxy changed the content type to 'application/json': make it pass headers unchanged.", [SignatureFinding.ContentType] },
        { "QBox", "scheme", "FopWatch does not accept this form", [SignatureFinding.SignatureScheme] },
        { "QBox", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:signed:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "QBox", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:signed:Keys.", [SignatureFinding.Unexplained] },
        { "Wangsu", "host", "Set FopWatch:PublicUrl to \"https://elsewhere.example.org\".", [SignatureFinding.Host] },
        { "Wangsu", "http", "Set FopWatch:PublicUrl to \"http://hooks.example.com\".", [SignatureFinding.UrlScheme] },
        { "Wangsu", "port", "Give the provider a notify URL that begins with https://hooks.example.com: host in lower case, without a default port.", [SignatureFinding.Host] },
        { "Wangsu", "slash", "A proxy adds or removes the slash at the end of the path: make it pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "Wangsu", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:video:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "Wangsu", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:video:Keys.", [SignatureFinding.Unexplained] },
    };

    [Theory]
    [MemberData(nameof(WrongSignatures))]
    public async Task A_wrong_signature_says_why_to_operators_and_to_nobody_else(string scheme, string way, string suggestion, SignatureFinding[] findings)
    {
        await using var host = await StartAsync();
        var path = $"/api/notify/{(scheme == "Wangsu" ? "video" : "signed")}/{ServedHost.Token}";
        var body = Encoding.UTF8.GetBytes(Done);
        var key = ServedHost.Key with { SecretKey = way == "secret key" ? "wrong" : ServedHost.Key.SecretKey };
        var signedHost = way switch { "host" => "elsewhere.example.org", "port" => "hooks.example.com:443", _ => "hooks.example.com" };
        var signedPath = path + (way == "slash" ? "/" : "");
        var type = way == "type" ? "application/x-www-form-urlencoded" : "application/json";
        var qiniu = Signer.QiniuSignature(key.SecretKey, "POST", signedHost, signedPath, type, body);
        var old = Signer.QBox("", key.SecretKey, new(ServedHost.PublicUrl, signedPath), type, body).Split(':')[1];
        var wangsu = Signer.Wangsu("", key.SecretKey, $"{(way == "http" ? "http" : "https")}://{signedHost}{signedPath}", body)[1..];
        var accessKey = way == "access key" ? "nobody" : key.AccessKey;
        var authorization = scheme switch
        {
            "Wangsu" => $"{accessKey}:{wangsu}",
            _ => $"{scheme} {accessKey}:{((scheme == "Qiniu") == (way == "scheme") ? old : qiniu)}",
        };

        using var request = new HttpRequestMessage(HttpMethod.Post, path + (way == "query" ? "?added=1" : "")) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        // Not in X-Forwarded-Host or Forwarded, which the Functions host replaces.
        request.Headers.Host = "elsewhere.example.org";
        using var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.OK, "ok"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
        var listed = Assert.Single((await host.QuarantineAsync()).Notifications);
        var text = await host.Http.GetStringAsync($"/api/quarantine/{listed.Key}", Cancelled);
        var entry = JsonSerializer.Deserialize(text, ApiJson.Default.QuarantineEntry)!;
        var retried = await (await host.PostAsync($"/api/quarantine/{listed.Key}/retry")).Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled);

        Assert.Equal(NotificationResult.Quarantined, retried!.Result);
        foreach (var (reason, signature) in new[] { (listed.Reason, listed.Signature), (entry.Reason, entry.Signature), (retried.Reason, retried.Signature) })
        {
            Assert.Equal(findings, signature!.Findings);
            Assert.StartsWith(suggestion, signature.Suggestion, StringComparison.Ordinal);
            Assert.Equal(ServedHost.PublicUrl + path[1..].Replace(ServedHost.Token, "***", StringComparison.Ordinal) + (way == "query" ? "?added=***" : ""), signature.CheckedUrl);
            Assert.Equal(accessKey, signature.AccessKey);
            Assert.Equal(entry.Reason, reason);
        }

        Assert.DoesNotContain(ServedHost.Token, text, StringComparison.Ordinal);
        Assert.DoesNotContain(ServedHost.Key.SecretKey, text, StringComparison.Ordinal);
        Assert.Empty((await host.ListAsync()).Jobs);
    }

    [Fact]
    public async Task Health_and_the_openapi_document_are_answered()
    {
        await using var host = await StartAsync();

        foreach (var path in (string[])["/health/live", "/health/ready"])
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(path, Cancelled)).StatusCode);
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));
        Assert.StartsWith("3.", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Whether the host measures in the process of the tests, which can listen only there.</summary>
    protected virtual bool IsMeasuredHere => true;

    /// <summary>Whether a path with an empty segment behind <c>/api/notify</c> reaches the app, and not a 404 of what is before it.</summary>
    protected virtual bool RoutesEmptySegments => true;

    /// <summary>Whether the host streams events over HTTP.</summary>
    protected virtual bool HasEvents => false;

    /// <summary>A host with an empty store, started with <see cref="ServedHost.Settings"/>.</summary>
    protected abstract Task<ServedHost> StartAsync();

    private static (JobState, SettledBy?) Outcome(JobRecord job) => (job.State, job.SettledBy);

    private static async Task SendAsync(ServedHost host, Uri url, byte[] body, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, Cancelled)).StatusCode);
    }
}
