using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>
/// What stands between routing and an endpoint, in both hosts: access, the check of the query, admission, and the answers to failures and to
/// requests that no route takes.
/// </summary>
internal sealed class RequestPipeline(RequestDelegate next, IAccessGuard guard, Admission admission, Failures failures)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            var refusal = (IsOpen(context) ? null : guard.Refusal(context.Request))
                ?? QueryParameters.Check(context.Request, context.GetEndpoint(), guard.KeyParameters);
            using var place = refusal is null ? Enter(context) : null;
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

    private IDisposable? Enter(HttpContext context) =>
        admission.Enter(context.Request, context.GetEndpoint()?.Metadata.GetMetadata<AdmittedAsAttribute>()?.Kind ?? RequestKind.Call);

    /// <summary>Whether a request needs no key. One that no route takes is as open as the routes beside it.</summary>
    private static bool IsOpen(HttpContext context) => context.GetEndpoint() is RouteEndpoint endpoint
        ? endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null
        : context.Request.Path.StartsWithSegments(Notify.Path, StringComparison.OrdinalIgnoreCase)
            || context.Request.Path.StartsWithSegments(HealthApi.Path, StringComparison.OrdinalIgnoreCase);
}
