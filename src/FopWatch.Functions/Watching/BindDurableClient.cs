using FopWatch.Functions.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Provides the task hub's client to the services of an invocation, if the function has a <c>durableClient</c> binding. Requests with a client also
/// trigger the check for silent timers.
/// </summary>
internal sealed class BindDurableClient : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // Not BindInputAsync, which does not use the binding's own converter. The function gets the value bound here.
        if (context.FunctionDefinition.InputBindings.Values.Any(binding => string.Equals(binding.Type, "durableClient", StringComparison.OrdinalIgnoreCase))
            && context.Features.Get<IFunctionInputBindingFeature>() is { } inputs
            && (await inputs.BindFunctionInputAsync(context)).Values.OfType<DurableTaskClient>().FirstOrDefault() is { } client)
        {
            context.InstanceServices.GetRequiredService<InvocationClient>().Client = client;
            if (context.GetHttpContext() is not null)
                context.InstanceServices.GetRequiredService<SilentTimers>().Look(client);
        }

        await next(context);
    }
}
