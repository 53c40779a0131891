using FopWatch.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>The route that providers call.</summary>
public sealed class NotifyFunction(Answers answers, Reception reception)
{
    /// <summary>See <see cref="Notify.PostAsync"/>. Anonymous: the token in the path is what admits.</summary>
    [Function("Notify")]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/notify/{source}/{token}/{correlation?}")] HttpRequest request,
        string source,
        string token,
        string? correlation,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Notification, () => Notify.PostAsync(
            source, token, correlation, request, reception, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="Notify.PostElsewhereAsync"/>.</summary>
    [Function("NotifyElsewhere")]
    public Task<IResult> RunElsewhereAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/notify/{*rest}")] HttpRequest request,
        string? rest,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Notification, () => Notify.PostElsewhereAsync(
            rest, request, reception, request.HttpContext.RequestAborted));
}
