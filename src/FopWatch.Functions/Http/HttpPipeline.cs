using FopWatch.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Http;

/// <summary>The HTTP surface of both hosts, which runs inside functions.</summary>
/// <param name="services">The services of the app. Handlers get those of the invocation.</param>
public sealed class HttpPipeline(IServiceProvider services)
{
    private readonly RequestDelegate _answer = new ApplicationBuilder(services).UseFopWatch().Build();
    private readonly IAccessGuard _guard = services.GetRequiredService<IAccessGuard>();

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="below">
    /// The folder of paths that an anonymous function is for; null for a function that needs a key. The Functions host chooses the function by its reading
    /// of the path, and the worker reads the path again. Where the two differ, as they could for <c>%252e%252e</c>, the request is answered 404.
    /// </param>
    /// <returns>Nothing for the Functions worker to add.</returns>
    public async Task<IResult> AnswerAsync(HttpContext context, PathString? below = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var request = context.Request;
        var rest = PathString.Empty;
        if (below is { } folder && !request.Path.StartsWithSegments(folder, StringComparison.OrdinalIgnoreCase, out rest))
            return Problem.OfStatus(StatusCodes.Status404NotFound);

        if (below == FunctionKeys.KeyedPath)
        {
            // Signatures cover the path of what providers call, so there is none with another base. Everything else needs a key here, also what is open to all
            // behind the Functions host's own check.
            if (rest.StartsWithSegments(NotificationsApi.Path, StringComparison.OrdinalIgnoreCase)
                || rest.StartsWithSegments(UploadsApi.Path, StringComparison.OrdinalIgnoreCase))
                return Problem.OfStatus(StatusCodes.Status404NotFound);
            (request.PathBase, request.Path) = (FunctionKeys.KeyedPath, rest.HasValue ? rest : "/");
            if (_guard.CallerOf(request) is null)
                return _guard.Refusal(request);
        }

        // The worker has routed to the function. This routes on.
        context.SetEndpoint(null);
        request.RouteValues.Clear();
        await _answer(context);
        return Results.Empty;
    }
}
