using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.PortContracts.Http;

/// <summary>Bodies that one sender withholds or floods with must not block others, in any host.</summary>
public abstract class WithheldBodyContract : HostContract
{
    // More than half of the memory for large bodies, and more than the places for notifications.
    private const int Withheld = 200;
    private const int Begun = 300;

    // More than one source's places for notifications, and more than may wait for decoding.
    private const int Complete = 300;

    [Fact(Timeout = 120_000)]
    public async Task Bodies_withheld_with_one_token_block_nobody()
    {
        await using var host = await StartAsync();
        var connections = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Withheld; i++)
                connections.Add(await SendAsync(host, ServedHost.MaxBodyBytes, ServedHost.MaxBodyBytes - 1));
            for (var i = 0; i < Begun; i++)
                connections.Add(await SendAsync(host, 1000, 1));

            // Until the bodies of the first token count as stalled.
            await Task.Delay(TimeSpan.FromSeconds(2), Cancelled);
            var answers = new List<HttpStatusCode>();
            for (var i = 0; i < 10; i++)
            {
                foreach (var source in (string[])["media", "video"])
                {
                    answers.Add(await StatusAsync(host.NotifyAsync(source, "{}")));
                    answers.Add(await StatusAsync(host.NotifyAsync(source, $$"""{"filling":"{{new string('x', 150_000)}}"}""")));
                    answers.Add(await StatusAsync(host.PostAsync("/api/jobs", $$"""{"source":"{{source}}","id":"z0.{{i}}"}""")));
                }
            }

            Assert.Equal(
                [(HttpStatusCode.OK, 40), (HttpStatusCode.Accepted, 20)],
                answers.GroupBy(status => status).Select(one => (one.Key, one.Count())).Order());
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    [Fact(Timeout = 240_000)]
    public async Task A_flood_of_complete_bodies_with_one_token_blocks_no_other_source_and_no_registration()
    {
        await using var host = await StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.Http.BaseAddress, Timeout = TimeSpan.FromSeconds(100) };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var body = Encoding.ASCII.GetBytes($$"""{"id":"z0.attack","code":2,"items":[{"cmd":"a","code":2,"desc":"{{new string('x', 60_000)}}"}]}""");
        var attackers = Enumerable.Range(0, Complete).Select(_ => FloodAsync(http, body, ended.Token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Cancelled);

        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 10; i++)
        {
            answers.AddRange(await Task.WhenAll(
                StatusAsync(host.NotifyAsync("video", "{}")),
                StatusAsync(host.NotifyAsync("video", $$"""{"filling":"{{new string('x', 150_000)}}"}""")),
                StatusAsync(host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}"}""")),
                StatusAsync(host.PostAsync("/api/jobs", $$"""{"source":"video","id":"z0.{{i}}","metadata":{"filling":"{{new string('x', 3_000)}}"} }"""))));
        }

        await ended.CancelAsync();
        var attacks = await Task.WhenAll(attackers);
        Assert.Equal(
            [(HttpStatusCode.OK, 20), (HttpStatusCode.Accepted, 20)],
            answers.GroupBy(status => status).Select(one => (one.Key, one.Count())).Order());

        // The attacking requests were accepted, or exceeded the limit of one source.
        Assert.All(attacks.SelectMany(statuses => statuses).Distinct(), status => Assert.True(status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{status}"));
    }

    private static async Task<HashSet<HttpStatusCode>> FloodAsync(HttpClient http, byte[] body, CancellationToken until)
    {
        var statuses = new HashSet<HttpStatusCode>();
        while (!until.IsCancellationRequested)
        {
            try
            {
                using var content = new ByteArrayContent(body);
                using var answer = await http.PostAsync($"/api/notify/media/{ServedHost.Token}", content, until);
                statuses.Add(answer.StatusCode);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // The body ends, or the host has refused it before all of it was sent.
            }
        }

        return statuses;
    }

    private static async Task<HttpStatusCode> StatusAsync(Task<HttpResponseMessage> answering)
    {
        using var answer = await answering;
        return answer.StatusCode;
    }

    private static async Task<TcpClient> SendAsync(ServedHost host, int announced, int sent)
    {
        var url = host.Http.BaseAddress!;
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(url.Host, url.Port, Cancelled);
        try
        {
            await client.GetStream().WriteAsync(
                Encoding.ASCII.GetBytes(
                    $"POST /api/notify/media/{ServedHost.Token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {announced}\r\n\r\n{new string('[', sent)}"),
                Cancelled);
        }
        catch (IOException)
        {
            // The host refused the body before all of it was sent.
        }

        return client;
    }
}
