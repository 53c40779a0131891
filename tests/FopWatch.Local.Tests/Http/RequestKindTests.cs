using FopWatch.Api;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.Http;

public class RequestKindTests
{
    [Fact]
    public async Task A_route_is_admitted_according_to_its_cost()
    {
        await using var host = await RunningHost.StartAsync();

        var kinds = host.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>()
            .Select(route => (Route: route.RoutePattern.RawText, route.Metadata.GetMetadata<AdmittedAsAttribute>()?.Kind))
            .Where(route => route.Kind is not null)
            .Distinct()
            .OrderBy(route => route.Route, StringComparer.Ordinal)
            .ThenBy(route => route.Kind);

        Assert.Equal(
            [
                ("/api/doctor", RequestKind.Waiting),
                ("/api/jobs", RequestKind.List),
                ("/api/jobs", RequestKind.Registration),
                ("/api/jobs/count", RequestKind.List),
                ("/api/jobs/{source}/{id}", RequestKind.CallOrWaiting),
                ("/api/jobs/{source}/{id}/poll", RequestKind.Waiting),
                ("/api/notify/{**rest}", RequestKind.Notification),
                ("/api/notify/{source}/{token}/{correlation?}", RequestKind.Notification),
                ("/api/overview", RequestKind.List),
                ("/api/quarantine", RequestKind.List),
                ("/api/uploads/{**rest}", RequestKind.Notification),
                ("/api/uploads/{source}/{token}", RequestKind.Notification),
                ("/api/webhooks/{name}/test", RequestKind.Waiting),
                ("/events", RequestKind.Waiting),
                ("/health/live", RequestKind.Health),
                ("/health/ready", RequestKind.Health),
            ],
            kinds);
    }

    [Fact]
    public async Task Only_notify_URLs_health_and_the_dashboard_need_no_key_and_every_other_route_names_its_right()
    {
        await using var host = await RunningHost.StartAsync();

        var open = host.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<OpenToAllAttribute>() is not null)
            .Select(route => route.RoutePattern.RawText)
            .Distinct()
            .Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                "/", "/api/notify/{**rest}", "/api/notify/{source}/{token}/{correlation?}", "/api/uploads/{**rest}", "/api/uploads/{source}/{token}", "/health/live", "/health/ready",
                "/ui/{**path}",
            ],
            open);
        Assert.All(
            host.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints,
            endpoint => Assert.True(
                endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null ^ endpoint.Metadata.GetMetadata<NeedsAttribute>() is not null,
                $"{endpoint.DisplayName} has to have either OpenToAll or Needs."));
    }
}
