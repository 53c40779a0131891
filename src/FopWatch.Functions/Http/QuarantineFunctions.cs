using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>The routes below <c>/api/quarantine</c>; see <see cref="QuarantineApi"/>.</summary>
public sealed class QuarantineFunctions(
    Answers answers, Admission admission, IQuarantine quarantine, NotificationIntake intake, Sources sources, Troubles troubles)
{
    /// <summary>See <see cref="QuarantineApi.ListAsync"/>.</summary>
    [Function("ListQuarantine")]
    public Task<IResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "api/quarantine")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.List, () => QuarantineApi.ListAsync(
            request.Parameter("source"),
            request.Parameter("top"),
            request.Parameter("continuation"),
            admission,
            quarantine,
            intake,
            sources,
            troubles,
            request.HttpContext.RequestAborted));

    /// <summary>See <see cref="QuarantineApi.RetryAllAsync"/>.</summary>
    [Function("RetryQuarantine")]
    public Task<IResult> RetryAllAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/quarantine/retry")] HttpRequest request,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Call, () => QuarantineApi.RetryAllAsync(
            request.Parameter("source"), quarantine, intake, sources, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="QuarantineApi.GetAsync"/>.</summary>
    [Function("GetQuarantined")]
    public Task<IResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "api/quarantine/{key}")] HttpRequest request, string key) =>
        answers.AnswerAsync(request, RequestKind.Call, () => QuarantineApi.GetAsync(key, quarantine, intake, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="QuarantineApi.BodyAsync"/>.</summary>
    [Function("GetQuarantinedBody")]
    public Task<IResult> BodyAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "api/quarantine/{key}/body")] HttpRequest request, string key) =>
        answers.AnswerAsync(request, RequestKind.Call, () => QuarantineApi.BodyAsync(key, quarantine, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="QuarantineApi.RetryAsync"/>.</summary>
    [Function("RetryQuarantined")]
    public Task<IResult> RetryAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/quarantine/{key}/retry")] HttpRequest request,
        string key,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Call, () => QuarantineApi.RetryAsync(key, intake, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="QuarantineApi.DeleteAsync"/>.</summary>
    [Function("DeleteQuarantined")]
    public Task<IResult> DeleteAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "api/quarantine/{key}")] HttpRequest request, string key) =>
        answers.AnswerAsync(request, RequestKind.Call, () => QuarantineApi.DeleteAsync(key, quarantine, request.HttpContext.RequestAborted));
}
