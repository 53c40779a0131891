using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Hostile.Tests;

/// <summary>A status API that knows the ids that a test tells it, answers 612 for the rest, and remembers who was asked about, and when.</summary>
internal sealed class StatusStub : IAsyncDisposable
{
    private readonly WebApplication _web;

    private StatusStub(WebApplication web) => _web = web;

    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The ids that it knows: each succeeded.</summary>
    public ConcurrentDictionary<string, bool> Known { get; } = new(StringComparer.Ordinal);

    /// <summary>The buckets of their inputs, where it says any.</summary>
    public ConcurrentDictionary<string, string> Buckets { get; } = new(StringComparer.Ordinal);

    /// <summary>What it was asked about, and when.</summary>
    public ConcurrentQueue<(string Id, DateTimeOffset At)> Asked { get; } = new();

    public static async Task<StatusStub> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var stub = new StatusStub(web);
        web.Run(async context =>
        {
            var query = context.Request.Query;
            var id = (query.ContainsKey("id") ? query["id"] : query["persistentId"]).ToString();
            stub.Asked.Enqueue((id, time.GetUtcNow()));
            var known = stub.Known.ContainsKey(id);
            context.Response.StatusCode = known ? (int)HttpStatusCode.OK : 612;
            await context.Response.WriteAsync(known ? Succeeded(id, stub.Buckets.GetValueOrDefault(id)) : """{"error":"no such id"}""", Encoding.UTF8, context.RequestAborted);
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        stub.Endpoint = new(web.Urls.Single());
        return stub;
    }

    /// <summary>The body that says so.</summary>
    public static string Succeeded(string id, string? bucket = null) =>
        $$"""{"id":"{{id}}","code":0,{{(bucket is null ? "" : $"\"inputBucket\":\"{bucket}\",")}}"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    public ValueTask DisposeAsync() => _web.DisposeAsync();
}
