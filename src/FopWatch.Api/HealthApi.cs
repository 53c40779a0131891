using System.ComponentModel;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Settings;
using FopWatch.Wording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /health/live</c>, <c>GET /health/ready</c> and <c>GET /openapi.json</c>.</summary>
public static class HealthApi
{
    /// <summary>The path of the liveness check.</summary>
    public static readonly PathString LivePath = "/health/live";

    /// <summary>The path of the readiness check.</summary>
    public static readonly PathString ReadyPath = "/health/ready";

    internal static readonly PathString Path = "/health";

    private static readonly byte[] OpenApiDocument = ReadOpenApi();

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").WithTags("health");
        health.MapGetAndHead(LivePath, Live)
            .Describe("live", "Check that the process answers");
        health.MapGetAndHead(ReadyPath, ReadyAsync)
            .Describe(
                "ready",
                "Check that the host is ready",
                "The host is ready if the store answers. After a failed write, the embedded host also checks that it can write again. With 503, `errors` names what prevents the cloud host from starting.");
        health.MapGetAndHead("/openapi.json", OpenApi)
            .Describe("getOpenApi", "This document");
    }

    /// <summary>The process answers.</summary>
    [AdmittedAs(RequestKind.Health)]
    [OpenToAll]
    public static Ok<Health> Live() => TypedResults.Ok(new Health("live"));

    /// <summary>
    /// The store answers, so notifications can be taken. Other troubles are listed but do not make the host unready: a load balancer that removed it
    /// would lose notifications. The route is open to all. Only callers with a key see troubles, and only keys of all sources those of the whole installation.
    /// </summary>
    [AdmittedAs(RequestKind.Health)]
    [OpenToAll]
    internal static async Task<Results<Worded<Health>, ProblemResult<Unavailable>>> ReadyAsync(
        HttpRequest request,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        IReadinessCheck check,
        IQuarantine store,
        IAccessGuard guard,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var caller = guard.CallerOf(request);
        try
        {
            var timersRanAt = await check.CheckAsync(cancellationToken);
            await store.FindAsync("-", cancellationToken);
            var visible = caller is null ? [] : troubles.Current.Where(trouble => caller.Sees(trouble.Source)).ToList();
            return new Worded<Health>(new("ready", visible.Count > 0 ? visible : null, timersRanAt), AnswerLanguage.Of(acceptLanguage));
        }
        catch (StoreUnavailableException e) when (caller is { SeesEverything: true })
        {
            troubles.StoreFailed(e.Message);
            return Problem.Unavailable(Sentence.Verbatim(e.Message));
        }
    }

    /// <summary>The OpenAPI document of all routes.</summary>
    [Needs(KeyRights.Read)]
    internal static FileContentHttpResult OpenApi() => TypedResults.Bytes(OpenApiDocument, "application/json");

    private static byte[] ReadOpenApi()
    {
        using var resource = typeof(HealthApi).Assembly.GetManifestResourceStream("openapi.json")
            ?? throw new InvalidOperationException("The assembly does not contain the OpenAPI document.");
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }
}
