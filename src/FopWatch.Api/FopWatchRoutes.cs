using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The HTTP surface of both hosts.</summary>
public static class FopWatchRoutes
{
    /// <summary>Whatever can be got can be asked about without its body (RFC 9110, section 9.3.2). Kestrel sends none.</summary>
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Answers requests: routing, <see cref="RequestPipeline"/>, the endpoints. Nothing after it is called.</summary>
    /// <param name="app">The application, whose services have the core and an <see cref="IAccessGuard"/>.</param>
    /// <param name="mapMore">Maps what only this host has.</param>
    public static IApplicationBuilder UseFopWatch(this IApplicationBuilder app, Action<IEndpointRouteBuilder>? mapMore = null) => app
        .UseRouting()
        .UseMiddleware<RequestPipeline>()
        .UseEndpoints(routes =>
        {
            routes.MapFopWatch();
            mapMore?.Invoke(routes);
        });

    /// <summary>Maps the routes that both hosts have.</summary>
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

    /// <summary>Maps a route to a handler of GET and HEAD.</summary>
    public static RouteHandlerBuilder MapGetAndHead(this IEndpointRouteBuilder routes, string pattern, Delegate handler) =>
        routes.MapMethods(pattern, GetAndHead, handler);

    /// <summary>Describes a route for the OpenAPI document.</summary>
    /// <param name="route">The route.</param>
    /// <param name="id">Its operation id.</param>
    /// <param name="summary">What it does, in a line.</param>
    /// <param name="description">What else there is to say; null for nothing.</param>
    public static TBuilder Describe<TBuilder>(this TBuilder route, string id, string summary, string? description = null)
        where TBuilder : IEndpointConventionBuilder
    {
        route.WithName(id).WithSummary(summary);
        return description is null ? route : route.WithDescription(description);
    }
}
