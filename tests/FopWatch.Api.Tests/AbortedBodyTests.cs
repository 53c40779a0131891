using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api.Tests;

/// <summary>Request bodies whose connection is aborted while they are read, on a real server. The server logs an error if the abort fails.</summary>
public sealed class AbortedBodyTests
{
    [Fact]
    public async Task A_request_aborted_while_its_body_is_read_is_not_a_server_error()
    {
        using var log = new CapturedLog();
        var memory = new BodyMemory(FopWatchSettings.Read([]));
        var failures = 0;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            var read = memory.ReadAsync(context.Request, "media", context.RequestAborted);
            context.Abort();
            await Assert.ThrowsAnyAsync<Exception>(async () => await read);
            Interlocked.Increment(ref failures);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);

        var address = new Uri(app.Urls.Single());
        for (var i = 0; i < 20; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"id\":"), TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        }

        await app.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(20, failures);
        Assert.DoesNotContain(log.ToString().Split('\n'), line => line.StartsWith(nameof(LogLevel.Error), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(10)]
    public async Task A_client_that_disconnects_before_its_body_is_read_is_not_a_server_error(int sent)
    {
        using var log = new CapturedLog();
        var memory = new BodyMemory(FopWatchSettings.Read([]));
        var (ended, faults) = (0, new ConcurrentBag<Exception>());
        using var arrived = new SemaphoreSlim(0);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(async context =>
        {
            var gone = new TaskCompletionSource();
            using var aborted = context.RequestAborted.Register(gone.SetResult);
            arrived.Release();
            await gone.Task;
            try
            {
                using var body = await memory.ReadAsync(context.Request, "media", CancellationToken.None);
            }
            catch (Exception e)
            {
                if (e is not BadHttpRequestException)
                    faults.Add(e);
            }

            Interlocked.Increment(ref ended);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);

        var address = new Uri(app.Urls.Single());
        for (var i = 0; i < 20; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new(true, 0) };
            await socket.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
            await socket.SendAsync(
                Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{new string('x', sent)}"), TestContext.Current.CancellationToken);

            // A reset discards what the server has not read yet. If that includes the request head, the server sees no request.
            await arrived.WaitAsync(TestContext.Current.CancellationToken);
        }

        await Eventually.HoldsAsync(() => Volatile.Read(ref ended) == 20);
        await app.StopAsync(TestContext.Current.CancellationToken);
        Assert.Empty(faults);
        Assert.DoesNotContain(log.ToString().Split('\n'), line => line.StartsWith(nameof(LogLevel.Error), StringComparison.Ordinal));
    }
}
