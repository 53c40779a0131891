using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Functions.Upkeep;
using FopWatch.Intake;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace FopWatch.Functions.Http;

/// <summary>The routes that tell of the app itself; see <see cref="HealthApi"/>.</summary>
public sealed class HealthFunctions(Answers answers, IQuarantine store, Troubles troubles, SilentTimers timers)
{
    internal const string LiveName = "HealthLive";
    internal const string ReadyName = "HealthReady";

    /// <summary>See <see cref="HealthApi.Live"/>.</summary>
    [Function(LiveName)]
    public static IResult Live([HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "health/live")] HttpRequest request) => HealthApi.Live();

    /// <summary>See <see cref="HealthApi.ReadyAsync"/>.</summary>
    [Function(ReadyName)]
    public Task<IResult> ReadyAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "health/ready")] HttpRequest request, [DurableClient] DurableTaskClient client) =>
        answers.AnswerAsync(request, RequestKind.Health, async () =>
        {
            var ranAt = await timers.CheckAsync(request.HttpContext.RequestAborted);
            return await HealthApi.ReadyAsync(store, troubles, request.HttpContext.RequestAborted, ranAt);
        });

    /// <summary>See <see cref="HealthApi.OpenApi"/>.</summary>
    [Function("OpenApi")]
    public Task<IResult> OpenApi([HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "openapi.json")] HttpRequest request) =>
        answers.AnswerAsync(request, RequestKind.Call, () => Task.FromResult(HealthApi.OpenApi()));
}
