using System.Collections.Concurrent;
using FopWatch.Diagnosis;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api;

/// <summary>
/// The middleware between routing and an endpoint, in both hosts: access, the check of the query, admission, and the answers to failures and to
/// requests without a route.
/// </summary>
/// <remarks>
/// The probes are resolved per request, because in the cloud host they need the store, which is opened later.
/// </remarks>
internal sealed class RequestPipeline(RequestDelegate next, IAccessGuard guard, Admission admission, Failures failures)
{
    private readonly ConcurrentDictionary<RouteEndpoint, EndpointRules> _rules = new();

    public async Task InvokeAsync(HttpContext context)
    {
        CallerLease? lease = null;
        EndpointRules? rules = null;

        // Answers differ between keys and from one moment to the next, and a cache on the way knows no keys. The dashboard's files have rules of their own.
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            if (context.GetEndpoint() is not RouteEndpoint && await AnswerStrayProbeAsync(context) is { } answer)
            {
                await answer.ExecuteAsync(context);
                return;
            }

            rules = context.GetEndpoint() is RouteEndpoint endpoint ? _rules.GetOrAdd(endpoint, EndpointRules.Of) : null;
            var refusal = (IsOpen(context.Request, rules) ? null : Refusal(context, rules))
                ?? (rules?.QueryParameters is { } parameters ? QueryParameters.Check(context.Request, parameters, guard.KeyParameters, rules.TakesMetadata) : null);
            using var place = refusal is null ? admission.Enter(context.Request, rules?.Kind ?? RequestKind.Call) : null;
            if (refusal is not null || place is null)
            {
                await (refusal ?? Problem.Unavailable()).ExecuteAsync(context);
                return;
            }

            lease = CallerLease.Of(context, guard, rules?.Kind ?? RequestKind.Call);
            await next(context);

            // Routing itself has answered: no such route, or method not allowed.
            if (context.Response is { HasStarted: false, ContentType: null, StatusCode: >= 400 } response)
            {
                await (response.StatusCode == StatusCodes.Status405MethodNotAllowed
                    ? Problem.NotAllowed(response.Headers.Allow.ToString())
                    : Problem.OfStatus(response.StatusCode)).ExecuteAsync(context);
            }
        }
        catch (OperationCanceledException) when (lease is { HasEnded: true } && !context.Response.HasStarted)
        {
            // The caller gets what its key gets now. Disposing of the lease ends the cancellation, so that the answer can be written.
            lease.Dispose();
            await (Refusal(context, rules) ?? Problem.Unavailable()).ExecuteAsync(context);
        }
        catch (Exception e) when (!context.Response.HasStarted || (e is OperationCanceledException && context.RequestAborted.IsCancellationRequested))
        {
            await failures.AnswerTo(context, e).ExecuteAsync(context);
        }
        finally
        {
            lease?.Dispose();
        }
    }

    /// <summary>Answers a doctor's notification whose path was changed on the way; null for any other request.</summary>
    private static async Task<IResult?> AnswerStrayProbeAsync(HttpContext context) =>
        HttpMethods.IsPost(context.Request.Method)
        && context.RequestServices.GetService<NotifyProbes>() is { } probes
        && probes.Find(context.Request.Path.Value) is { } probe
            ? await NotificationsApi.AnswerProbeAsync(
                probe, context.Request, probes, context.RequestServices.GetRequiredService<FopWatchSettings>(), hasOtherPath: true, context.RequestAborted)
            : null;

    /// <summary>The answer to a request without a caller, or whose caller lacks the right; null if it is admitted.</summary>
    private IResult? Refusal(HttpContext context, EndpointRules? rules)
    {
        if (guard.CallerOf(context.Request) is not { } caller)
            return guard.Refusal(context.Request);

        context.User = caller;
        return rules switch
        {
            // Routing answers: no such route, or method not allowed.
            null => null,
            { Needs: null } => Problem.Forbidden($"Nobody may use this route."),
            { Needs.Rights: KeyRights.Write } when caller.Rights != KeyRights.Write => Problem.Forbidden(
                $"This route needs a key with the right Write, and the key '{caller.Name}' has the right Read."),
            { Needs.EverySource: true } when !caller.SeesEverything => Problem.Forbidden(
                $"This route answers for all sources. It needs a key without Sources, and the key '{caller.Name}' is limited to {string.Join(", ", caller.Sources!)}."),
            _ => null,
        };
    }

    /// <summary>Whether a request needs no key. A request without a route is as open as the routes below the same path.</summary>
    private static bool IsOpen(HttpRequest request, EndpointRules? rules) => rules?.IsOpenToAll
        ?? (request.Path.StartsWithSegments(NotificationsApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(UploadsApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(HealthApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(DashboardApi.Path, StringComparison.OrdinalIgnoreCase));

    /// <summary>The metadata of an endpoint, read once.</summary>
    private sealed record EndpointRules(RequestKind Kind, bool IsOpenToAll, NeedsAttribute? Needs, IReadOnlyList<string>? QueryParameters, bool TakesMetadata)
    {
        public static EndpointRules Of(RouteEndpoint endpoint) => new(
            endpoint.Metadata.GetMetadata<AdmittedAsAttribute>()?.Kind ?? RequestKind.Call,
            endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null,
            endpoint.Metadata.GetMetadata<NeedsAttribute>(),
            Api.QueryParameters.Of(endpoint),
            endpoint.Metadata.GetMetadata<TakesMetadataAttribute>() is not null);
    }
}
