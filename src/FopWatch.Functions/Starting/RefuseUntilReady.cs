using FopWatch.Api;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Starting;

/// <summary>
/// Prevents functions from running before the app has started. Calls are answered 503, so that providers retry; timers do nothing; steps of watches fail,
/// and their orchestrations retry them.
/// </summary>
internal sealed class RefuseUntilReady(Readiness readiness, ILogger<RefuseUntilReady> logger) : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var http = context.GetHttpContext();
        var isLive = IsFor(HealthApi.LivePath);

        // An orchestrator needs no service of the app. A refusal would end its watch as failed.
        if (IsTriggeredBy("orchestrationTrigger") || readiness.IsReady || (!isLive && await readiness.IsReadyAsync(context.CancellationToken)))
        {
            await next(context);
            return;
        }

        var obstacles = readiness.Obstacles;
        if (!isLive && readiness.IsToBeLogged())
            logger.NotStarted(string.Join("; ", obstacles.Select(obstacle => obstacle.Detail)));
        if (http is not null)
        {
            IResult answer = isLive ? HealthApi.Live() : IsFor(HealthApi.ReadyPath) ? Problem.NotStarted(obstacles) : Problem.Unavailable();
            await answer.ExecuteAsync(http);
        }
        else if (IsTriggeredBy("activityTrigger"))
            throw new StoreUnavailableException("The app has not started yet.");

        bool IsTriggeredBy(string type) =>
            context.FunctionDefinition.InputBindings.Values.Any(binding => string.Equals(binding.Type, type, StringComparison.OrdinalIgnoreCase));

        bool IsFor(PathString path) =>
            string.Equals(http?.Request.Path.Value?.TrimEnd('/'), path.Value, StringComparison.OrdinalIgnoreCase);
    }
}
