using FopWatch.Intake;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary><c>GET /health/live</c>, <c>GET /health/ready</c> and <c>GET /openapi.json</c>.</summary>
public static class HealthApi
{
    private static readonly byte[] OpenApiDocument = ReadOpenApi();

    /// <summary>The process answers.</summary>
    public static IResult Live() => Results.Json(new("live"), ApiJson.Wire.Health);

    /// <summary>The store answers.</summary>
    public static async Task<IResult> ReadyAsync(IQuarantine store, CancellationToken cancellationToken)
    {
        await store.FindAsync("-", cancellationToken);
        return Results.Json(new("ready"), ApiJson.Wire.Health);
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
