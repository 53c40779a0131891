using FopWatch.Local.Tests.Http;

namespace FopWatch.Client.Tests;

/// <summary>Which calls are retried, when, and for how long.</summary>
public sealed class RepetitionTests
{
    private const string Problem503 = """{"type":"urn:fopwatch:problem:unavailable","title":"Temporarily unavailable.","status":503}""";
    private const string Me = """{"name":null,"rights":"write","sources":null,"host":"embedded","events":"/events","at":"2026-01-01T00:00:00Z"}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(503, "application/problem+json", Problem503)]
    [InlineData(429, "application/problem+json", """{"type":"about:blank","title":"Too Many Requests","status":429}""")]
    [InlineData(502, "text/html", "<html>")]
    [InlineData(504, "text/html", "<html>")]
    public async Task A_call_that_may_succeed_later_is_retried(int status, string type, string body)
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().Then(status, type, body).Then(status, type, body).Then(200, "application/json", Me);
        using var client = host.Client(clock);

        var me = await RunAsync(client.MeAsync(Cancelled), clock);

        Assert.Equal((KeyRights.Write, HostKind.Embedded, 3), (me.Rights, me.Host, host.Requests.Count));
    }

    [Fact]
    public async Task Retries_wait_for_as_long_as_the_host_asks()
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().Then(503, "application/problem+json", Problem503, "7").Then(200, "application/json", Me);
        using var client = host.Client(clock);

        await RunAsync(client.MeAsync(Cancelled), clock, step: TimeSpan.FromSeconds(0.5));

        Assert.InRange(clock.GetUtcNow() - DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Retries_stop_after_the_configured_time_and_the_exception_says_why()
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().Then(503, "application/problem+json", Problem503);
        using var client = host.Client(clock, options => options.RetryFor = TimeSpan.FromSeconds(30));

        var failure = await Assert.ThrowsAsync<FopWatchUnreachableException>(() => RunAsync(client.MeAsync(Cancelled), clock, step: TimeSpan.FromSeconds(0.5)));

        Assert.Equal(("Temporarily unavailable.", true), (failure.Message, failure.IsTransient));
        Assert.InRange(clock.GetUtcNow() - DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(40));
        Assert.InRange(host.Requests.Count, 5, 10);
    }

    [Fact]
    public async Task A_connection_that_is_reset_at_once_is_tried_again()
    {
        await using var host = await RunningHost.StartAsync();
        using var handler = new SocketsHttpHandler { ConnectCallback = ResetConnection.Before(2) };
        using var client = new FopWatchClient(new() { Url = host.Host.Url }, handler);

        Assert.Equal(HostKind.Embedded, (await client.MeAsync(Cancelled)).Host);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_given_up()
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().Then(async _ =>
        {
            await Task.Delay(Timeout.Infinite, Cancelled);
            throw new InvalidOperationException();
        });
        using var silent = new CancellingHandler { InnerHandler = host };
        using var client = new FopWatchClient(new() { Url = new("http://host"), RetryFor = TimeSpan.Zero }, silent, clock);

        var failure = await Assert.ThrowsAsync<FopWatchUnreachableException>(() => RunAsync(client.MeAsync(Cancelled), clock));

        Assert.Equal("http://host/ does not answer.", failure.Message);
    }

    [Theory]
    [InlineData(HttpRequestError.ResponseEnded, 1)]
    [InlineData(HttpRequestError.ConnectionError, 2)]
    public async Task A_call_that_is_not_idempotent_is_not_retried_if_it_may_have_succeeded(HttpRequestError error, int requests)
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().ThenCut(error).Then(404, "application/problem+json", """{"type":"t","title":"Not found.","status":404}""");
        using var client = host.Client(clock);

        await Assert.ThrowsAnyAsync<FopWatchException>(() => RunAsync(client.RepublishAsync("media", "z0.1", Cancelled), clock));

        Assert.Equal(requests, host.Requests.Count);
    }

    [Theory]
    [InlineData(HttpRequestError.ResponseEnded, true, 2)]
    [InlineData(HttpRequestError.ResponseEnded, false, 2)]
    [InlineData(HttpRequestError.ConnectionError, true, 2)]
    [InlineData(HttpRequestError.ConnectionError, false, 1)]
    [InlineData(HttpRequestError.SecureConnectionError, true, 1)]
    public async Task A_host_that_is_down_is_retried_if_configured(HttpRequestError error, bool wanted, int requests)
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost().ThenCut(error).Then(200, "application/json", Me);
        using var client = host.Client(clock, options => options.RetryConnecting = wanted);

        var call = RunAsync(client.MeAsync(Cancelled), clock);
        if (requests == 1)
            await Assert.ThrowsAsync<FopWatchUnreachableException>(() => call);
        else
            await call;

        Assert.Equal(requests, host.Requests.Count);
    }

    [Fact]
    public async Task Bodies_are_split_for_a_host_with_a_lower_limit()
    {
        var registered = new List<string>();
        using var host = new ScriptedHost().Then(async request =>
        {
            var body = await request.Content!.ReadAsByteArrayAsync(Cancelled);
            if (body.Length > 500)
                return Of(413, "application/problem+json", """{"type":"t","title":"too large","status":413}""");
            using var json = System.Text.Json.JsonDocument.Parse(body);
            var ids = json.RootElement.EnumerateArray().Select(job => job.GetProperty("id").GetString()!).ToList();
            registered.AddRange(ids);
            return Of(202, "application/json", $$"""{"jobs":[{{string.Join(',', ids.Select(id => $$"""{"source":"media","id":"{{id}}","state":"waiting","href":"/"}"""))}}]}""");
        });
        using var client = host.Client();
        List<JobRegistration> jobs = [.. Enumerable.Range(0, 40).Select(n => new JobRegistration { Source = "media", Id = $"z0.{n}" })];
        jobs[7] = jobs[7] with { Metadata = new Dictionary<string, string> { ["n"] = new('x', 600) } };

        var results = await client.RegisterManyAsync(jobs, Cancelled);

        Assert.Equal(jobs, results.Select(result => result.Registration));
        Assert.Equal("z0.7", Assert.Single(results, result => !result.IsRegistered).Registration.Id);
        Assert.Equal(39, registered.Distinct().Count());

        static HttpResponseMessage Of(int status, string type, string body) =>
            new((System.Net.HttpStatusCode)status) { Content = new StringContent(body, System.Text.Encoding.UTF8, type) };
    }

    [Fact]
    public async Task A_stream_resumes_after_the_last_event_with_growing_pauses()
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var host = new ScriptedHost()
            .Then(200, "text/event-stream", "id: 4\n\n")
            .Then(200, "text/event-stream", "id: 5\nevent: t\ndata: a\n\n")
            .ThenCut();
        using var client = host.Client(clock);
        await using var events = client.EventsAsync(cancellationToken: Cancelled).GetAsyncEnumerator(Cancelled);

        Assert.Equal(new EventStreamOpened(), await NextAsync());
        Assert.Equal(new EventCursorMoved { Cursor = "4" }, await NextAsync());
        Assert.IsType<EventStreamLost>(await NextAsync());
        Assert.Equal(new EventStreamOpened { Cursor = "4" }, await NextAsync());
        Assert.Equal(("t", "a", "5"), Assert.IsType<EventUnreadable>(await NextAsync()) is var read ? (read.Type, read.Json, read.Cursor) : default);
        var pauses = new List<TimeSpan>();
        for (var n = 0; n < 8; n++)
            pauses.Add(Assert.IsType<EventStreamLost>(await NextAsync()).RetryIn);

        Assert.Equal([null, "4", "5", "5"], host.Positions.Take(4));
        Assert.True(pauses[0] < TimeSpan.FromSeconds(1), $"{pauses[0]}");
        Assert.All(pauses.Zip(pauses.Skip(1)).Take(4), pair => Assert.True(pair.First < pair.Second));
        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(15)));

        async Task<EventStreamItem> NextAsync()
        {
            Assert.True(await RunAsync(events.MoveNextAsync().AsTask(), clock));
            return events.Current;
        }
    }

    /// <summary>Advances the clock until a call is over.</summary>
    private static async Task<T> RunAsync<T>(Task<T> call, ManualTimeProvider clock, TimeSpan? step = null)
    {
        while (!call.IsCompleted)
        {
            clock.Advance(step ?? TimeSpan.FromSeconds(5));
            await Task.WhenAny(call, Task.Delay(5, Cancelled));
        }

        return await call;
    }

    /// <summary>Cancels a request that its caller no longer waits for, as the network handler does.</summary>
    private sealed class CancellingHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            base.SendAsync(request, cancellationToken).WaitAsync(cancellationToken);
    }
}
