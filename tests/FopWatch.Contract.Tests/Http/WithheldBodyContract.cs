using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Contract.Tests.Http;

/// <summary>What bodies that never arrive whole keep every host from.</summary>
public abstract class WithheldBodyContract : HostContract
{
    // More than half of the memory for large bodies, and more than the places for notifications.
    private const int Withheld = 200;
    private const int Begun = 300;

    [Fact(Timeout = 120_000)]
    public async Task Bodies_that_are_withheld_with_one_token_keep_nothing_out()
    {
        await using var host = await StartAsync();
        var connections = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Withheld; i++)
                connections.Add(await SendAsync(host, ServedHost.MaxBodyBytes, ServedHost.MaxBodyBytes - 1));
            for (var i = 0; i < Begun; i++)
                connections.Add(await SendAsync(host, 1000, 1));

            // Until the bodies of the first count as stalled.
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
            // It was refused before it was all sent.
        }

        return client;
    }
}
