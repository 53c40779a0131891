using System.Diagnostics;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Api.Tests;

/// <summary>The routes of both hosts without a store: requests can be routed but not answered.</summary>
internal sealed class MappedRoutes : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public MappedRoutes(RequestDelegate answer)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(new DiagnosticListener("FopWatch.Api.Tests"));
        services.AddRoutingCore();
        services.AddFopWatchCore<IStore>(FopWatchSettings.Read([]), _ => throw new NotSupportedException(), TimeProvider.System);
        services.AddSingleton<IAccessGuard>(_ => throw new NotSupportedException());
        services.AddSingleton(new HostProfile(HostKind.Embedded, null));
        services.AddSingleton<IReadinessCheck>(_ => throw new NotSupportedException());
        _services = services.BuildServiceProvider();
        var pipeline = new ApplicationBuilder(_services);
        pipeline.UseRouting();
        pipeline.Use((HttpContext context, RequestDelegate _) => answer(context));
        pipeline.UseEndpoints(routes => routes.MapFopWatch());
        Answer = pipeline.Build();
    }

    /// <summary>Routes a request and returns the configured answer.</summary>
    public RequestDelegate Answer { get; }

    public IEnumerable<RouteEndpoint> Endpoints => _services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
