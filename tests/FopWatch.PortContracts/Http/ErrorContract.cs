using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Intake;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles unusual and invalid HTTP requests.</summary>
public abstract class ErrorContract : HostContract
{
    [Fact]
    public async Task HEAD_is_answered_as_GET_without_a_body()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("media", "garbage");
        var key = Assert.Single((await host.QuarantineAsync()).Notifications).Key;
        string[] paths =
        [
            "/api/jobs", "/api/jobs?nonsense=1", "/api/jobs/media/z0.a", "/api/jobs/media/nothing", "/api/quarantine", $"/api/quarantine/{key}",
            $"/api/quarantine/{key}/body", "/health/live", "/health/ready", "/openapi.json",
        ];

        foreach (var path in paths)
        {
            using var got = await host.Http.GetAsync(path, Cancelled);
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var asked = await host.Http.SendAsync(request, Cancelled);

            Assert.Equal((path, got.StatusCode), (path, asked.StatusCode));
            Assert.Equal(got.Content.Headers.ContentType?.MediaType, asked.Content.Headers.ContentType?.MediaType);
            Assert.Empty(await asked.Content.ReadAsByteArrayAsync(Cancelled));
        }
    }

    [Theory]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n")]
    [InlineData("ffffffffffffffff\r\n{}\r\n0\r\n\r\n")]
    [InlineData("2\r\n{}{}\r\n0\r\n\r\n")]
    public async Task A_broken_chunk_is_a_problem_and_has_no_effect(string chunks)
    {
        Assert.SkipUnless(IsReachedDirectly, "Something in front of the host answers invalid HTTP.");
        await using var host = await StartAsync();

        foreach (var path in (string[])[$"/api/notify/media/{ServedHost.Token}", "/api/jobs"])
        {
            var answer = await SendAsync(
                host.Http.BaseAddress!,
                $"POST {path} HTTP/1.1\r\nHost: {host.Http.BaseAddress!.Authority}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");

            Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
            Assert.Contains($"Content-Type: {Problem.ContentType}", answer, StringComparison.Ordinal);
            Assert.Contains("\"type\":\"urn:fopwatch:problem:invalid-request\"", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", answer, StringComparison.Ordinal);
        }

        Assert.Empty((await host.ListAsync()).Jobs);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_byte_order_mark_is_accepted_wherever_JSON_is()
    {
        await using var host = await StartAsync();
        byte[] Marked(string text) => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)];
        host.StatusApi.Answers["z0.b"] = (200, Marked(Done.Replace("z0.a", "z0.b", StringComparison.Ordinal)));

        using var one = await host.PostAsync("/api/jobs", Marked("""{"source":"media","id":"z0.b"}"""), "application/json");
        using var many = await host.PostAsync("/api/jobs", Marked("""[{"source":"media","id":"z0.c"}]"""), "application/json");
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (one.StatusCode, many.StatusCode));

        await host.NotifyAsync("media", Marked(Done));
        await host.NotifyAsync("files", Marked("""{"id":"z0.f","code":3,"items":[{"cmd":"move","code":"3"}]}"""));
        await host.NotifyAsync("video", Marked(Convert.ToBase64String(Marked("""{"id":"z0.v","code":3,"items":[{"cmd":"avthumb/mp4","code":"3"}]}"""))), "text/plain");
        await host.PollAsync("media", "z0.b");
        foreach (var (source, id) in (IReadOnlyList<(string, string)>)[("media", "z0.a"), ("media", "z0.b"), ("files", "z0.f"), ("video", "z0.v")])
            Assert.Equal((id, JobState.Succeeded), (id, (await host.JobAsync(source, id)).State));
        Assert.Empty((await host.QuarantineAsync()).Notifications);

        // A byte order mark does not make an invalid body valid.
        using var wrong = await host.PostAsync("/api/jobs", Marked(""), "application/json");
        Assert.Equal("urn:fopwatch:problem:invalid-request", (await ServedHost.ProblemAsync(wrong)).Type);
        await host.NotifyAsync("media", Marked("garbage"));
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);
        using var retried = await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        Assert.Equal(NotificationResult.Quarantined, (await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled))!.Result);
    }

    [Theory]
    [InlineData("GET", "/api/nothing")]
    [InlineData("POST", "/api/jobs/media")]
    [InlineData("GET", "/api/jobs/media/a%2Fb/c")]
    [InlineData("GET", "/health")]
    [InlineData("GET", "/health/nothing")]
    [InlineData("HEAD", "/api/nothing")]
    public Task An_unknown_route_is_a_problem(string method, string path) => IsUnknownAsync(method, path);

    [Theory]
    [InlineData("PATCH", "/api/jobs", "GET, HEAD, POST")]
    [InlineData("PUT", "/api/jobs/media/z0.a", "DELETE, GET, HEAD")]
    [InlineData("POST", "/health/live", "GET, HEAD")]
    [InlineData("POST", "/openapi.json", "GET, HEAD")]
    [InlineData("HEAD", "/api/notify/media/right-token", "POST")]
    public async Task An_unsupported_method_is_a_problem(string method, string path, string allowed)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.MethodNotAllowed, Problem.ContentType), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal(allowed, string.Join(", ", answer.Content.Headers.Allow.Order()));
    }

    /// <summary>Whether requests reach the application's own server directly.</summary>
    protected virtual bool IsReachedDirectly => true;

    private static async Task<string> SendAsync(Uri host, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Host, host.Port, Cancelled);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Cancelled);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(Cancelled);
    }

    protected async Task IsUnknownAsync(string method, string path)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.NotFound, Problem.ContentType), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        if (method != "HEAD")
            Assert.Equal("urn:fopwatch:problem:not-found", (await ServedHost.ProblemAsync(answer)).Type);
    }
}
