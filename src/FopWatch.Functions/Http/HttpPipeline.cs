using FopWatch.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Http;

/// <summary>Runs the HTTP surface of both hosts inside functions.</summary>
/// <param name="services">The services of the app. Handlers get those of the invocation.</param>
public sealed class HttpPipeline(IServiceProvider services)
{
    private readonly RequestDelegate _answer = new ApplicationBuilder(services).UseFopWatch().Build();
    private readonly IAccessGuard _guard = services.GetRequiredService<IAccessGuard>();

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="below">
    /// The folder of paths of an anonymous function; null for a function that needs a key. The Functions host selects the function from the path, and the
    /// worker parses the path again. If the two differ, as they could for <c>%252e%252e</c>, the answer is 404.
    /// </param>
    /// <returns>An empty result: the response is already written.</returns>
    public async Task<IResult> AnswerAsync(HttpContext context, PathString? below = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var request = context.Request;
        var rest = PathString.Empty;
        if (below is { } folder && !request.Path.StartsWithSegments(folder, StringComparison.OrdinalIgnoreCase, out rest))
            return Problem.OfStatus(StatusCodes.Status404NotFound);

        if (below == FunctionKeys.KeyedPath)
        {
            // Signatures cover the paths for providers, so those have no other base. All other routes need a key here, also those that are open to all
            // after the Functions host's own check.
            if (rest.StartsWithSegments(NotificationsApi.Path, StringComparison.OrdinalIgnoreCase)
                || rest.StartsWithSegments(UploadsApi.Path, StringComparison.OrdinalIgnoreCase))
                return Problem.OfStatus(StatusCodes.Status404NotFound);
            (request.PathBase, request.Path) = (FunctionKeys.KeyedPath, rest.HasValue ? rest : "/");
            if (_guard.CallerOf(request) is null)
                return _guard.Refusal(request);
        }

        // Replaces the worker's route to the function.
        context.SetEndpoint(null);
        request.RouteValues.Clear();
        await _answer(context);
        return Results.Empty;
    }
}
