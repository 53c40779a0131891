using System.Collections.Concurrent;
using FopWatch.Diagnosis;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api;

/// <summary>
/// What stands between routing and an endpoint, in both hosts: access, the check of the query, admission, and the answers to failures and to
/// requests that no route takes.
/// </summary>
/// <remarks>
/// The probes are looked up when a request needs them: in the cloud host they need the store, which is opened later.
/// </remarks>
internal sealed class RequestPipeline(RequestDelegate next, IAccessGuard guard, Admission admission, Failures failures)
{
    private readonly ConcurrentDictionary<RouteEndpoint, EndpointRules> _rules = new();

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            if (context.GetEndpoint() is not RouteEndpoint && await AnswerStrayProbeAsync(context) is { } answer)
            {
                await answer.ExecuteAsync(context);
                return;
            }

            var rules = context.GetEndpoint() is RouteEndpoint endpoint ? _rules.GetOrAdd(endpoint, EndpointRules.Of) : null;
            var refusal = (IsOpen(context.Request, rules) ? null : Refusal(context, rules))
                ?? (rules?.QueryParameters is { } parameters ? QueryParameters.Check(context.Request, parameters, guard.KeyParameters, rules.TakesMetadata) : null);
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

    /// <summary>Answers one of the doctor's notifications whose path was changed on its way; null if it is none.</summary>
    private static async Task<IResult?> AnswerStrayProbeAsync(HttpContext context) =>
        HttpMethods.IsPost(context.Request.Method)
        && context.RequestServices.GetService<NotifyProbes>() is { } probes
        && probes.Find(context.Request.Path.Value) is { } probe
            ? await NotificationsApi.AnswerProbeAsync(
                probe, context.Request, probes, context.RequestServices.GetRequiredService<FopWatchSettings>(), hasOtherPath: true, context.RequestAborted)
            : null;

    /// <summary>How a request is refused that has no caller, or whose caller may not use the endpoint; null if it is not.</summary>
    private IResult? Refusal(HttpContext context, EndpointRules? rules)
    {
        if (guard.CallerOf(context.Request) is not { } caller)
            return guard.Refusal(context.Request);

        context.User = caller;
        return rules switch
        {
            // Routing answers that there is no such route, or not with that method.
            null => null,
            { Needs: null } => Problem.Forbidden("Nobody may use this route."),
            { Needs.Rights: KeyRights.Write } when caller.Rights != KeyRights.Write => Problem.Forbidden(
                $"This route needs a key with the right Write, and the key '{caller.Name}' has the right Read."),
            { Needs.EverySource: true } when !caller.SeesEverything => Problem.Forbidden(
                $"This route answers for all sources. It needs a key without Sources, and the key '{caller.Name}' sees {string.Join(", ", caller.Sources!)}."),
            _ => null,
        };
    }

    /// <summary>Whether a request needs no key. One that no route takes is as open as the routes beside it.</summary>
    private static bool IsOpen(HttpRequest request, EndpointRules? rules) => rules?.IsOpenToAll
        ?? (request.Path.StartsWithSegments(NotificationsApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(UploadsApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(HealthApi.Path, StringComparison.OrdinalIgnoreCase)
            || request.Path.StartsWithSegments(DashboardApi.Path, StringComparison.OrdinalIgnoreCase));

    /// <summary>What an endpoint's metadata says, looked up once.</summary>
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
