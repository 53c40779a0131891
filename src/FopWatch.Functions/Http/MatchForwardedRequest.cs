using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;

namespace FopWatch.Functions.Http;

/// <summary>
/// Gives an invocation the id under which its request was forwarded, if the client sent the header itself (<see cref="ForwardedRequests"/>). Otherwise
/// the integration would wait for the request until its timeout. Runs before the integration's own middleware.
/// </summary>
internal sealed class MatchForwardedRequest(ForwardedRequests forwarded, TimeProvider time) : IFunctionsWorkerMiddleware
{
    /// <summary>How long to wait for the request after its invocation. The integration waits for 5 seconds.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (ClientsValue(context.BindingContext.BindingData) is not { } sent || sent == context.InvocationId)
        {
            await next(context);
            return;
        }

        // A host with the fix forwards its own id, but still reports the client's value.
        var began = time.GetTimestamp();
        while (!forwarded.Has(context.InvocationId) && !forwarded.Has(sent) && time.GetElapsedTime(began) < Longest)
            await Task.Delay(Pause, time, context.CancellationToken);
        await next(forwarded.Has(sent) && !forwarded.Has(context.InvocationId) ? new UnderAnotherId(context, sent) : context);
    }

    /// <summary>The client's value of the header, from the Functions host's data of the request; null if it sent none.</summary>
    private static string? ClientsValue(IReadOnlyDictionary<string, object?> data)
    {
        if (!data.TryGetValue("Headers", out var told) || told is not string text || !text.Contains(ForwardedRequests.Header, StringComparison.OrdinalIgnoreCase))
            return null;

        try
        {
            using var headers = JsonDocument.Parse(text);
            if (headers.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            foreach (var header in headers.RootElement.EnumerateObject())
            {
                if (header.Name.Equals(ForwardedRequests.Header, StringComparison.OrdinalIgnoreCase) && header.Value.ValueKind == JsonValueKind.String)
                    return header.Value.GetString();
            }
        }
        catch (JsonException)
        {
            // Not in the hosts' format: treated as absent.
        }

        return null;
    }

    private sealed class UnderAnotherId(FunctionContext inner, string id) : FunctionContext
    {
        public override string InvocationId => id;

        public override string FunctionId => inner.FunctionId;

        public override TraceContext TraceContext => inner.TraceContext;

        public override BindingContext BindingContext => inner.BindingContext;

        public override RetryContext RetryContext => inner.RetryContext;

        public override IServiceProvider InstanceServices
        {
            get => inner.InstanceServices;
            set => inner.InstanceServices = value;
        }

        public override FunctionDefinition FunctionDefinition => inner.FunctionDefinition;

        public override IDictionary<object, object> Items
        {
            get => inner.Items;
            set => inner.Items = value;
        }

        public override IInvocationFeatures Features => inner.Features;

        public override CancellationToken CancellationToken => inner.CancellationToken;
    }
}
