using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FopWatch.PortContracts.Http;

/// <summary>A status API that answers for each id what a test put there, and 612 for the rest.</summary>
public sealed class StatusApi : IAsyncDisposable
{
    private readonly WebApplication _web;

    private StatusApi(WebApplication web) => _web = web;

    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The answer by id.</summary>
    public ConcurrentDictionary<string, (int Status, byte[] Body)> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>The answer of the query of workflows, by id.</summary>
    public ConcurrentDictionary<string, (int Status, byte[] Body)> Workflows { get; } = new(StringComparer.Ordinal);

    /// <summary>The ids that the query of workflows was asked for, in order, and how that was authorized.</summary>
    public ConcurrentQueue<(string Id, string Authorization)> AskedForWorkflows { get; } = new();

    /// <summary>The ids asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<StatusApi> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var api = new StatusApi(web);
        web.Run(async context =>
        {
            var query = context.Request.Query;
            if (context.Request.Path.StartsWithSegments("/v3/task/status", out var rest))
            {
                var workflow = rest.Value!.TrimStart('/');
                api.AskedForWorkflows.Enqueue((workflow, context.Request.Headers.Authorization.ToString()));
                var (code, text) = api.Workflows.GetValueOrDefault(workflow, (612, """{"error":"no such task"}"""u8.ToArray()));
                context.Response.StatusCode = code;
                await context.Response.Body.WriteAsync(text, context.RequestAborted);
                return;
            }

            var id = (query.ContainsKey("id") ? query["id"] : query["persistentId"]).ToString();
            api.Asked.Enqueue(id);
            var (status, body) = api.Answers.GetValueOrDefault(id, (612, """{"error":"not such id in prefop"}"""u8.ToArray()));
            context.Response.StatusCode = status;
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        api.Endpoint = new(web.Urls.Single());
        return api;
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();
}
