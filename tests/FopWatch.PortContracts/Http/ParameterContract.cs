using System.Net;
using System.Text.Json;
using FopWatch.Wording;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles parameters and unknown objects.</summary>
public abstract class ParameterContract : HostContract
{
    [Theory]
    [InlineData("/api/jobs/media/z0.a?wait=301")]
    [InlineData("/api/jobs/media/z0.a?wait=-1")]
    [InlineData("/api/jobs/media/z0.a?wait=soon")]
    [InlineData("/api/jobs/media/z0.a?wait=4m")]
    [InlineData("/api/jobs/media/z0.a?wait=")]
    [InlineData("/api/jobs/media/z0.a?wait=4%00")]
    [InlineData("/api/jobs?top=0")]
    [InlineData("/api/jobs?top=5%00")]
    [InlineData("/api/jobs?top=+5")]
    [InlineData("/api/jobs?top=1001")]
    [InlineData("/api/jobs?state=done")]
    [InlineData("/api/jobs?since=yesterday")]
    [InlineData("/api/jobs?source=nobody")]
    [InlineData("/api/quarantine?source=nobody")]
    [InlineData("/api/jobs?ref=z0.a")]
    [InlineData("/api/jobs?watch=open")]
    [InlineData("/api/jobs?overdue=yes")]
    [InlineData("/api/jobs?overdue=True")]
    [InlineData("/api/jobs?continuation=xyz")]
    [InlineData("/api/quarantine?top=1001")]
    [InlineData("/api/quarantine?top=5%00")]
    [InlineData("/api/overview?hours=0")]
    [InlineData("/api/overview?hours=2161")]
    [InlineData("/api/overview?hours=2001")]
    [InlineData("/api/overview?hours=day")]
    [InlineData("/api/overview?hours=5%00")]
    [InlineData("/api/overview?source=nobody")]
    [InlineData("/api/plan?source=nobody")]
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
    [InlineData("/api/jobs?overdue=", "overdue", "The parameter 'overdue' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?ref=", "ref", "The parameter 'ref' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?since=", "since", "The parameter 'since' is empty. Leave it out to select everything.")]
    [InlineData("/api/quarantine?source=", "source", "The parameter 'source' is empty. Leave it out to select everything.")]
    [InlineData("/api/jobs?source=media&sate", "sate", "Unknown parameter 'sate'; did you mean 'state'?")]
    [InlineData("/api/jobs?%73tatus=failed", "status", "Unknown parameter 'status'; did you mean 'state'?")]
    [InlineData("/API/Jobs/?status=failed", "status", "Unknown parameter 'status'; did you mean 'state'?")]
    [InlineData("/api/jobs?state=failed&state=succeeded", "state", "The parameter 'state' is given more than once.")]
    [InlineData("/api/jobs/media/z0.a?timeout=5", "timeout", "Unknown parameter 'timeout'; this route takes 'wait'.")]
    [InlineData("/api/overview?source=", "source", "The parameter 'source' is empty. Leave it out to select everything.")]
    [InlineData("/api/overview?hour=1", "hour", "Unknown parameter 'hour'; did you mean 'hours'?")]
    [InlineData("/api/quarantine/x?source=media", "source", "Unknown parameter 'source'; this route takes none.")]
    public async Task An_unknown_parameter_is_named_with_the_closest_known_one(string path, string element, string detail)
    {
        await using var host = await StartAsync();

        var answer = await host.Http.GetAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await ServedHost.ProblemAsync(answer);
        Assert.Equal(detail, problem.Detail);
        Assert.Equal(new(element, Sentence.Verbatim(detail)), Assert.Single(problem.Errors!));
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
            .Where(operation => !operation.Path.StartsWith("/api/uploads", StringComparison.Ordinal))
            .Where(operation => !(operation.Path is "/events" or "/metrics" || operation.Path.StartsWith("/api/webhooks", StringComparison.Ordinal)) || HasEvents)
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

        var retried = await host.Http.ConfirmedAsync("/api/quarantine/retry?source=files");
        Assert.Empty(retried.Notifications!);
    }

    [Theory]
    [InlineData("GET", "/api/jobs/media/nothing")]
    [InlineData("GET", "/api/jobs/nobody/z0.a")]
    [InlineData("DELETE", "/api/jobs/media/nothing")]
    [InlineData("POST", "/api/jobs/media/nothing/poll")]
    [InlineData("POST", "/api/jobs/media/nothing/republish")]
    [InlineData("POST", "/api/quarantine/nothing/retry")]
    [InlineData("GET", "/api/quarantine/nothing/body")]
    public async Task An_unknown_object_is_404(string method, string path)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new(method), path);

        var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("urn:fopwatch:problem:not-found", (await ServedHost.ProblemAsync(answer)).Type);
    }

    [Fact]
    public async Task Health_and_the_OpenAPI_document_are_answered()
    {
        await using var host = await StartAsync();

        foreach (var path in (string[])["/health/live", "/health/ready"])
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(path, Cancelled)).StatusCode);
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));
        Assert.StartsWith("3.", document.RootElement.GetProperty("openapi").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Whether the host streams events over HTTP.</summary>
    protected virtual bool HasEvents => false;
}
