using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The HTTP surface of both hosts.</summary>
public static class FopWatchRoutes
{
    // HEAD is answered wherever GET is (RFC 9110, section 9.3.2). Kestrel omits the body.
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds routing, <see cref="RequestPipeline"/> and the endpoints. Middleware after it is not called.</summary>
    /// <param name="app">The application. Its services include the core and an <see cref="IAccessGuard"/>.</param>
    /// <param name="mapMore">Maps the host's own routes.</param>
    public static IApplicationBuilder UseFopWatch(this IApplicationBuilder app, Action<IEndpointRouteBuilder>? mapMore = null) => app
        .UseRouting()
        .UseMiddleware<RequestPipeline>()
        .UseEndpoints(routes =>
        {
            routes.MapFopWatch();
            mapMore?.Invoke(routes);
        });

    /// <summary>Maps the routes of both hosts.</summary>
    public static void MapFopWatch(this IEndpointRouteBuilder routes)
    {
        routes.MapNotifications();
        routes.MapUploads();
        routes.MapJobs();
        routes.MapQuarantine();
        routes.MapOverview();
        routes.MapDoctor();
        routes.MapMe();
        routes.MapHealth();
        routes.MapDashboard();
    }

    /// <summary>Maps GET and HEAD of a route.</summary>
    public static RouteHandlerBuilder MapGetAndHead(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        routes.MapMethods(pattern, GetAndHead, handler);

    /// <summary>Describes a route for the OpenAPI document.</summary>
    /// <param name="route">The route.</param>
    /// <param name="id">Its operation id.</param>
    /// <param name="summary">The summary, one line.</param>
    /// <param name="description">The description; null for none.</param>
    public static TBuilder Describe<TBuilder>(this TBuilder route, string id, string summary, string? description = null)
        where TBuilder : IEndpointConventionBuilder
    {
        route.WithName(id).WithSummary(summary);
        return description is null ? route : route.WithDescription(description);
    }
}
