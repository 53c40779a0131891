using FopWatch.Diagnosis;
using FopWatch.Intake;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary><c>GET /health/live</c>, <c>GET /health/ready</c> and <c>GET /openapi.json</c>.</summary>
public static class HealthApi
{
    private static readonly byte[] OpenApiDocument = ReadOpenApi();

    /// <summary>The process answers.</summary>
    [AdmittedAs(RequestKind.Health)]
    public static IResult Live() => Results.Json(new("live"), ApiJson.Wire.Health);

    /// <summary>
    /// The store answers, so notifications can be taken. What else goes wrong is listed and makes no host unready: a load balancer that took it out
    /// would lose notifications for it.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="troubles">What goes wrong; null where the caller may not see it, as anyone may ask for health.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="timersRanAt">When the host's timers ran last; null if it has none, or one of them has not run yet.</param>
    /// <exception cref="Jobs.StoreUnavailableException">It is not ready.</exception>
    [AdmittedAs(RequestKind.Health)]
    public static async Task<IResult> ReadyAsync(
        IQuarantine store, Troubles? troubles, CancellationToken cancellationToken, DateTimeOffset? timersRanAt = null)
    {
        await store.FindAsync("-", cancellationToken);
        return Results.Json(new("ready", troubles?.Current is { Count: > 0 } current ? current : null, timersRanAt), ApiJson.Wire.Health);
    }

    /// <summary>The OpenAPI document of all routes.</summary>
    public static IResult OpenApi() => Results.Bytes(OpenApiDocument, "application/json");

    private static byte[] ReadOpenApi()
    {
        using var resource = typeof(HealthApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("The OpenAPI document is not in the assembly.");
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }
}
