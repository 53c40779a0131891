using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Settings;

namespace FopWatch.PortContracts.Http;

/// <summary>What callers see and may do with their keys, in every host.</summary>
public abstract class AccessContract : HostContract
{
    /// <summary>A route's answers to callers with the right, and to callers who do not see the source they ask about.</summary>
    private static readonly Route[] Routes =
    [
        new("GET", "/api/jobs", KeyRights.Read),
        new("GET", "/api/jobs", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest),
        new("GET", "/api/jobs/count", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest),
        new("POST", "/api/jobs/poll", KeyRights.Write, "?source=media", HttpStatusCode.BadRequest),
        new("POST", "/api/jobs/republish", KeyRights.Write, "?source=media", HttpStatusCode.BadRequest),
        new("POST", "/api/jobs/stop", KeyRights.Write, "?source=media", HttpStatusCode.BadRequest),
        new("POST", "/api/jobs", KeyRights.Write, Unseen: HttpStatusCode.BadRequest) { Body = """{"source":"media","id":"z0.a"}""", Done = HttpStatusCode.Accepted },
        new("GET", "/api/jobs/{source}/{id}", KeyRights.Read, Unseen: HttpStatusCode.NotFound),
        new("GET", "/api/jobs/{source}/{id}", KeyRights.Read, "?wait=0.1", HttpStatusCode.NotFound),
        new("GET", "/api/jobs/{source}/{id}/body", KeyRights.Read, Unseen: HttpStatusCode.NotFound),
        new("POST", "/api/jobs/{source}/{id}/poll", KeyRights.Write, Unseen: HttpStatusCode.NotFound),
        new("POST", "/api/jobs/{source}/{id}/republish", KeyRights.Write, Unseen: HttpStatusCode.NotFound),
        new("DELETE", "/api/jobs/{source}/{id}", KeyRights.Write, Unseen: HttpStatusCode.NotFound),
        new("GET", "/api/quarantine", KeyRights.Read),
        new("GET", "/api/quarantine", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest),
        new("GET", "/api/quarantine/{key}", KeyRights.Read, Unseen: HttpStatusCode.NotFound),
        new("GET", "/api/quarantine/{key}/body", KeyRights.Read, Unseen: HttpStatusCode.NotFound),
        new("POST", "/api/quarantine/{key}/retry", KeyRights.Write, Unseen: HttpStatusCode.NotFound),
        new("POST", "/api/quarantine/retry", KeyRights.Write, "?source=media", HttpStatusCode.BadRequest),
        new("DELETE", "/api/quarantine", KeyRights.Write, "?source=media", HttpStatusCode.BadRequest),
        new("DELETE", "/api/quarantine/{key}", KeyRights.Write, Unseen: HttpStatusCode.NoContent) { Done = HttpStatusCode.NoContent },
        new("GET", "/api/overview", KeyRights.Read),
        new("GET", "/api/overview", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest),
        new("GET", "/api/plan", KeyRights.Read),
        new("GET", "/api/plan", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest),
        new("POST", "/api/doctor", KeyRights.Write, Unseen: HttpStatusCode.Forbidden) { AnswersForAll = true },
        new("GET", "/api/me", KeyRights.Read),
        new("GET", "/openapi.json", KeyRights.Read),
        new("GET", "/events", KeyRights.Read) { IsEmbedded = true },
        new("GET", "/events", KeyRights.Read, "?source=media", HttpStatusCode.BadRequest) { IsEmbedded = true },
        new("GET", "/metrics", KeyRights.Read, Unseen: HttpStatusCode.Forbidden) { IsEmbedded = true, AnswersForAll = true },
        OfWebhook("GET", "", KeyRights.Read, HttpStatusCode.OK),
        OfWebhook("GET", "/{name}", KeyRights.Read),
        OfWebhook("GET", "/{name}/deliveries", KeyRights.Read),
        OfWebhook("POST", "/{name}/pause", KeyRights.Write),
        OfWebhook("POST", "/{name}/resume", KeyRights.Write),
        OfWebhook("GET", "/{name}/replay", KeyRights.Read, query: "?from=0"),
        OfWebhook("POST", "/{name}/replay", KeyRights.Write, query: "?from=0"),
        OfWebhook("POST", "/{name}/test", KeyRights.Write),
    ];

    /// <summary>Public routes, which have their own tests.</summary>
    private static readonly string[] Open =
    [
        "GET /", "GET /health/live", "GET /health/ready", "GET /ui/{**path}", "POST /api/notify/{source}/{token}/{correlation?}", "POST /api/notify/{**rest}",
        "POST /api/uploads/{source}/{token}", "POST /api/uploads/{**rest}",
    ];

    private static readonly KeyHolder[] Holders =
    [
        new("all-read", "key-that-reads-it-all", KeyRights.Read, null),
        new("all-write", "key-that-does-it-all", KeyRights.Write, null),
        new("media-read", "key-that-reads-media", KeyRights.Read, ["media"]),
        new("media-write", "key-that-does-media", KeyRights.Write, ["media"]),
        new("files-read", "key-that-reads-files", KeyRights.Read, ["files"]),
        new("files-write", "key-that-does-files", KeyRights.Write, ["files"]),
        new("two-write", "key-that-does-two-of-them", KeyRights.Write, ["media", "video"]),
    ];

    /// <summary>The named keys, as settings below <c>FopWatch</c>.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> KeySettings => Holders.SelectMany(holder => (KeyValuePair<string, string?>[])
        [
            new($"ApiKeys:{holder.Name}:Key", holder.Key),
            new($"ApiKeys:{holder.Name}:Rights", holder.Rights.ToString()),
            .. (holder.Sources ?? []).Select((source, i) => KeyValuePair.Create($"ApiKeys:{holder.Name}:Sources:{i}", (string?)source)),
        ]);

    /// <summary>The routes of the host as method and pattern; null if the host does not list them.</summary>
    protected abstract IEnumerable<string>? RoutesOf(ServedHost host);

    /// <summary>The start of paths for callers who have only an API key.</summary>
    protected abstract string Prefix { get; }

    /// <summary>Whether the host streams events over HTTP and has public probes.</summary>
    protected virtual bool IsEmbedded => false;

    [Fact]
    public async Task Every_route_is_in_the_table_of_this_test()
    {
        await using var host = await StartAsync();
        if (RoutesOf(host)?.Where(route => !route.StartsWith("head ", StringComparison.OrdinalIgnoreCase)).ToList() is not { } routes)
            return;

        var listed = Routes.Where(route => IsEmbedded || !route.IsEmbedded).Select(route => $"{route.Method} {route.Pattern}").Concat(Open).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.NotEmpty(routes);
        Assert.All(routes, route => Assert.Contains(route, (IReadOnlySet<string>)listed));
    }

    [Fact]
    public async Task At_each_route_a_key_sees_and_does_what_its_rights_and_sources_allow()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));
        var number = 0;
        foreach (var route in Routes.Where(route => IsEmbedded || !route.IsEmbedded))
        {
            foreach (var holder in (KeyHolder?[])[null, new("wrong", "no-key-of-this-host", KeyRights.Write, null), .. Holders])
            {
                using var request = await RequestAsync(host, route, holder, ++number);
                using var answer = await host.Stranger.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);

                var expected = Expected(route, holder);
                Assert.Equal((route.Method, route.Pattern, route.Query, holder?.Name, expected), (route.Method, route.Pattern, route.Query, holder?.Name, answer.StatusCode));

                // A cache on the way would answer one key with what another one sees. The Functions host answers some requests without a right key itself.
                if (expected != HttpStatusCode.Unauthorized)
                    Assert.Equal((route.Pattern, true), (route.Pattern, answer.Headers.CacheControl?.NoStore));
                if ((int)expected >= 400)
                    await AssertProblemAsync(answer, expected);
            }

            // The caller with all rights, by whatever means the host has.
            using var all = await RequestAsync(host, route, null, ++number, prefix: "");
            using var done = await host.Http.SendAsync(all, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            Assert.Equal((route.Method, route.Pattern, route.Done), (route.Method, route.Pattern, done.StatusCode));
        }
    }

    [Fact]
    public async Task A_caller_with_all_rights_who_also_sends_a_key_has_only_the_rights_of_the_key()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("files", """{"id":"z0.f","code":3,"items":[{"cmd":"copy","code":3,"key":"out"}]}""");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("GET", "/api/jobs/media/z0.a", "media-read"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("GET", "/api/jobs/files/z0.f", "media-read"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync("DELETE", "/api/jobs/media/z0.a", "media-read"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("DELETE", "/api/jobs/media/z0.a", "media-write"));

        // An invalid key does not fall back to all rights.
        foreach (var wrong in (string[])["no-key-of-this-host", " "])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/jobs/media/z0.a");
            request.Headers.TryAddWithoutValidation("X-Api-Key", wrong);
            Assert.Equal(HttpStatusCode.Unauthorized, (await LetInWithoutKey(host).SendAsync(request, Cancelled)).StatusCode);
        }

        async Task<HttpStatusCode> StatusAsync(string method, string path, string holder)
        {
            using var request = new HttpRequestMessage(new(method), path);
            request.Headers.Add("X-Api-Key", Holders.Single(one => one.Name == holder).Key);
            return (await LetInWithoutKey(host).SendAsync(request, Cancelled)).StatusCode;
        }
    }

    [Fact]
    public async Task Lists_and_searches_contain_what_the_key_sees()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        foreach (var source in (string[])["media", "files", "video"])
            await host.PostAsync("/api/jobs", $$"""[{"source":"{{source}}","id":"z0.1"},{"source":"{{source}}","id":"z0.2"}]""");

        Assert.Equal(["media/z0.1", "media/z0.2", "media/z0.a"], await JobsAsync("media-read"));
        Assert.Equal(["files/z0.1", "files/z0.2"], await JobsAsync("files-write"));
        Assert.Equal(["media/z0.1", "media/z0.2", "media/z0.a", "video/z0.1", "video/z0.2"], await JobsAsync("two-write"));
        Assert.Equal(["video/z0.1", "video/z0.2"], await JobsAsync("two-write", "&source=video"));
        Assert.Equal(["media/z0.a"], await JobsAsync("two-write", "&state=succeeded"));
        Assert.Equal(7, (await JobsAsync("all-read")).Count);

        var files = (await host.JobAsync("files", "z0.1")).Ref;
        Assert.Equal(["files/z0.1"], await JobsAsync("files-read", $"&ref={files}"));
        Assert.Empty(await JobsAsync("media-read", $"&ref={files}"));
        Assert.Empty(await JobsAsync("two-write", $"&ref={files}"));

        async Task<List<string>> JobsAsync(string holder, string query = "")
        {
            var (jobs, continuation) = (new List<string>(), "");
            do
            {
                var page = await ReadAsync(host, holder, $"/api/jobs?top=2{query}{continuation}", ApiJson.Default.JobList);
                jobs.AddRange(page.Jobs.Select(job => $"{job.Source}/{job.Id}"));
                continuation = page.Continuation is { } next ? $"&continuation={Uri.EscapeDataString(next)}" : "";
            }
            while (continuation.Length > 0);
            return [.. jobs.Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task The_overview_and_the_plans_contain_the_sources_that_the_key_sees()
    {
        await using var host = await StartAsync();
        foreach (var source in (string[])["media", "files", "video"])
            await host.PostAsync("/api/jobs", $$"""{"source":"{{source}}","id":"z0.1"}""");
        await host.Stranger.PostAsync("/api/notify/nobody/token", null, Cancelled);

        var two = await ReadAsync(host, "two-write", "/api/overview", ApiJson.Default.Overview);
        Assert.Equal(["media", "video"], two.Sources.Select(source => source.Name));
        Assert.Equal(["media", "video"], two.Timeline.Select(hour => hour.Source).Distinct());
        Assert.Empty(two.Findings);
        Assert.Equal(["media", "video"], (await ReadAsync(host, "two-write", "/api/plan", ApiJson.Default.PlanReport)).Sources.Select(source => source.Name));

        var all = await ReadAsync(host, "all-read", "/api/overview", ApiJson.Default.Overview);
        Assert.True(all.Sources.Count > 2);
        Assert.Contains(all.Findings, finding => finding.Kind == "unknownNotifyUrl");
    }

    [Fact]
    public async Task A_registration_for_an_invisible_source_is_answered_as_for_an_unknown_one()
    {
        await using var host = await StartAsync();

        var foreign = await RegisterAsync("""[{"source":"media","id":"z0.1"},{"source":"files","id":"z0.2"}]""");
        var unknown = await RegisterAsync("""[{"source":"media","id":"z0.1"},{"source":"nobody","id":"z0.2"}]""");

        Assert.Equal(HttpStatusCode.BadRequest, foreign.Status);
        Assert.Equal(unknown with { ElementDetail = unknown.ElementDetail.Replace("nobody", "files", StringComparison.Ordinal) }, foreign);
        Assert.Equal(("/1/source", "'source' is 'files', which is not the name of a configured source; the source is media."), (foreign.Element, foreign.ElementDetail));
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.1", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/files/z0.2", Cancelled)).StatusCode);

        async Task<(HttpStatusCode Status, string Detail, string Element, string ElementDetail)> RegisterAsync(string body)
        {
            using var answer = await SendAsync(host, "media-write", "POST", "/api/jobs", body);
            var problem = await ServedHost.ProblemAsync(answer);
            var error = Assert.Single(problem.Errors!);
            return (answer.StatusCode, problem.Detail!, error.Element, error.Detail);
        }
    }

    [Fact]
    public async Task Bulk_requests_count_and_change_only_the_jobs_that_the_key_sees()
    {
        await using var host = await StartAsync();
        foreach (var source in (string[])["media", "files", "video"])
            await host.PostAsync("/api/jobs", $$"""[{"source":"{{source}}","id":"z0.1"},{"source":"{{source}}","id":"z0.2"}]""");

        foreach (var (holder, count) in new[] { ("files-write", 2), ("two-write", 4), ("all-write", 6) })
        {
            Assert.Equal((holder, count), (holder, (await ReadAsync(host, holder, "/api/jobs/count", ApiJson.Default.JobsCounted)).Count));
            using var asked = await SendAsync(host, holder, "POST", "/api/jobs/stop?state=waiting");
            Assert.Equal((holder, count), (holder, (await asked.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, Cancelled))!.Count));
        }

        using var stopped = await SendAsync(host, "files-write", "POST", "/api/jobs/stop?state=waiting&confirm=2");
        Assert.Equal(2, (await stopped.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, Cancelled))!.Done);
        Assert.Equal(["files", "files"], (await host.ListAsync("?watch=stopped")).Jobs.Select(job => job.Source));
    }

    [Fact]
    public async Task A_registration_is_answered_with_the_jobs_location_for_the_caller()
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "media-write", "POST", "/api/jobs", """{"source":"media","id":"z0.1"}""");

        Assert.Equal($"{Prefix}/api/jobs/media/z0.1", answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Only_keys_for_all_sources_are_told_why_the_store_fails()
    {
        await using var host = await StartAsync();
        await using var broken = await host.BreakStoreAsync();

        foreach (var (holder, isTold) in new[] { ("media-write", false), ("all-read", true) })
        {
            using var answer = await SendAsync(host, holder, "GET", "/health/ready");
            if (answer.StatusCode == HttpStatusCode.OK)
                continue;
            var problem = await ServedHost.ProblemAsync(answer);
            Assert.Equal((holder, isTold), (holder, problem.Detail != Problem.Unavailable().Problem.Detail));
        }
    }

    [Fact]
    public async Task Only_visible_quarantine_entries_are_listed_and_retried()
    {
        await using var host = await StartAsync();
        foreach (var source in (string[])["media", "files", "video"])
        {
            for (var i = 0; i < 2; i++)
                await host.NotifyAsync(source, $"garbage {i}");
        }

        Assert.Equal(["media", "media"], await SourcesAsync("media-read"));
        Assert.Equal(["files", "files"], await SourcesAsync("files-write"));
        Assert.Equal(["media", "media", "video", "video"], await SourcesAsync("two-write"));
        Assert.Equal(["video", "video"], await SourcesAsync("two-write", "&source=video"));

        // Page by page: each page has only the caller's notifications, and the continuation names no other.
        var (seen, continuation) = (0, "");
        do
        {
            var page = await ReadAsync(host, "two-write", $"/api/quarantine?top=1{continuation}", ApiJson.Default.QuarantineList);
            Assert.NotEqual("files", Assert.Single(page.Notifications).Source);
            seen++;
            var next = page.Continuation ?? "";
            Assert.DoesNotContain("files", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(next)), StringComparison.Ordinal);
            continuation = next.Length > 0 ? $"&continuation={Uri.EscapeDataString(next)}" : "";
        }
        while (continuation.Length > 0);
        Assert.Equal(4, seen);

        foreach (var (holder, count) in new[] { ("files-write", 2), ("two-write", 4), ("all-write", 6) })
        {
            var asked = await ActAsync(holder, "/api/quarantine/retry");
            Assert.Equal((holder, count), (holder, asked.Count));
            var done = await ActAsync(holder, $"/api/quarantine/retry?confirm={Uri.EscapeDataString(asked.Confirm!)}");
            Assert.Equal((holder, 0, count), (holder, done.Done, done.Failed));
        }

        using (var foreign = await SendAsync(host, "files-write", "DELETE", $"/api/quarantine/{(await host.QuarantineAsync()).Notifications.First(kept => kept.Source == "media").Key}"))
            Assert.Equal(HttpStatusCode.NoContent, foreign.StatusCode);
        Assert.Equal(6, (await host.QuarantineAsync()).Notifications.Count);

        async Task<BulkAnswer> ActAsync(string holder, string path)
        {
            using var answer = await SendAsync(host, holder, "POST", path);
            Assert.Equal((holder, path, HttpStatusCode.OK), (holder, path, answer.StatusCode));
            return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.BulkAnswer, Cancelled))!;
        }

        async Task<List<string>> SourcesAsync(string holder, string query = "") =>
            [.. (await ReadAsync(host, holder, $"/api/quarantine?top=100{query}", ApiJson.Default.QuarantineList)).Notifications.Select(kept => kept.Source).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task Troubles_are_listed_for_callers_who_see_the_source()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("files", "garbage");
        await host.NotifyAsync("media", "garbage");
        await host.PostAsync("/api/notify/nobody/right-token", Done);

        Assert.Equal(["media"], await TroubledAsync("media-read"));
        Assert.Equal(["files"], await TroubledAsync("files-write"));
        var all = await TroubledAsync("all-read");
        Assert.Superset(new HashSet<string?> { "files", "media", null }, all.ToHashSet());
        using var stranger = await SendAsync(host, null, "GET", "/health/ready");
        Assert.Equal(IsEmbedded ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.DoesNotContain("troubles", await stranger.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);

        async Task<List<string?>> TroubledAsync(string holder) =>
            [.. ((await ReadAsync(host, holder, "/health/ready", ApiJson.Default.Health)).Troubles ?? []).Select(trouble => trouble.Source).Distinct().Order()];
    }

    [Fact]
    public async Task A_caller_is_told_its_rights_and_the_identity_of_the_host()
    {
        await using var host = await StartAsync();

        var me = await ReadAsync(host, "media-read", "/api/me", ApiJson.Default.CallerProfile);
        Assert.Equal(("media-read", KeyRights.Read), (me.Name, me.Rights));
        Assert.Equal(["media"], me.Sources);
        Assert.Equal(IsEmbedded ? HostKind.Embedded : HostKind.Cloud, me.Host);
        Assert.Equal(IsEmbedded ? "/events" : null, me.Events);
        Assert.NotEqual(default, me.At);

        var all = await host.Http.GetStringAsync("/api/me", Cancelled);
        Assert.StartsWith("{\"name\":null,\"rights\":\"write\",\"sources\":null,\"host\":\"", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HEAD_needs_the_same_right_as_GET()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);

        foreach (var (holder, status) in new[] { ("media-read", HttpStatusCode.OK), ("files-write", HttpStatusCode.NotFound), (null, HttpStatusCode.Unauthorized) })
        {
            using var answer = await SendAsync(host, holder, "HEAD", "/api/jobs/media/z0.a");
            Assert.Equal((holder, status), (holder, answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("/api/jobs?source=media")]
    [InlineData("/api/overview?source=media")]
    [InlineData("/api/plan?source=media")]
    public async Task A_key_is_told_the_names_of_its_own_sources_only(string path)
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "files-write", "GET", path);

        Assert.Equal(
            ("source", "'media' is not the name of a configured source; the source is files."),
            Assert.Single((await ServedHost.ProblemAsync(answer)).Errors!.Select(problem => (problem.Element, problem.Detail))));
    }

    /// <summary>A client that the host lets in without an API key, if there is one; otherwise a stranger.</summary>
    protected virtual HttpClient LetInWithoutKey(ServedHost host) => host.Stranger;

    /// <summary>These settings have no webhook, so callers with the right are told that.</summary>
    private static Route OfWebhook(string method, string path, KeyRights needs, HttpStatusCode done = HttpStatusCode.NotFound, string query = "") =>
        new(method, $"/api/webhooks{path}", needs, query, HttpStatusCode.Forbidden) { IsEmbedded = true, AnswersForAll = true, Done = done };

    private static HttpStatusCode Expected(Route route, KeyHolder? holder)
    {
        if (holder is null || !Holders.Contains(holder))
            return HttpStatusCode.Unauthorized;
        if (route.Needs == KeyRights.Write && holder.Rights == KeyRights.Read)
            return HttpStatusCode.Forbidden;
        var sees = holder.Sources is null || (!route.AnswersForAll && holder.Sources.Contains("media"));
        return sees || route.Unseen is null ? route.Done : route.Unseen.Value;
    }

    private static async Task AssertProblemAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var problem = await ServedHost.ProblemAsync(answer);
        Assert.Equal((int)status, problem.Status);
        if (status != HttpStatusCode.Forbidden)
            return;
        Assert.Equal("urn:fopwatch:problem:not-allowed", problem.Type);
        Assert.Contains("needs a key", problem.Detail!, StringComparison.Ordinal);
    }

    private async Task<HttpRequestMessage> RequestAsync(ServedHost host, Route route, KeyHolder? holder, int number, string? prefix = null)
    {
        var path = route.Pattern.Replace("{source}", "media", StringComparison.Ordinal).Replace("{id}", "z0.a", StringComparison.Ordinal);
        if (path.Contains("{key}", StringComparison.Ordinal))
        {
            await host.NotifyAsync("media", $"garbage {number}");
            var all = await host.Http.GetFromJsonAsync("/api/quarantine?source=media&top=1", ApiJson.Default.QuarantineList, Cancelled);
            path = path.Replace("{key}", all!.Notifications[0].Key, StringComparison.Ordinal);
        }

        var request = new HttpRequestMessage(new(route.Method), (prefix ?? Prefix) + path + route.Query);
        if (route.Body is { } body)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (holder is not null)
            request.Headers.Add("X-Api-Key", holder.Key);
        return request;
    }

    private Task<HttpResponseMessage> SendAsync(ServedHost host, string? holder, string method, string path, string? body = null)
    {
        var request = new HttpRequestMessage(new(method), Prefix + path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (holder is not null)
            request.Headers.Add("X-Api-Key", Holders.Single(one => one.Name == holder).Key);
        return host.Stranger.SendAsync(request, Cancelled);
    }

    private async Task<T> ReadAsync<T>(ServedHost host, string holder, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var answer = await SendAsync(host, holder, "GET", path);
        Assert.Equal((holder, path, HttpStatusCode.OK), (holder, path, answer.StatusCode));
        return (await answer.Content.ReadFromJsonAsync(type, Cancelled))!;
    }

    private sealed record KeyHolder(string Name, string Key, KeyRights Rights, string[]? Sources);

    /// <param name="Method">The method.</param>
    /// <param name="Pattern">The route.</param>
    /// <param name="Needs">The right that it needs.</param>
    /// <param name="Query">The query of the request.</param>
    /// <param name="Unseen">The answer to a key that does not see <c>media</c>; null for the same as to others.</param>
    private sealed record Route(string Method, string Pattern, KeyRights Needs, string Query = "", HttpStatusCode? Unseen = null)
    {
        public HttpStatusCode Done { get; init; } = HttpStatusCode.OK;

        public string? Body { get; init; }

        public bool IsEmbedded { get; init; }

        public bool AnswersForAll { get; init; }
    }
}
