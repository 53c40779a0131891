using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using FopWatch.Contracts;
using FopWatch.Core.Tests.PollLimits;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Reply = FopWatch.Core.Tests.Providers.LoopbackServer.Reply;

namespace FopWatch.Core.Tests.Providers;

public sealed class StatusClientTests : IDisposable
{
    private const string Done = """{"id":"z0.a","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}""";

    private readonly ManualTimeProvider _clock = new();
    private readonly HttpClient _http = StatusClient.CreateHttp();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task The_endpoint_is_queried_and_the_report_read()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, Done, "Content-Type: text/plain; charset=gbk"));

        var answer = await AskAsync(server, basePath: "/base");

        Assert.Equal((PollAnswer.Report, null, null), (answer.Answer, answer.Detail, answer.RetryAfter));
        Assert.Equal(("z0.a", ReportChannel.Poll, JobState.Succeeded), (answer.Report?.Id, answer.Report?.Channel, answer.Report?.Facts.Outcome));
        Assert.Equal(["/base/status/get/prefop?id=z0.a"], server.Asked);
        var head = Assert.Single(server.Heads);
        foreach (var header in (string[])["Authorization", "Cookie", "Accept-Encoding", "traceparent"])
            Assert.DoesNotContain(header, head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(ProviderKind.Qiniu, 612, PollAnswer.NotFound)]
    [InlineData(ProviderKind.Qiniu, 573, PollAnswer.Throttled)]
    [InlineData(ProviderKind.Qiniu, 429, PollAnswer.Throttled)]
    [InlineData(ProviderKind.Qiniu, 599, PollAnswer.Unavailable)]
    [InlineData(ProviderKind.Qiniu, 503, PollAnswer.Unavailable)]
    [InlineData(ProviderKind.Qiniu, 631, PollAnswer.Refused)]
    [InlineData(ProviderKind.Qiniu, 404, PollAnswer.Refused)]
    [InlineData(ProviderKind.Qiniu, 400, PollAnswer.Refused)]
    [InlineData(ProviderKind.WangsuFops, 500, PollAnswer.Unavailable)]
    [InlineData(ProviderKind.WangsuFops, 612, PollAnswer.Refused)]
    public async Task Status_codes_outside_of_HTTP_are_answers_too(ProviderKind kind, int status, PollAnswer expected)
    {
        await using var server = new LoopbackServer(_ => Reply.Of(status, """{"error":"z0.a"}"""));

        var answer = await AskAsync(server, kind: kind);

        Assert.Equal((expected, $"HTTP {status}"), (answer.Answer, answer.Detail));
        Assert.Null(answer.Report);
    }

    [Theory]
    [InlineData("""{"code":"404","message":"z0.a is unknown"}""")]
    [InlineData("""{"message":"no","code":404}""")]
    public async Task Wangsus_404_with_its_own_error_is_an_unknown_id(string body)
    {
        foreach (var kind in (ProviderKind[])[ProviderKind.WangsuFmgr, ProviderKind.WangsuFops])
        {
            await using var server = new LoopbackServer(_ => Reply.Of(404, body, "Content-Type: text/plain", "Retry-After: 7"));
            var answer = await AskAsync(server, kind: kind);
            Assert.Equal(new(PollAnswer.NotFound, Detail: "HTTP 404", RetryAfter: TimeSpan.FromSeconds(7)), answer);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><h1>404 Not Found</h1></html>")]
    [InlineData("""{"error":"no such path"}""")]
    [InlineData("""{"code":404}""")]
    [InlineData("""{"message":"no Route matched with those values"}""")]
    [InlineData("""{"code":"403","message":"no"}""")]
    [InlineData("""{"code":"3","message":"no"}""")]
    [InlineData("""{"code":"404","message":"no","items":[]}""")]
    [InlineData(Done)]
    public async Task Any_other_404_says_nothing_about_the_id(string body)
    {
        foreach (var kind in (ProviderKind[])[ProviderKind.WangsuFmgr, ProviderKind.WangsuFops])
        {
            await using var server = new LoopbackServer(_ => Reply.Of(404, body, "Retry-After: 7"));
            var answer = await AskAsync(server, kind: kind);
            Assert.Equal(
                new(PollAnswer.Refused, Detail: "HTTP 404 that is not the API's: the status endpoint may be wrong", RetryAfter: TimeSpan.FromSeconds(7)),
                answer);
        }
    }

    [Fact]
    public async Task A_truncated_404_of_Wangsu_is_retried_and_an_oversized_one_is_not()
    {
        const string Half = """{"code":"404","mess""";
        await using var closed = new LoopbackServer(_ => Reply.Raw("HTTP/1.1 404 Not Found\r\n\r\n" + Half));
        var answer = await AskAsync(closed, kind: ProviderKind.WangsuFops);
        Assert.Equal((PollAnswer.Unavailable, "HTTP 404, whose body was cut"), (answer.Answer, answer.Detail));

        await using var cut = new LoopbackServer(_ => Reply.Raw("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n" + Half));
        Assert.Equal(PollAnswer.Unavailable, (await AskAsync(cut, kind: ProviderKind.WangsuFops)).Answer);

        await using var large = new LoopbackServer(_ => Reply.Of(404, """{"code":"404","message":"no"}"""));
        answer = await AskAsync(large, kind: ProviderKind.WangsuFops, options: new() { MaxAnswerLength = 10 });
        Assert.Equal((PollAnswer.Refused, "HTTP 404: the answer is too large"), (answer.Answer, answer.Detail));
    }

    [Theory]
    [InlineData("""{"code":"404","message":"z0.a is unknown"}""", PollAnswer.NotFound, "HTTP 200, in whose body: 404")]
    [InlineData("""{"code":503,"message":"busy"}""", PollAnswer.Unavailable, "HTTP 200, in whose body: 503")]
    [InlineData("""{"code":403,"message":"no"}""", PollAnswer.Refused, "HTTP 200, in whose body: 403")]
    [InlineData("""{"code":200,"message":"z0.a"}""", PollAnswer.Refused, "HTTP 200: the body is an error of the API, not a task")]
    [InlineData("""{"code":"3","message":"z0.a"}""", PollAnswer.Refused, "HTTP 200: the body is an error of the API, not a task")]
    public async Task The_code_of_an_error_in_the_body_gives_its_meaning(string body, PollAnswer expected, string detail)
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, body));
        var answer = await AskAsync(server, kind: ProviderKind.WangsuFops);
        Assert.Equal((expected, detail), (answer.Answer, answer.Detail));
    }

    [Theory]
    [InlineData("""{"id":"z0.a","code":0,"items":[""", "HTTP 200: the body is not JSON (line 1, byte 32)")]
    [InlineData("<html>z0.a</html>", "HTTP 200: the body is not JSON (line 1, byte 1)")]
    [InlineData("", "HTTP 200: the body is empty")]
    [InlineData("""{"error":"z0.a"}""", "HTTP 200: the body is neither a task nor a workflow")]
    [InlineData("""{"id":"z0.A","code":0,"items":[]}""", "HTTP 200: the answer is about another id")]
    public async Task A_complete_answer_that_is_not_a_report_of_the_job_is_refused(string body, string detail)
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, body));
        var answer = await AskAsync(server);
        Assert.Equal((PollAnswer.Refused, detail), (answer.Answer, answer.Detail));
        Assert.Null(answer.Report);
    }

    [Fact]
    public async Task An_answer_without_an_id_is_assumed_to_be_about_the_job()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, """{"code":2,"items":[{"cmd":"x","code":2}]}"""));
        Assert.Equal(PollAnswer.Report, (await AskAsync(server)).Answer);
    }

    [Fact]
    public async Task A_truncated_answer_is_retried()
    {
        var half = Done[..20];
        foreach (var reply in (Reply[])[Reply.Cut(half), Reply.Raw("HTTP/1.1 200 OK\r\n\r\n" + half), Reply.Raw("HTTP/1.1 200 OK\r\n\r\n"), Reply.Raw("HTTP/1.1 20"), Reply.Raw("")])
        {
            await using var server = new LoopbackServer(_ => reply);
            Assert.Equal(PollAnswer.Unavailable, (await AskAsync(server)).Answer);
        }

        await using var whole = new LoopbackServer(_ => Reply.Raw("HTTP/1.1 200 OK\r\n\r\nnonsense"));
        Assert.Equal(PollAnswer.Refused, (await AskAsync(whole)).Answer);
    }

    [Fact]
    public async Task A_refused_connection_is_retried()
    {
        Uri url;
        await using (var server = new LoopbackServer(_ => Reply.Of(200)))
            url = server.Url;

        var answer = await Client().AskAsync(At(url), "z0.a", false, Token);
        Assert.Equal((PollAnswer.Unavailable, "could not connect: connection refused"), (answer.Answer, answer.Detail));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n{\"id\":")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("")]
    public async Task A_slow_head_or_body_is_given_up_in_time(string beginning)
    {
        await using var server = new LoopbackServer(_ => Reply.Raw(beginning) with { ThenHang = true });
        var asking = AskAsync(server);
        await server.UntilAnsweredAsync(Token);

        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(asking.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));

        var answer = await asking;
        Assert.Equal((PollAnswer.Unavailable, "timed out after 30 s"), (answer.Answer, answer.Detail));
    }

    [Fact]
    public async Task Only_cancellation_throws()
    {
        await using var server = new LoopbackServer(_ => Reply.Cut("{", thenHang: true));
        using var cancel = new CancellationTokenSource();
        var asking = Client().AskAsync(At(server.Url), "z0.a", false, cancel.Token);
        await server.UntilAnsweredAsync(Token);

        await cancel.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().AskAsync(At(server.Url), "z0.a", false, cancel.Token));
    }

    [Fact]
    public async Task An_oversized_answer_is_refused_with_or_without_an_announced_length()
    {
        var padded = Done + new string(' ', 1000);
        var options = new StatusClientOptions { MaxAnswerLength = padded.Length - 1 };
        foreach (var reply in (Reply[])[Reply.Of(200, padded), Reply.Chunked(padded.Chunk(100).Select(chunk => new string(chunk)))])
        {
            await using var server = new LoopbackServer(_ => reply);
            var answer = await AskAsync(server, options: options);
            Assert.Equal((PollAnswer.Refused, "HTTP 200: the answer is too large"), (answer.Answer, answer.Detail));
            Assert.Equal(PollAnswer.Report, (await AskAsync(server, options: new() { MaxAnswerLength = padded.Length })).Answer);
        }
    }

    [Fact]
    public async Task A_large_answer_is_read()
    {
        var items = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $$"""{"cmd":"avthumb/mp4/{{i}}","code":0,"key":"k{{i}}","hash":"{{new string('h', 400)}}"}"""));
        await using var server = new LoopbackServer(_ => Reply.Of(200, $$"""{"id":"z0.a","code":0,"items":[{{items}}]}"""));
        Assert.Equal(10_000, (await AskAsync(server)).Report?.Facts.Counts.Succeeded);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_within_the_host_are_followed(int status)
    {
        await using var server = new LoopbackServer(target => target.StartsWith("/moved", StringComparison.Ordinal)
            ? Reply.Of(200, Done)
            : Reply.Of(status, "", "Location: /moved?id=z0.a"));

        Assert.Equal(PollAnswer.Report, (await AskAsync(server)).Answer);
        Assert.Equal(["/status/get/prefop?id=z0.a", "/moved?id=z0.a"], server.Asked);
    }

    [Fact]
    public async Task Redirects_elsewhere_are_refused_and_not_followed()
    {
        await using var other = new LoopbackServer(_ => Reply.Of(200, Done));
        foreach (var (location, detail) in ((string, string)[])
        [
            ($"Location: {other.Url}x", "HTTP 302 to another host"),
            ("Location: https://127.0.0.1/x", "HTTP 302 to another host"),
            ("Location: //localhost/x", "HTTP 302 to another host"),
            ("Location: file:///etc/hosts", "HTTP 302 to another host"),
            ("X-Nothing: here", "HTTP 302 to nowhere"),
        ])
        {
            await using var server = new LoopbackServer(_ => Reply.Of(302, "", location));
            var answer = await AskAsync(server);
            Assert.Equal((PollAnswer.Refused, detail), (answer.Answer, answer.Detail));
        }

        Assert.Empty(other.Asked);
    }

    [Fact]
    public async Task A_redirect_with_a_user_name_is_to_another_host()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(302, "", "Location: http://me@127.0.0.1/x"));
        Assert.Equal("HTTP 302 to another host", (await AskAsync(server)).Detail);
    }

    [Fact]
    public async Task Endless_redirects_are_refused()
    {
        await using var server = new LoopbackServer(target => Reply.Of(302, "", $"Location: {target}1"));
        var answer = await AskAsync(server);
        Assert.Equal((PollAnswer.Refused, "HTTP 302: redirected more than 3 times"), (answer.Answer, answer.Detail));
        Assert.Equal(4, server.Asked.Count);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("0", 0)]
    [InlineData("999999", 3600)]
    [InlineData("Fri, 02 Jan 2026 03:05:05 GMT", 60)]
    [InlineData("Fri, 02 Jan 2026 03:03:05 GMT", 0)]
    [InlineData("Sat, 02 Jan 2027 03:05:05 GMT", 3600)]
    [InlineData("soon", null)]
    public async Task Retry_After_is_observed_up_to_an_hour(string header, int? seconds)
    {
        await using var server = new LoopbackServer(_ => Reply.Of(503, "", $"Retry-After: {header}"));
        var answer = await AskAsync(server);
        Assert.Equal((PollAnswer.Unavailable, seconds), (answer.Answer, (int?)answer.RetryAfter?.TotalSeconds));
    }

    [Fact]
    public async Task A_throttled_source_is_not_queried_for_a_while()
    {
        var throttled = true;
        await using var server = new LoopbackServer(_ => throttled ? Reply.Of(573) : Reply.Of(200, Done));
        var client = Client();
        Assert.Equal(PollAnswer.Throttled, (await client.AskAsync(At(server.Url), "z0.a", false, Token)).Answer);
        throttled = false;

        var waiting = client.AskAsync(At(server.Url), "z0.a", false, Token);
        await _clock.UntilTimersAsync(1, Token);
        Assert.Single(server.Asked);
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(PollAnswer.Report, (await waiting).Answer);
        Assert.Equal(2, server.Asked.Count);
    }

    [Fact]
    public async Task No_caller_waits_for_a_long_pause()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(429, "", "Retry-After: 100"));
        var client = Client();
        await client.AskAsync(At(server.Url), "z0.a", false, Token);
        _clock.Advance(TimeSpan.FromSeconds(10));

        var answer = await client.AskAsync(At(server.Url), "z0.b", false, Token);

        Assert.Equal((PollAnswer.Throttled, TimeSpan.FromSeconds(90)), (answer.Answer, answer.RetryAfter));
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Polls_keep_to_the_rate_of_the_source()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, Done));
        var source = At(server.Url) with { Poll = Bodies.Qiniu.DefaultPoll with { PerSecond = 2 } };
        var client = Client();
        await client.AskAsync(source, "z0.a", false, Token);
        await client.AskAsync(source, "z0.a", false, Token);

        var third = client.AskAsync(source, "z0.a", false, Token);
        await _clock.UntilTimersAsync(1, Token);
        Assert.Equal(2, server.Asked.Count);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(PollAnswer.Report, (await third).Answer);
    }

    [Fact]
    public async Task An_endless_head_is_refused()
    {
        await using var server = new LoopbackServer(_ => Reply.Of(200, Done, $"X-Long: {new string('x', 100_000)}"));
        Assert.Equal(PollAnswer.Refused, (await AskAsync(server)).Answer);
    }

    [Fact]
    public void The_handler_adds_no_headers()
    {
        using var handler = StatusClient.CreateHandler();
        Assert.Equal(
            (false, false, false, DecompressionMethods.None, null, null),
            (handler.AllowAutoRedirect, handler.UseCookies, handler.PreAuthenticate, handler.AutomaticDecompression, handler.Credentials, handler.DefaultProxyCredentials));
    }

    [Fact]
    public async Task A_connection_that_is_reset_at_once_is_no_answer()
    {
        using var handler = StatusClient.CreateHandler();
        handler.ConnectCallback = ResetConnection.ConnectAsync;
        using var http = new HttpClient(handler);

        var answer = await new StatusClient(http, _clock).AskAsync(At(new("http://127.0.0.1:9")), "z0.a", false, Token);

        Assert.Equal((PollAnswer.Unavailable, "the connection was cut"), (answer.Answer, answer.Detail));
    }

    [Fact]
    public async Task A_hanging_status_API_holds_a_limited_number_of_connections()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connections = new ConcurrentBag<TcpClient>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var accepting = Task.Run(
            async () =>
            {
                while (true)
                    connections.Add(await listener.AcceptTcpClientAsync(end.Token));
            },
            Token);
        var client = new StatusClient(_http, TimeProvider.System);
        var source = PollPacerTests.Source("media", 10_000) with
        {
            StatusEndpoint = new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"),
        };

        var asks = Enumerable.Range(0, StatusClient.MostConnections + 50).Select(i => client.AskAsync(source, $"z0.{i}", false, end.Token)).ToList();
        while (connections.Count < StatusClient.MostConnections)
            await Task.Delay(20, Token);
        await Task.Delay(500, Token);

        Assert.Equal(StatusClient.MostConnections, connections.Count);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(asks));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        foreach (var connection in connections)
            connection.Dispose();
    }

    private StatusClient Client(StatusClientOptions? options = null) => new(_http, _clock, options);

    private Task<StatusAnswer> AskAsync(
        LoopbackServer server, string basePath = "", ProviderKind kind = ProviderKind.Qiniu, StatusClientOptions? options = null) =>
        Client(options).AskAsync(At(new(server.Url, basePath), kind), "z0.a", false, Token);

    private static Source At(Uri endpoint, ProviderKind kind = ProviderKind.Qiniu) =>
        PollPacerTests.Source("media", 10) with { Provider = ProviderKinds.For(kind), StatusEndpoint = endpoint };
}
