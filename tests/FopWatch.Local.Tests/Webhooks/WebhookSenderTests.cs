using System.Net;
using System.Net.Sockets;
using System.Text;
using FopWatch.Webhooks;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.Webhooks;

/// <summary>How the sender handles receivers, over real connections.</summary>
public sealed class WebhookSenderTests
{
    private static readonly byte[] Body = """{"specversion":"1.0"}"""u8.ToArray();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("2130706433")]
    [InlineData("localhost")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::1]")]
    [InlineData("0.0.0.0")]
    public async Task Without_AllowPrivate_only_public_addresses_are_connected_to(string host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var sender = Sender(new($"http://{host}:{port}/"), allowPrivate: false);

        var answer = await sender.SendAsync("e1", Body, Cancelled);

        Assert.Null(answer.Status);
        Assert.EndsWith("is not a public address, and AllowPrivate is not set", answer.Error, StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed_and_its_target_is_reported(int status)
    {
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(1));
        await using var target = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(1));
        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"http://user:word@127.0.0.1:{target.Url.Port}/moved?token=secret";
            return Task.CompletedTask;
        };
        using var sender = Sender(receiver.Url);

        var answer = await sender.SendAsync("e1", Body, Cancelled);

        Assert.Equal(status, answer.Status);
        Assert.Equal($"redirected ({status}) to http://127.0.0.1:{target.Url.Port}/moved, which is not followed: set Url to the final URL", answer.Error);
        Assert.Empty(target.Received);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(202, true)]
    [InlineData(299, true)]
    [InlineData(304, false)]
    [InlineData(400, false)]
    [InlineData(404, false)]
    [InlineData(502, false)]
    public async Task Only_a_2xx_answer_counts_as_delivered(int status, bool isDelivered)
    {
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(1));
        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        using var sender = Sender(receiver.Url);

        var answer = await sender.SendAsync("e1", Body, Cancelled);

        Assert.Equal((status, isDelivered), (answer.Status, answer.IsDelivered));
        Assert.Equal(isDelivered ? null : $"answered {status}", answer.Error);
    }

    [Fact]
    public async Task The_connection_is_kept_and_only_the_start_of_an_answer_is_read()
    {
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(1));
        var connections = new List<string>();
        var endless = false;
        receiver.Answer = async (context, _) =>
        {
            connections.Add(context.Connection.Id);
            if (!endless)
            {
                await context.Response.WriteAsync(new string('x', 4000));
                return;
            }

            try
            {
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.WriteAsync(new string('x', 10_000), context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // The sender has read enough.
            }
        };
        using var sender = Sender(receiver.Url);
        for (var i = 0; i < 3; i++)
            Assert.True((await sender.SendAsync($"e{i}", Body, Cancelled)).IsDelivered);
        Assert.Single(connections.Distinct());

        endless = true;
        var answer = await sender.SendAsync("e4", Body, Cancelled);

        Assert.True(answer.IsDelivered);
        endless = false;
        Assert.True((await sender.SendAsync("e5", Body, Cancelled)).IsDelivered);
        Assert.Equal(2, connections.Distinct().Count());
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_is_given_up_after_15_seconds()
    {
        var time = new ManualTimeProvider();
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(1));
        receiver.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        using var sender = Sender(receiver.Url, time: time);

        var sending = sender.SendAsync("e1", Body, Cancelled);
        await Eventually.HoldsAsync(() => receiver.Received.Count == 1);
        time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal((null, "no answer within 15 s"), ((await sending).Status, (await sending).Error));
    }

    [Fact]
    public async Task A_failure_before_an_answer_is_reported_without_the_URL()
    {
        Assert.Equal("it refused or closed the connection, or is unreachable (ConnectionRefused)", await ErrorAsync(new($"http://127.0.0.1:{Loopback.FreePort()}/?key=secret")));
        Assert.Equal("its name cannot be resolved", await ErrorAsync(new("http://nowhere.invalid/?key=secret")));

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/?key=secret");
        foreach (var (said, expected) in new[] { ("", "the connection ended before an answer"), ("nonsense\r\n\r\n", "the answer is not HTTP") })
        {
            var serving = Task.Run(
                async () =>
                {
                    using var client = await listener.AcceptTcpClientAsync(Cancelled);
                    var stream = client.GetStream();
                    _ = await stream.ReadAsync(new byte[4096], Cancelled);
                    await stream.WriteAsync(Encoding.ASCII.GetBytes(said), Cancelled);
                    client.Client.Shutdown(SocketShutdown.Send);
                    while (await stream.ReadAsync(new byte[4096], Cancelled) > 0)
                    {
                        // Until the sender closes it, so that the connection is not reset.
                    }
                },
                Cancelled);
            Assert.Equal(expected, await ErrorAsync(url));
            await serving;
        }

        // TLS to a server without it.
        var secure = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(Cancelled);
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Cancelled);
                _ = await client.GetStream().ReadAsync(new byte[4096], Cancelled);
            },
            Cancelled);
        Assert.StartsWith("the TLS handshake failed", await ErrorAsync(new UriBuilder(url) { Scheme = "https" }.Uri), StringComparison.Ordinal);
        await secure;
    }

    [Fact]
    public async Task Requests_are_signed_with_every_secret_and_each_receiver_verifies_its_own()
    {
        foreach (var secret in (byte[])[1, 2])
        {
            await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(secret));
            using var both = Sender(receiver.Url, secrets: [1, 2]);
            using var other = Sender(receiver.Url, secrets: [3]);

            await both.SendAsync("e1", Body, Cancelled);
            await other.SendAsync("e2", Body, Cancelled);

            Assert.Equal([true, false], receiver.Received.Select(one => one.IsGenuine));
            Assert.Equal(2, receiver.Received[0].Signatures.Split(' ').Length);
            Assert.Equal("application/cloudevents+json; charset=utf-8", receiver.Received[0].ContentType);
            Assert.Equal(Body, receiver.Received[0].Body);
        }
    }

    private static async Task<string?> ErrorAsync(Uri url)
    {
        using var sender = Sender(url);
        return (await sender.SendAsync("e1", Body, Cancelled)).Error;
    }

    private static WebhookSender Sender(Uri url, bool allowPrivate = true, TimeProvider? time = null, byte[]? secrets = null) => new(
        new()
        {
            Name = "crm",
            Url = url,
            Secrets = [.. (secrets ?? [1]).Select(secret => WebhookSecret.TryParse(WebhookReceiver.Secret(secret))!)],
            AllowPrivate = allowPrivate,
        },
        TimeProvider.System,
        time ?? TimeProvider.System);
}
