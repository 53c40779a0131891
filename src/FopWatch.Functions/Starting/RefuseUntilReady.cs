using FopWatch.Api;
using FopWatch.Functions.Http;
using FopWatch.Jobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Starting;

/// <summary>
/// Lets no function run before the app has started: calls are answered 503, so that providers try again, timers do nothing, and steps of
/// watches fail, which their orchestrations retry.
/// </summary>
internal sealed class RefuseUntilReady(Readiness readiness, ILogger<RefuseUntilReady> logger) : IFunctionsWorkerMiddleware
{
    /// <inheritdoc/>
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var function = context.FunctionDefinition;

        // An orchestrator needs nothing of the app. Refused, its history would say that the watch failed.
        if (function.Name == HealthFunctions.LiveName || IsTriggeredBy("orchestrationTrigger") || await readiness.IsReadyAsync(context.CancellationToken))
        {
            await next(context);
            return;
        }

        var obstacles = readiness.Obstacles;
        if (readiness.IsToBeLogged())
            logger.NotStarted(string.Join("; ", obstacles.Select(obstacle => obstacle.Detail)));
        if (context.GetHttpContext() is { } http)
            await (function.Name == HealthFunctions.ReadyName ? Problem.NotStarted(obstacles) : Problem.Unavailable()).ExecuteAsync(http);
        else if (IsTriggeredBy("activityTrigger"))
            throw new StoreUnavailableException("The app has not started yet.");

        bool IsTriggeredBy(string type) =>
            function.InputBindings.Values.Any(binding => string.Equals(binding.Type, type, StringComparison.OrdinalIgnoreCase));
    }
}
