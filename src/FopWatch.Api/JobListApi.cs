using System.ComponentModel;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>Lists of jobs.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class JobListApi
{
    /// <summary>The part of descriptions that explains filters.</summary>
    internal const string OfFilters =
        "A job must match all filters. `metadata.NAME=VALUE`, up to 8 times, matches jobs whose metadata `NAME` is exactly `VALUE`.";

    public static void MapJobLists(this IEndpointRouteBuilder api)
    {
        api.MapGetAndHead("/jobs", ListAsync)
            .Describe(
                "listJobs",
                "List jobs, newest first",
                $"{OfFilters} In lists, each result is cut to 8 KiB, and the `truncated` of its item says so. `GET /api/jobs/{{source}}/{{id}}` has the stored results.");
        api.MapGetAndHead("/jobs/count", CountAsync)
            .Describe(
                "countJobs",
                "Count jobs",
                $"{OfFilters} Counts up to 100000 jobs, and fewer if many do not match. `atLeast` is true if there may be more.");
    }

    /// <summary><c>GET /api/jobs?…&amp;top=&amp;continuation=</c>: lists jobs, newest first.</summary>
    [AdmittedAs(RequestKind.List), TakesMetadata]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<JobList>, ProblemResult<InvalidRequest>>> ListAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        [Description("The maximum number of jobs in the page. A page has fewer if its jobs are large, or if many jobs do not match the filters. Only `continuation` shows whether there are more.")] string? top,
        string? continuation,
        Caller caller,
        Admission admission,
        IJobStore store,
        FopWatchSettings settings,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var query = await filters.ReadAsync(request, caller, settings.Sources, store, problems, cancellationToken);
        if (!CountParameter.TryRead(top, 100, JobQuery.MaxTop, out var count))
            problems.Add(new("top", $"It is not a number from 1 to {JobQuery.MaxTop}."));

        if (problems.Count > 0)
            return Problem.Invalid($"A parameter is invalid.", problems);

        query = query with { Top = count, Continuation = JobFilters.NullIfEmpty(continuation) };
        try
        {
            return await ListAnswer<JobList>.MakeAsync(
                admission,
                string.IsNullOrEmpty(filters.Ref) && count > JobQuery.ShortTop,
                async cancelled =>
                {
                    var page = string.IsNullOrEmpty(filters.Ref)
                        ? await store.ListAsync(query, cancelled)
                        : await FindByReferenceAsync(store, query, filters.Ref, cancelled);
                    var unreadable = page.Unreadable.Count > 0 ? page.Unreadable : null;
                    if (unreadable is not null)
                        troubles.Occurred(query.Source, TroubleKind.UnreadableJobs, $"{unreadable.Count} in a list of jobs");
                    return new JobList(
                        [.. page.Elements.Select(job => JobsApi.Watched(Listed(job), store.References, settings, isWhole: false))], page.Continuation, unreadable);
                },
                ApiJson.Wire.JobList,
                cancellationToken);
        }
        catch (FormatException)
        {
            return Problem.Invalid($"'continuation' was not issued by this API.");
        }
    }

    /// <summary><c>GET /api/jobs/count?…</c>: counts jobs.</summary>
    [AdmittedAs(RequestKind.List), TakesMetadata]
    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<JobsCounted>, ProblemResult<InvalidRequest>>> CountAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        Caller caller,
        Admission admission,
        IJobStore store,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var query = await filters.ReadAsync(request, caller, settings.Sources, store, problems, cancellationToken);
        if (problems.Count > 0)
            return Problem.Invalid($"A parameter is invalid.", problems);

        using var turn = await admission.ListTurnAsync(isLong: true, cancellationToken);
        var (count, atLeast) = string.IsNullOrEmpty(filters.Ref)
            ? await store.CountAsync(query, BulkChanges.MostCounted, cancellationToken)
            : new((await FindByReferenceAsync(store, query, filters.Ref, cancellationToken)).Elements.Count, AtLeast: false);
        return TypedResults.Ok(new JobsCounted(count, atLeast));
    }

    internal static async Task<Page<Job>> FindByReferenceAsync(
        IJobStore store, JobQuery query, string reference, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindByReferenceAsync(query.Sources is { Count: 1 } one ? one.First() : null, reference, cancellationToken) is { } job && query.Matches(job)
                ? new([job], null)
                : new([], null);
        }
        catch (UnreadableJobException e)
        {
            var isWanted = query.Sources is not { } sources || (e.Job is { } job && sources.Contains(job.Key.Source));
            return new([], null) { Unreadable = isWanted ? [reference] : [] };
        }
    }

    /// <summary>A job with shortened results, which limits the size of a page.</summary>
    private static Job Listed(Job job) => job with { Facts = job.Facts.CutTo(FactsCut.SmallResults) };
}
