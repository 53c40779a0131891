using FopWatch.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>
/// The functions behind which the routes are, one for each folder of paths: the Functions host checks keys per function. They take any method, so
/// that a request that no route takes is answered as in the other host.
/// </summary>
public sealed class HttpFunctions(HttpPipeline pipeline)
{
    /// <summary>What providers call. Anonymous: the token in the path is what admits.</summary>
    [Function("Notify")]
    public Task<IResult> NotifyAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/notify/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: NotificationsApi.Path);

    /// <summary>What Qiniu calls after uploads. Anonymous like <see cref="NotifyAsync"/>.</summary>
    [Function("Uploads")]
    public Task<IResult> UploadsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/uploads/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: UploadsApi.Path);

    /// <summary>What applications call. The Functions host takes the first function, by name, whose route matches.</summary>
    [Function("Api")]
    public Task<IResult> ApiAsync(
        [HttpTrigger(AuthorizationLevel.Function, Route = "api/{*rest:regex(^(?!(notify|uploads)(/|$)))}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>What probes call.</summary>
    [Function("Health")]
    public Task<IResult> HealthAsync(
        [HttpTrigger(AuthorizationLevel.Function, Route = "health/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>The OpenAPI document.</summary>
    [Function("OpenApi")]
    public Task<IResult> OpenApiAsync([HttpTrigger(AuthorizationLevel.Function, Route = "openapi.json")] HttpRequest request) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>
    /// The same routes for callers with an API key of FopWatch's own and no function key. The Functions host knows nothing of such keys and chooses
    /// the function by the path alone, so they have a path of their own, and the pipeline asks for the key.
    /// </summary>
    [Function("Keyed")]
    public Task<IResult> KeyedAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "keyed/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: FunctionKeys.KeyedPath);

    /// <summary>The dashboard's files. Anonymous: they hold nothing.</summary>
    [Function("Ui")]
    public Task<IResult> UiAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "ui/{*rest}")] HttpRequest request) =>
        pipeline.AnswerAsync(request.HttpContext, below: DashboardApi.Path);
}
