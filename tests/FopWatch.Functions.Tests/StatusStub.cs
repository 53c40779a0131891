using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>Qiniu's status API on a free loopback port, which answers as a test says.</summary>
internal sealed class StatusStub : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _asked = new();
    private readonly WebApplication _web;

    private StatusStub(WebApplication web) => _web = web;

    /// <summary>How a question is answered: by id, and how many questions about it came before.</summary>
    public Func<string, int, (int Status, string Body)> Answer { get; set; } = (id, _) => (200, Processing(id));

    public Uri Endpoint => new(_web.Urls.Single());

    public static async Task<StatusStub> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        var web = builder.Build();
        var stub = new StatusStub(web);
        web.MapGet("/status/get/prefop", async (HttpContext context) =>
        {
            var id = context.Request.Query["id"].ToString();
            var before = stub._asked.AddOrUpdate(id, 1, (_, count) => count + 1) - 1;
            var (status, body) = stub.Answer(id, before);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body);
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        return stub;
    }

    public int Asked(string id) => _asked.GetValueOrDefault(id);

    public static string Processing(string id) => Body(id, 2, "The fop is executing now");

    public static string Done(string id) => Body(id, 0, "The fop was completed successfully");

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private static string Body(string id, int code, string text) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"id":"{{id}}","pipeline":"0.default","code":{{code}},"desc":"{{text}}","reqid":"r","inputBucket":"b","inputKey":"in.mp4",
         "items":[{"cmd":"avthumb/mp4","code":{{code}},"desc":"{{text}}","hash":"h","key":"out.mp4","returnOld":0}]}
        """);
}
