using System.ComponentModel;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>Lists of jobs.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class JobListApi
{
    public static void MapJobLists(this IEndpointRouteBuilder api) =>
        api.MapGetAndHead("/jobs", ListAsync)
            .Describe(
                "listJobs",
                "List jobs, newest first",
                "Results in the list are shortened to 8 KiB each, which the `truncated` of their items names. `GET /api/jobs/{source}/{id}` answers them as they are stored.");

    /// <summary><c>GET /api/jobs?source=&amp;state=&amp;watch=&amp;overdue=&amp;since=&amp;ref=&amp;top=&amp;continuation=</c>: lists jobs, newest first.</summary>
    [AdmittedAs(RequestKind.List)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<JobList>, ProblemResult<InvalidRequest>>> ListAsync(
        [Description("Only jobs of this source.")] string? source,
        [Description("Only jobs in this state.")] string? state,
        [Description("Only jobs whose watch stands so.")] string? watch,
        [Description("`true`: only jobs that are overdue. `false`: only jobs that are not.")] string? overdue,
        [Description("Only jobs registered at this time or later: an RFC 3339 time with seconds and an offset, whose `+` is `%2B` in a URL.")] string? since,
        [FromQuery(Name = "ref"), Description("Only the job of this reference, as the log names it. The other filters apply too.")] string? reference,
        [Description("The most jobs to answer. A page of large ones has fewer; only `continuation` tells whether there are more.")] string? top,
        string? continuation,
        Caller caller,
        Admission admission,
        IJobStore store,
        FopWatchSettings settings,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        if (!string.IsNullOrEmpty(source) && caller.Visible(settings.Sources).Find(source) is null)
            problems.Add(new("source", "It is not the name of a configured source."));

        var wantedState = Choice<JobState>("state", state, problems);
        var wantedWatch = Choice<WatchStatus>("watch", watch, problems);
        if (!string.IsNullOrEmpty(overdue) && overdue is not ("true" or "false"))
            problems.Add(new("overdue", "It is neither true nor false."));

        DateTimeOffset? from = null;
        if (!string.IsNullOrEmpty(since))
        {
            from = Rfc3339.Parse(since);
            if (from is null)
                problems.Add(new("since", "It is not an RFC 3339 time, such as 2026-01-31T12:00:00Z. (In a URL, the + of an offset is %2B.)"));
        }

        if (!string.IsNullOrEmpty(reference) && !JobReferences.IsValid(reference))
            problems.Add(new("ref", $"A job reference is {JobReferences.Length} lower-case hexadecimal digits."));

        var count = 100;
        if (!string.IsNullOrEmpty(top)
            && !(int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= JobQuery.MaxTop))
        {
            problems.Add(new("top", $"It is not a number from 1 to {JobQuery.MaxTop}."));
        }

        if (problems.Count > 0)
            return Problem.Invalid("A parameter is wrong.", problems);

        try
        {
            var query = caller.Restrict(new()
            {
                Source = string.IsNullOrEmpty(source) ? null : source,
                State = wantedState,
                Watch = wantedWatch,
                Overdue = string.IsNullOrEmpty(overdue) ? null : overdue == "true",
                Since = from,
                Top = count,
                Continuation = string.IsNullOrEmpty(continuation) ? null : continuation,
            });
            return await ListAnswer<JobList>.MakeAsync(
                admission,
                string.IsNullOrEmpty(reference) && count > JobQuery.ShortTop,
                async cancelled =>
                {
                    var page = string.IsNullOrEmpty(reference)
                        ? await store.ListAsync(query, cancelled)
                        : await FindByReferenceAsync(store, query, reference, cancelled);
                    var unreadable = page.Unreadable.Count > 0 ? page.Unreadable : null;
                    if (unreadable is not null)
                        troubles.Occurred(query.Source, TroubleKind.UnreadableJobs, $"{unreadable.Count} in a list of jobs");
                    return new JobList(
                        [.. page.Elements.Select(job => JobsApi.Watched(Listed(job), store.References, settings))], page.Continuation, unreadable);
                },
                ApiJson.Wire.JobList,
                cancellationToken);
        }
        catch (FormatException)
        {
            return Problem.Invalid("'continuation' was not issued by this API.");
        }
    }

    private static async Task<Page<Job>> FindByReferenceAsync(
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

    /// <summary>The member of an enum that a parameter names; null if the parameter was not given, or is wrong, which is one problem more.</summary>
    private static T? Choice<T>(string parameter, string? value, List<ProblemElement> problems)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(value))
            return null;

        if (WireNames.TryParse<T>(value, out var known))
            return known;
        problems.Add(new(parameter, $"It is none of {string.Join(", ", WireNames.All<T>())}."));
        return null;
    }
}
