using System.Diagnostics;
using System.Net;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Simulator;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>Attacks on the embedded host through a socket.</summary>
public class ProtocolAttackTests
{
    private const string Notify = $"/api/notify/media/{AttackedHost.Token}";
    private static readonly Uri Public = new($"https://hooks.example.com{Notify}");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Slowly_sent_heads_and_bodies_are_cut_off_and_others_are_served_meanwhile()
    {
        await using var host = await AttackedHost.StartAsync();
        var heads = Enumerable.Range(0, 50).Select(_ => host.Connect()).ToList();
        var bodies = Enumerable.Range(0, 50).Select(_ => host.Connect()).ToList();
        foreach (var head in heads)
            await head.SendAsync("POST /api/notify/media/x HTTP/1.1\r\nHost: a\r\nX-");
        foreach (var body in bodies)
            await body.SendAsync($"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{{\"id\":");

        // An occasional byte keeps no connection alive.
        using var dribbling = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var dribble = Task.Run(
            async () =>
            {
                while (!dribbling.IsCancellationRequested)
                {
                    foreach (var connection in heads.Concat(bodies))
                        await connection.SendAsync("a");
                    await Task.Delay(500, CancellationToken.None);
                }
            },
            Cancelled);

        var started = Stopwatch.StartNew();
        var served = 0;
        var ended = Task.WhenAll(
            Task.WhenAll(heads.Select(head => head.ReadAsync(TimeSpan.FromSeconds(60)))),
            Task.WhenAll(bodies.Select(body => body.ReadAsync(TimeSpan.FromSeconds(60)))));
        while (!ended.IsCompleted)
        {
            var asked = Stopwatch.StartNew();
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready", Cancelled)).StatusCode);
            Assert.True(asked.Elapsed < TimeSpan.FromSeconds(5), $"A request took {asked.Elapsed} meanwhile.");
            served++;
            await Task.WhenAny(ended, Task.Delay(200, Cancelled));
        }

        var answers = await ended;
        await dribbling.CancelAsync();
        await dribble;

        // The purpose of an incomplete head is unknown. A body may be a notification, so its answer must not stop a provider's retries.
        Assert.All(answers[0], answer => Assert.Contains(answer.Status, (int[])[0, 408]));
        Assert.All(answers[1], answer => Assert.Contains(answer.Status, (int[])[0, 503]));
        Assert.True(started.Elapsed < LocalHost.HeadersTimeout + TimeSpan.FromSeconds(30), $"It took {started.Elapsed}.");
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Figures.Write($"slow loris: 100 slow senders, 100 cut off within {started.Elapsed.TotalSeconds:0} s, {served} others served meanwhile, 0 refused");
        heads.Concat(bodies).ToList().ForEach(connection => connection.Dispose());
    }

    public static TheoryData<string, string, int[]> Malformed => new()
    {
        { "a request line of 64 KB", $"GET /{new string('a', 65_536)} HTTP/1.1\r\nHost: a\r\n\r\n", [414] },
        { "a header of 64 KB", $"GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: {new string('a', 65_536)}\r\n\r\n", [431] },
        { "two thousand headers", $"GET /health/live HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 2000).Select(i => $"X-{i}: a\r\n"))}\r\n", [431] },
        { "a header without a name", "GET /health/live HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", [400] },
        { "a folded header", "GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n", [400] },
        { "a null byte in a header", "GET /health/live HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n", [400] },
        { "a null byte in the path", "GET /health/live\0 HTTP/1.1\r\nHost: a\r\n\r\n", [400] },
        { "an encoded null byte in the path", "GET /api/jobs/media/a%00b HTTP/1.1\r\nHost: a\r\n\r\n", [400, 421] },
        { "no host", "GET /health/live HTTP/1.1\r\n\r\n", [400] },
        { "two hosts", "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", [400] },
        { "a strange version", "GET /health/live HTTP/9.9\r\nHost: a\r\n\r\n", [505, 400] },
        { "not HTTP", "\u0016\u0003\u0001\0\u00a5\u0001\0\0\u00a1\u0003\u0003\r\n\r\n", [400] },
        { "HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [0, 400, 505] },
        { "a length that is negative", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", [400] },
        { "a length that overflows", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", [400] },
        { "a length of an exabyte", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: 1152921504606846976\r\n\r\n", [413] },
        { "two lengths", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{{}}", [400] },
        { "no length", $"POST {Notify} HTTP/1.1\r\nHost: a\r\n\r\n", [400, 411, 200] },
        { "a chunk of a strange size", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n", [400] },
        { "a chunk whose size overflows", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{{}}\r\n0\r\n\r\n", [400] },
        { "an unknown transfer coding", $"POST {Notify} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{{}}", [400, 411, 501] },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task A_malformed_request_is_refused_and_changes_nothing(string what, string request, int[] answers)
    {
        await using var host = await AttackedHost.StartAsync();
        using (var connection = host.Connect())
        {
            await connection.SendAsync(request);
            var answer = await connection.ReadAsync();
            Assert.True(answers.Contains(answer.Status), $"{what} was answered {answer.Status}.");
            Assert.DoesNotContain("Exception", answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready", Cancelled)).StatusCode);
        Assert.Empty((await host.JobsAsync()).Jobs);
        Assert.DoesNotContain("Error ", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_length_with_a_transfer_coding_smuggles_no_second_request()
    {
        await using var host = await AttackedHost.StartAsync();
        using var connection = host.Connect();

        // A reader that uses the length sees one request; one that uses the coding sees two.
        const string Smuggled = $"POST {Notify}/smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}";
        await connection.SendAsync(
            $"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Length: {Smuggled.Length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Smuggled}");
        var all = await connection.ReadToEndAsync(TimeSpan.FromSeconds(20));

        // Whether the request is refused or read by its coding alone (RFC 9112, 6.1), the connection ends with it.
        Assert.Single(all.Split("HTTP/1.1 ", StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain((await host.QuarantineAsync()).Notifications, kept => kept.Correlation == "smuggled");
    }

    [Fact]
    public async Task Pipelined_requests_are_each_answered_in_order()
    {
        await using var host = await AttackedHost.StartAsync();
        using var connection = host.Connect();
        var requests = new StringBuilder();
        for (var i = 0; i < 200; i++)
        {
            requests.Append((i % 4) switch
            {
                0 => $"POST {Notify}/p{i} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}",
                1 => "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
                2 => $"POST {Notify}/p{i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n",
                _ => "GET /api/notify/media HTTP/1.1\r\nHost: a\r\n\r\n",
            });
        }

        var sending = connection.SendAsync(requests.ToString());
        for (var i = 0; i < 200; i++)
        {
            var answer = await connection.ReadAsync();

            // Every route below /api/notify accepts POST.
            Assert.Equal((i, i % 4 == 3 ? 405 : 200), (i, answer.Status));
            if (i % 2 == 0)
                Assert.Equal("ok", answer.Body);
        }

        await sending;
        Assert.Equal(100, await CountAsync(host));
    }

    [Fact]
    public async Task Base64_in_Base64_is_decoded_only_once()
    {
        await using var host = await AttackedHost.StartAsync();
        var body = Encoding.UTF8.GetBytes("""{"id":"z0.bomb","code":3,"items":[{"cmd":"a","code":3,"key":"b:k"}]}""");
        for (var layers = 0; layers < 12; layers++)
            body = Encoding.ASCII.GetBytes(Convert.ToBase64String(body));

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync($"/api/notify/video/{AttackedHost.OtherToken}", body)).StatusCode);

        Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Empty((await host.JobsAsync()).Jobs);
    }

    [Theory]
    [InlineData("/api/notify/media/%2e%2e/%2e%2e/jobs")]
    [InlineData("/api/notify/../jobs")]
    [InlineData("/api/notify/media/..%2f..%2fjobs")]
    [InlineData("/API/JOBS")]
    [InlineData("//api/jobs")]
    [InlineData("/health/../api/jobs")]
    [InlineData("/health/%2e%2e/api/jobs")]
    [InlineData("/health/..%2fapi/jobs")]
    [InlineData("/health/..\\api\\jobs")]
    [InlineData("/api/notify/%2e%2e/quarantine")]
    [InlineData("/api/notify/..;/jobs")]
    [InlineData("/events/")]
    public async Task No_spelling_of_a_path_bypasses_the_API_key(string path)
    {
        await using var host = await AttackedHost.StartAsync(apiKey: "the-api-key-0123456789");
        using var connection = host.Connect();

        await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

        Assert.Contains((await connection.ReadAsync()).Status, (int[])[400, 401, 404, 405]);
    }

    [Fact]
    public async Task Connections_above_the_limit_are_closed_and_those_within_it_work()
    {
        await using var host = await AttackedHost.StartAsync();
        using var early = host.Connect();
        await early.SendAsync("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(200, (await early.ReadAsync()).Status);
        var flood = Enumerable.Range(0, LocalHost.MaxConnections + 200).Select(_ => host.Connect()).ToList();

        // Those above the limit are closed. They need not be the last to connect: a connection waits a second longer if the queue of the listening socket is full.
        var excess = 1 + flood.Count - LocalHost.MaxConnections;
        var reads = flood.ConvertAll(connection => connection.ReadAsync());
        await Eventually.HoldsAsync(() => Closed() >= excess);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        var closed = Closed();
        await early.SendAsync("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(200, (await early.ReadAsync()).Status);
        Assert.Equal(excess, closed);

        // One line each would fill the disk at the rate of connections. The first excess connection logs it, possibly after later ones are closed.
        await Eventually.HoldsAsync(() => host.Log.ToString().Contains("since the start", StringComparison.Ordinal));
        Assert.Single(host.Log.ToString().Split('\n'), line => line.Contains("connection", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("Warning 2000 connections are open, which is the limit. New connections are closed: 1 since the start", host.Log.ToString(), StringComparison.Ordinal);

        flood.ForEach(connection => connection.Dispose());
        await Eventually.HoldsAsync(async () =>
        {
            using var after = host.Connect();
            await after.SendAsync("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
            return (await after.ReadAsync()).Status == 200;
        });
        Figures.Write($"connection flood: {flood.Count} opened, {closed} closed above the limit of {LocalHost.MaxConnections}, served again afterwards");

        int Closed() => reads.Count(read => read.IsCompletedSuccessfully && read.Result.Status == 0);
    }

    [Fact]
    public async Task A_body_may_arrive_in_single_bytes_and_in_any_chunks()
    {
        await using var host = await AttackedHost.StartAsync();
        var body = """{"id":"z0.slow","code":0,"items":[{"cmd":"c","code":0,"key":"k"}]}""";
        var signature = Signer.Qiniu("ak-media", "sentinel-secret-of-media", Public, "application/json", Encoding.UTF8.GetBytes(body));
        using var connection = host.Connect();
        await connection.SendAsync($"POST {Notify} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: {signature}\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (var character in body)
            await connection.SendAsync($"1;x=y\r\n{character}\r\n");
        await connection.SendAsync("0\r\nX-Trailer: t\r\n\r\n");

        Assert.Equal(200, (await connection.ReadAsync()).Status);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.slow")).State);
    }

    private static async Task<int> CountAsync(AttackedHost host) =>
        (int)await host.Host.Services.GetRequiredService<Intake.IQuarantine>().CountAsync(Cancelled);
}
