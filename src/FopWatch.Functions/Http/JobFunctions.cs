using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>The routes below <c>/api/jobs</c>; see <see cref="JobsApi"/>.</summary>
public sealed class JobFunctions(
    Answers answers,
    JobRecorder recorder,
    Poller poller,
    IJobStore store,
    Settlements settlements,
    JobReferences references,
    BodyMemory bodies,
    Admission admission,
    DecodeTurns turns,
    FopWatchSettings settings,
    Troubles troubles)
{
    /// <summary>See <see cref="JobsApi.RegisterAsync"/>.</summary>
    [Function("RegisterJobs")]
    public Task<IResult> RegisterAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/jobs")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Registration, () => JobsApi.RegisterAsync(
            request, recorder, bodies, admission, turns, settings, troubles, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="JobsApi.ListAsync"/>.</summary>
    [Function("ListJobs")]
    public Task<IResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "api/jobs")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.List, () => JobsApi.ListAsync(
            request.Parameter("source"),
            request.Parameter("state"),
            request.Parameter("watch"),
            request.Parameter("since"),
            request.Parameter("ref"),
            request.Parameter("top"),
            request.Parameter("continuation"),
            admission,
            store,
            settings,
            troubles,
            request.HttpContext.RequestAborted));

    /// <summary>See <see cref="JobsApi.GetAsync"/>.</summary>
    [Function("GetJob")]
    public Task<IResult> GetAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "api/jobs/{source}/{id}")] HttpRequest request,
        string source,
        string id,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.CallOrWaiting, () => JobsApi.GetAsync(
            source, id, request.Parameter("wait"), settlements, references, settings, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="JobsApi.PollAsync"/>.</summary>
    [Function("PollJobNow")]
    public Task<IResult> PollAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/jobs/{source}/{id}/poll")] HttpRequest request,
        string source,
        string id,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Waiting, () => JobsApi.PollAsync(source, id, poller, references, settings, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="JobsApi.RepublishAsync"/>.</summary>
    [Function("RepublishJob")]
    public Task<IResult> RepublishAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/jobs/{source}/{id}/republish")] HttpRequest request,
        string source,
        string id,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Call, () => JobsApi.RepublishAsync(source, id, recorder, references, settings, request.HttpContext.RequestAborted));

    /// <summary>See <see cref="JobsApi.StopAsync"/>.</summary>
    [Function("StopJob")]
    public Task<IResult> StopAsync(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "api/jobs/{source}/{id}")] HttpRequest request,
        string source,
        string id,
        [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Call, () => JobsApi.StopAsync(source, id, recorder, references, settings, request.HttpContext.RequestAborted));
}
