using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>
/// What stands between routing and an endpoint, in both hosts: access, the check of the query, admission, and the answers to failures and to
/// requests that no route takes.
/// </summary>
internal sealed class RequestPipeline(RequestDelegate next, IAccessGuard guard, Admission admission, Failures failures)
{
    private readonly ConcurrentDictionary<RouteEndpoint, EndpointRules> _rules = new();

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            var rules = context.GetEndpoint() is RouteEndpoint endpoint ? _rules.GetOrAdd(endpoint, EndpointRules.Of) : null;
            var refusal = (IsOpen(context.Request, rules) ? null : guard.Refusal(context.Request))
                ?? (rules?.QueryParameters is { } parameters ? QueryParameters.Check(context.Request, parameters, guard.KeyParameters) : null);
            using var place = refusal is null ? admission.Enter(context.Request, rules?.Kind ?? RequestKind.Call) : null;
            if (refusal is not null || place is null)
            {
                await (refusal ?? Problem.Unavailable()).ExecuteAsync(context);
                return;
            }

            await next(context);

            // What routing answers by itself: there is no such route, or not with that method.
            if (context.Response is { HasStarted: false, ContentType: null, StatusCode: >= 400 } response)
            {
                await (response.StatusCode == StatusCodes.Status405MethodNotAllowed
                    ? Problem.NotAllowed(response.Headers.Allow.ToString())
                    : Problem.OfStatus(response.StatusCode)).ExecuteAsync(context);
            }
        }
        catch (Exception e) when (!context.Response.HasStarted || (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            await failures.AnswerTo(context, e).ExecuteAsync(context);
        }
    }

    /// <summary>Whether a request needs no key. One that no route takes is as open as the routes beside it.</summary>
    private static bool IsOpen(HttpRequest request, EndpointRules? rules) => rules?.IsOpenToAll
        ?? (request.Path.StartsWithSegments(Notify.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(HealthApi.Path, StringComparison.OrdinalIgnoreCase));

    /// <summary>What an endpoint's metadata says, looked up once.</summary>
    private sealed record EndpointRules(RequestKind Kind, bool IsOpenToAll, IReadOnlyList<string>? QueryParameters)
    {
        public static EndpointRules Of(RouteEndpoint endpoint) => new(
            endpoint.Metadata.GetMetadata<AdmittedAsAttribute>()?.Kind ?? RequestKind.Call,
            endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null,
            Api.QueryParameters.Of(endpoint));
    }
}
