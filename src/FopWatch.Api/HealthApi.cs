using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /health/live</c>, <c>GET /health/ready</c> and <c>GET /openapi.json</c>.</summary>
public static class HealthApi
{
    /// <summary>Where the process answers, whatever else does.</summary>
    public static readonly PathString LivePath = "/health/live";

    /// <summary>Where the host says whether it can work.</summary>
    public static readonly PathString ReadyPath = "/health/ready";

    internal static readonly PathString Path = "/health";

    private static readonly byte[] OpenApiDocument = ReadOpenApi();

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGetAndHead(LivePath, Live);
        routes.MapGetAndHead(ReadyPath, ReadyAsync);
        routes.MapGetAndHead("/openapi.json", OpenApi);
    }

    /// <summary>The process answers.</summary>
    [AdmittedAs(RequestKind.Health)]
    [OpenToAll]
    public static IResult Live() => Results.Json(new("live"), ApiJson.Wire.Health);

    /// <summary>
    /// The store answers, so notifications can be taken. What else goes wrong is listed and makes no host unready: a load balancer that took it out
    /// would lose notifications for it. Anyone may ask; what goes wrong is only for callers that may use the other routes.
    /// </summary>
    [AdmittedAs(RequestKind.Health)]
    [OpenToAll]
    internal static async Task<IResult> ReadyAsync(
        HttpRequest request, IReadinessCheck check, IQuarantine store, IAccessGuard guard, Troubles troubles, CancellationToken cancellationToken)
    {
        var mayKnow = guard.Refusal(request) is null;
        try
        {
            var timersRanAt = await check.CheckAsync(cancellationToken);
            await store.FindAsync("-", cancellationToken);
            return Results.Json(new("ready", mayKnow && troubles.Current is { Count: > 0 } current ? current : null, timersRanAt), ApiJson.Wire.Health);
        }
        catch (StoreUnavailableException e) when (mayKnow)
        {
            troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
            return Problem.Unavailable(e.Message);
        }
    }

    /// <summary>The OpenAPI document of all routes.</summary>
    internal static IResult OpenApi() => Results.Bytes(OpenApiDocument, "application/json");

    private static byte[] ReadOpenApi()
    {
        using var resource = typeof(HealthApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("The OpenAPI document is not in the assembly.");
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }
}
