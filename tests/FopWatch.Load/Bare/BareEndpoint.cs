using FopWatch.Load.Generating;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Load.Bare;

/// <summary>
/// The baselines for the embedded host: Kestrel, and per request one durable insert of the body, without anything that FopWatch does, or one commit to
/// its store, without anything that it does before. They are started like the host: <c>MODE --urls URL --data DIR</c>.
/// </summary>
internal static class BareEndpoint
{
    /// <summary>All waiting requests are inserted in one transaction.</summary>
    public const string Grouped = "bare-group";

    /// <summary>Each request has its own transaction.</summary>
    public const string Single = "bare-insert";

    /// <summary>Each request commits a prepared job and its event to the store of the embedded host.</summary>
    public const string Store = "bare-store";

    public static readonly IReadOnlyList<string> Modes = [Grouped, Single, Store];

    public static async Task RunAsync(string[] args)
    {
        if (args is not [var mode, "--urls", var url, "--data", var folder])
            throw new ArgumentException($"{args[0]} needs --urls URL --data DIR.");

        using IBodyTable table = mode switch
        {
            Grouped => new GroupedBodyTable(folder),
            Single => new SingleBodyTable(folder),
            _ => new PreparedJobs(folder),
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using var web = builder.Build();
        web.MapGet("/health/ready", () => Results.Ok());
        web.MapPost(HttpRequests.NotifyPath, async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await table.InsertAsync(body.ToArray());
            return Results.Text("ok");
        });
        await web.RunAsync();
    }
}
