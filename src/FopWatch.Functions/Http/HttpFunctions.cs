using FopWatch.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>
/// The functions of the routes, one for each folder of paths, because the Functions host checks keys per function. They take any method, so that a
/// request without a route gets the same answer as in the embedded host.
/// </summary>
public sealed class HttpFunctions(HttpPipeline pipeline)
{
    /// <summary>Notifications. Anonymous, because the token in the path gives access.</summary>
    [Function("Notify")]
    public Task<IResult> NotifyAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/notify/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: NotificationsApi.Path);

    /// <summary>Upload callbacks. Anonymous like <see cref="NotifyAsync"/>.</summary>
    [Function("Uploads")]
    public Task<IResult> UploadsAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/uploads/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: UploadsApi.Path);

    /// <summary>The API for applications. The Functions host selects the first function, by name, whose route matches.</summary>
    [Function("Api")]
    public Task<IResult> ApiAsync(
        [HttpTrigger(AuthorizationLevel.Function, Route = "api/{*rest:regex(^(?!(notify|uploads)(/|$)))}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>Health checks.</summary>
    [Function("Health")]
    public Task<IResult> HealthAsync(
        [HttpTrigger(AuthorizationLevel.Function, Route = "health/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>The OpenAPI document.</summary>
    [Function("OpenApi")]
    public Task<IResult> OpenApiAsync([HttpTrigger(AuthorizationLevel.Function, Route = "openapi.json")] HttpRequest request) =>
        pipeline.AnswerAsync(request.HttpContext);

    /// <summary>
    /// The same routes for callers with FopWatch's own API key and no function key. The Functions host does not know such keys and selects the function
    /// by the path alone, so they have a separate path, and the pipeline requires the key.
    /// </summary>
    [Function("Keyed")]
    public Task<IResult> KeyedAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "keyed/{*rest}")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        pipeline.AnswerAsync(request.HttpContext, below: FunctionKeys.KeyedPath);

    /// <summary>The dashboard's files. Anonymous, because they contain no data.</summary>
    [Function("Ui")]
    public Task<IResult> UiAsync([HttpTrigger(AuthorizationLevel.Anonymous, Route = "ui/{*rest}")] HttpRequest request) =>
        pipeline.AnswerAsync(request.HttpContext, below: DashboardApi.Path);
}
