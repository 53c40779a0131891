using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Simulator.Tests;

/// <summary>A request at a receiver. <see cref="Body"/> is null if the connection ended before the body did.</summary>
internal sealed record Received(DateTimeOffset At, string Path, string? ContentType, string? Authorization, string? QiniuDate, byte[]? Body)
{
    public string Text => Encoding.UTF8.GetString(Body!);

    /// <summary>The JSON, decoded if necessary.</summary>
    public JsonElement Json
    {
        get
        {
            var text = Text;
            if (ContentType != "application/json" && !text.StartsWith('{'))
            {
                var padded = text.Replace('-', '+').Replace('_', '/');
                padded += new string('=', (4 - (padded.Length % 4)) % 4);
                text = Encoding.UTF8.GetString(Convert.FromBase64String(padded));
            }

            return JsonDocument.Parse(text).RootElement;
        }
    }
}

/// <summary>The target of a notify URL.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Received> _received = [];
    private readonly WebApplication _web;
    private readonly TimeProvider _clock;
    private readonly Func<int, int> _status;

    private Receiver(TimeProvider clock, Func<int, int> status)
    {
        (_clock, _status) = (clock, status);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _web = builder.Build();
        _web.Run(ReceiveAsync);
    }

    public Uri Url => new(new Uri(_web.Urls.Single()), "/api/notify/media/t0ken-t0ken");

    /// <summary>The received requests, in order.</summary>
    public IReadOnlyList<Received> All
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    /// <param name="clock">The clock for the times of requests.</param>
    /// <param name="status">The status for the request with the given number, from 0; 200 if null.</param>
    public static async Task<Receiver> StartAsync(TimeProvider clock, Func<int, int>? status = null)
    {
        var receiver = new Receiver(clock, status ?? (_ => 200));
        await receiver._web.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private async Task ReceiveAsync(HttpContext http)
    {
        byte[]? body;
        try
        {
            using var copy = new MemoryStream();
            await http.Request.Body.CopyToAsync(copy, http.RequestAborted);
            body = copy.ToArray();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            body = null;
        }

        lock (_lock)
        {
            http.Response.StatusCode = _status(_received.Count);
            var headers = http.Request.Headers;
            _received.Add(new(_clock.GetUtcNow(), http.Request.Path, http.Request.ContentType, headers.Authorization, headers["X-Qiniu-Date"], body));
        }
    }
}
