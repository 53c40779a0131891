using FopWatch.Api;
using FopWatch.Intake;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>The route that providers call.</summary>
public sealed class NotifyFunction(
    Answers answers, NotificationIntake intake, BodyMemory bodies, Admission admission, DecodeTurns turns, FopWatchSettings settings)
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
            source, token, correlation, request, intake, bodies, admission, turns, settings, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="Notify.PostElsewhereAsync"/>.</summary>
    [Function("NotifyElsewhere")]
    public Task<IResult> RunElsewhereAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/notify/{*rest}")] HttpRequest request,
        string? rest,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Notification, () => Notify.PostElsewhereAsync(
            rest, request, intake, bodies, admission, turns, settings, request.HttpContext.RequestAborted));
}
