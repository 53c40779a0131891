using FopWatch.Functions.Upkeep;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Gives the task hub's client to whatever an invocation resolves, if the function has a <c>durableClient</c> binding. Requests that bring one look
/// for silent timers as well.
/// </summary>
internal sealed class BindDurableClient : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        // Not BindInputAsync, which knows nothing of the binding's own converter. What is bound here is kept for the function.
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
