using System.Text.Json.Serialization;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The kind of host.</summary>
public enum HostKind
{
    /// <summary>One process with SQLite.</summary>
    Embedded,

    /// <summary>An Azure Functions app.</summary>
    Cloud,
}

/// <summary>The features of a host for clients.</summary>
/// <param name="Kind">The kind of host.</param>
/// <param name="Events">The path of its event stream; null if it has none.</param>
public sealed record HostProfile(HostKind Kind, string? Events);

/// <summary>The caller's rights, and the host.</summary>
/// <param name="Name">The name of the caller's API key; null for <c>FopWatch:ApiKey</c>, for a function key, and if no key is needed.</param>
/// <param name="Rights">What the caller may do.</param>
/// <param name="Sources">The sources that the caller sees; null for all.</param>
/// <param name="Host">The kind of host.</param>
/// <param name="Events">The path of the event stream; null if the host has none.</param>
/// <param name="At">The time by the host's clock.</param>
public sealed record CallerProfile(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Name,
    KeyRights Rights,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyList<string>? Sources,
    HostKind Host,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Events,
    DateTimeOffset At);

/// <summary><c>GET /api/me</c>.</summary>
internal static class MeApi
{
    public static void MapMe(this IEndpointRouteBuilder routes) => routes.MapGetAndHead("/api/me", Get)
        .WithTags("access")
        .Describe("getMe", "Get the caller's rights");

    [Needs(KeyRights.Read)]
    public static Ok<CallerProfile> Get(Caller caller, HostProfile host, TimeProvider time) =>
        TypedResults.Ok(new CallerProfile(caller.Name, caller.Rights, caller.Sources, host.Kind, host.Events, time.GetUtcNow()));
}
