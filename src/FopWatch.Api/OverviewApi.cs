using System.ComponentModel;
using System.Globalization;
using FopWatch.Overviews;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /api/overview</c> and <c>GET /api/plan</c>: the status of the sources, and when their jobs are polled.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class OverviewApi
{
    private const int DefaultHours = 24;

    /// <summary>The most hours of all sources in one answer: each is about 1 KB.</summary>
    private const int MostRows = 12_000;

    public static void MapOverview(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("overview");
        api.MapGetAndHead("/overview", GetAsync)
            .Describe(
                "getOverview",
                "The status of the sources",
                "What is wrong at each source or likely to be, its counts, and the sums of the last hours. Lengths of time are in seconds. The cost does not depend on how many jobs there are.");
        api.MapGetAndHead("/plan", PlanAsync)
            .Describe(
                "getPlan",
                "When jobs are polled",
                "The plans by which this process polls, and what they come to for the jobs that are known, beside the fixed plan and the optimum.");
    }

    /// <summary><c>GET /api/overview?source=&amp;hours=</c>.</summary>
    [AdmittedAs(RequestKind.List)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<Overview>, ProblemResult<InvalidRequest>>> GetAsync(
        [Description("Only this source.")] string? source,
        [Description("How many hours, the current one included. Over all sources of the answer at most 12,000.")] string? hours,
        Caller caller,
        Admission admission,
        OverviewReader reader,
        Sources sources,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var of = OfSource(source, caller.Visible(sources), problems);
        var count = DefaultHours;
        if (!string.IsNullOrEmpty(hours)
            && !(int.TryParse(hours, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= OverviewReader.MostHours))
        {
            problems.Add(new("hours", $"It is not a number from 1 to {OverviewReader.MostHours}."));
        }

        if (problems.Count == 0 && (long)count * of.Count > MostRows)
            problems.Add(new("hours", $"For {of.Count} sources it is at most {MostRows / of.Count}. Name one with 'source'."));

        return problems.Count > 0
            ? Problem.Invalid("A parameter is wrong.", problems)
            : await ListAnswer<Overview>.MakeAsync(
                admission,
                isLong: count > DefaultHours,
                cancelled => reader.ReadAsync(of, count, withInstallation: caller.SeesEverything, cancelled),
                ApiJson.Wire.Overview,
                cancellationToken);
    }

    /// <summary><c>GET /api/plan?source=</c>.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<PlanReport>, ProblemResult<InvalidRequest>>> PlanAsync(
        [Description("Only this source.")] string? source,
        Caller caller,
        PlanReportReader reader,
        Sources sources,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var of = OfSource(source, caller.Visible(sources), problems);
        return problems.Count > 0
            ? Problem.Invalid("A parameter is wrong.", problems)
            : TypedResults.Ok(await reader.ReadAsync(of, cancellationToken));
    }

    /// <summary>The sources that are asked for.</summary>
    private static IReadOnlyCollection<Source> OfSource(string? source, Sources sources, List<ProblemElement> problems)
    {
        if (string.IsNullOrEmpty(source))
            return sources.All;
        if (sources.Find(source) is { } one)
            return [one];
        problems.Add(new("source", "It is not the name of a configured source."));
        return [];
    }
}
