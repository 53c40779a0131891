using System.ComponentModel;
using FopWatch.Overviews;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /api/overview</c> and <c>GET /api/plan</c>: the status of the sources, and their polling plans.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class OverviewApi
{
    private const int DefaultHours = 24;

    /// <summary>The maximum of hours in one answer, over all sources. Each takes about 1 KB.</summary>
    private const int MostRows = 12_000;

    public static void MapOverview(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("overview");
        api.MapGetAndHead("/overview", GetAsync)
            .Describe(
                "getOverview",
                "Get the status of the sources",
                "The problems and warnings of each source, its counts, and the sums of the last hours. Durations are in seconds. The cost does not depend on the number of jobs.");
        api.MapGetAndHead("/plan", PlanAsync)
            .Describe(
                "getPlan",
                "Get the polling plans",
                "The plans of this process, and their expected polls and delays for the known jobs, compared with the fixed plan and the optimum.");
    }

    /// <summary><c>GET /api/overview?source=&amp;hours=</c>.</summary>
    [AdmittedAs(RequestKind.List)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<Overview>, ProblemResult<InvalidRequest>>> GetAsync(
        [Description("Only this source.")] string? source,
        [Description("The number of hours, including the current one. At most 12,000 over all sources of the answer.")] string? hours,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        Admission admission,
        OverviewReader reader,
        Sources sources,
        CancellationToken cancellationToken)
    {
        var language = AnswerLanguage.Of(acceptLanguage);
        var problems = new List<ProblemElement>();
        var of = OfSource(source, caller.Visible(sources), problems);
        if (!CountParameter.TryRead(hours, DefaultHours, OverviewReader.MostHours, out var count))
            problems.Add(new("hours", $"It is not a number from 1 to {OverviewReader.MostHours}."));

        if (problems.Count == 0 && (long)count * of.Count > MostRows)
            problems.Add(new("hours", $"For {of.Count} sources the maximum is {MostRows / of.Count}. Name one source with 'source'."));

        return problems.Count > 0
            ? Problem.Invalid($"A parameter is invalid.", problems)
            : await ListAnswer<Overview>.MakeAsync(
                admission,
                isLong: count > DefaultHours,
                cancelled => reader.ReadAsync(of, count, withInstallation: caller.SeesEverything, cancelled),
                ApiJson.In(language).Overview,
                cancellationToken,
                language);
    }

    /// <summary><c>GET /api/plan?source=</c>.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<Worded<PlanReport>, ProblemResult<InvalidRequest>>> PlanAsync(
        [Description("Only this source.")] string? source,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        PlanReportReader reader,
        Sources sources,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var of = OfSource(source, caller.Visible(sources), problems);
        return problems.Count > 0
            ? Problem.Invalid($"A parameter is invalid.", problems)
            : new Worded<PlanReport>(await reader.ReadAsync(of, cancellationToken), AnswerLanguage.Of(acceptLanguage));
    }

    /// <summary>The requested sources.</summary>
    private static IReadOnlyCollection<Source> OfSource(string? source, Sources sources, List<ProblemElement> problems)
    {
        if (string.IsNullOrEmpty(source))
            return sources.All;
        if (sources.Find(source) is { } one)
            return [one];
        problems.Add(UnknownSource.Parameter(source, sources));
        return [];
    }
}
