using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Testing;

/// <summary>
/// A status API on a free loopback port. For each id it returns <see cref="Answer"/>, otherwise <see cref="Answers"/>, otherwise 612.
/// It records its queries.
/// </summary>
public sealed class StatusStub : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, int> _timesAsked = new(StringComparer.Ordinal);
    private readonly WebApplication _web;
    private readonly TimeProvider _time;

    private StatusStub(WebApplication web, TimeProvider time) => (_web, _time) = (web, time);

    public Uri Endpoint => new(_web.Urls.Single());

    /// <summary>The answer by id and number of earlier queries about it; null for <see cref="Answers"/>.</summary>
    public Func<string, int, (int Status, string Body)>? Answer { get; set; }

    /// <summary>The delay of each answer.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The answer by id.</summary>
    public ConcurrentDictionary<string, (int Status, byte[] Body)> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>The workflow query's answer by id.</summary>
    public ConcurrentDictionary<string, (int Status, byte[] Body)> Workflows { get; } = new(StringComparer.Ordinal);

    /// <summary>The queried ids in order, with their times.</summary>
    public ConcurrentQueue<(string Id, DateTimeOffset At)> Asked { get; } = new();

    /// <summary>The queried ids in order.</summary>
    public IEnumerable<string> AskedIds => Asked.Select(asked => asked.Id);

    /// <summary>The ids in workflow queries in order, with their authorization.</summary>
    public ConcurrentQueue<(string Id, string Authorization)> AskedForWorkflows { get; } = new();

    /// <summary>Starts a status API that knows no id.</summary>
    /// <param name="time">The clock of <see cref="Asked"/>; the system's if null.</param>
    public static async Task<StatusStub> StartAsync(TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var stub = new StatusStub(web, time ?? TimeProvider.System);
        web.Run(stub.AnswerAsync);
        await web.StartAsync(TestContext.Current.CancellationToken);
        return stub;
    }

    /// <summary>The number of queries about an id.</summary>
    public int TimesAsked(string id) => _timesAsked.GetValueOrDefault(id);

    /// <summary>Makes it answer from now on that a job succeeded.</summary>
    /// <param name="id">The job.</param>
    /// <param name="bucket">The bucket of its input; null for an answer without one.</param>
    public void Succeeds(string id, string? bucket = null) => Answers[id] = (200, Encoding.UTF8.GetBytes(Succeeded(id, bucket)));

    /// <summary>Forgets every answer and every query.</summary>
    public void Reset()
    {
        Answer = null;
        Answers.Clear();
        Workflows.Clear();
        Asked.Clear();
        AskedForWorkflows.Clear();
        _timesAsked.Clear();
    }

    /// <summary>The shortest body of a job that succeeded.</summary>
    public static string Succeeded(string id, string? bucket = null) =>
        $$"""{"id":"{{id}}","code":0,{{(bucket is null ? "" : $"\"inputBucket\":\"{bucket}\",")}}"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    /// <summary>The body of a job in progress with every field of Qiniu's.</summary>
    public static string Processing(string id) => Body(id, 2, "The fop is executing now");

    /// <summary>The body of a succeeded job with every field of Qiniu's.</summary>
    public static string Done(string id) => Body(id, 0, "The fop was completed successfully");

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    private static string Body(string id, int code, string text) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"id":"{{id}}","pipeline":"0.default","code":{{code}},"desc":"{{text}}","reqid":"r","inputBucket":"b","inputKey":"in.mp4",
         "items":[{"cmd":"avthumb/mp4","code":{{code}},"desc":"{{text}}","hash":"h","key":"out.mp4","returnOld":0}]}
        """);

    private async Task AnswerAsync(HttpContext context)
    {
        var (status, body) = AnswerTo(context.Request);
        if (Delay > TimeSpan.Zero)
            await Task.Delay(Delay, context.RequestAborted);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private (int Status, byte[] Body) AnswerTo(HttpRequest request)
    {
        if (request.Path.StartsWithSegments("/v3/task/status", out var rest))
        {
            var workflow = rest.Value!.TrimStart('/');
            AskedForWorkflows.Enqueue((workflow, request.Headers.Authorization.ToString()));
            return Workflows.GetValueOrDefault(workflow, (612, """{"error":"no such task"}"""u8.ToArray()));
        }

        var id = (request.Query.ContainsKey("id") ? request.Query["id"] : request.Query["persistentId"]).ToString();
        Asked.Enqueue((id, _time.GetUtcNow()));
        var before = _timesAsked.AddOrUpdate(id, 1, (_, count) => count + 1) - 1;
        if (Answer?.Invoke(id, before) is var (status, body))
            return (status, Encoding.UTF8.GetBytes(body));
        return Answers.GetValueOrDefault(id, (612, """{"error":"not such id in prefop"}"""u8.ToArray()));
    }
}
