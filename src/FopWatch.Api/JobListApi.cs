using System.ComponentModel;
using System.Globalization;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>Lists of jobs.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class JobListApi
{
    /// <summary>What is said of filters where they are described.</summary>
    internal const string OfFilters =
        "A job has to pass all filters. `metadata.NAME=VALUE`, up to 8 times, finds jobs whose metadata has exactly that value of that name.";

    public static void MapJobLists(this IEndpointRouteBuilder api)
    {
        api.MapGetAndHead("/jobs", ListAsync)
            .Describe(
                "listJobs",
                "List jobs, newest first",
                $"{OfFilters} Results in the list are shortened to 8 KiB each, which the `truncated` of their items names. `GET /api/jobs/{{source}}/{{id}}` answers them as they are stored.");
        api.MapGetAndHead("/jobs/count", CountAsync)
            .Describe(
                "countJobs",
                "Count jobs",
                $"{OfFilters} Counts up to 100000 jobs, and ends sooner where many have to be looked at; `atLeast` tells that there may be more.");
    }

    /// <summary><c>GET /api/jobs?…&amp;top=&amp;continuation=</c>: lists jobs, newest first.</summary>
    [AdmittedAs(RequestKind.List), TakesMetadata]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<JobList>, ProblemResult<InvalidRequest>>> ListAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        [Description("The most jobs to answer. A page of large ones has fewer, as has one for which many jobs were looked at that do not pass the filters; only `continuation` tells whether there are more.")] string? top,
        string? continuation,
        Caller caller,
        Admission admission,
        IJobStore store,
        FopWatchSettings settings,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var query = filters.Read(request, caller.Visible(settings.Sources), problems);
        var count = 100;
        if (!string.IsNullOrEmpty(top)
            && !(int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= JobQuery.MaxTop))
        {
            problems.Add(new("top", $"It is not a number from 1 to {JobQuery.MaxTop}."));
        }

        if (problems.Count > 0)
            return Problem.Invalid("A parameter is wrong.", problems);

        query = caller.Restrict(query) with { Top = count, Continuation = JobFilters.NullIfEmpty(continuation) };
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
            return Problem.Invalid("'continuation' was not issued by this API.");
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
        var query = caller.Restrict(filters.Read(request, caller.Visible(settings.Sources), problems));
        if (problems.Count > 0)
            return Problem.Invalid("A parameter is wrong.", problems);

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

    /// <summary>A job with short results: a page of them would otherwise be as long as all of their results are.</summary>
    private static Job Listed(Job job) => job with { Facts = job.Facts.CutTo(FactsCut.SmallResults) };
}
