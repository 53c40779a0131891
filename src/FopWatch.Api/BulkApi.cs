using System.ComponentModel;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>What is done with all jobs that pass filters.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class BulkApi
{
    /// <summary>What is said of every bulk request where it is described.</summary>
    internal const string OfBulk =
        "Without `confirm` nothing is done, and the answer has the count and what to confirm it with. With another count than there is now, the answer is 409. A call ends after 20 seconds; the same call with the `continuation` of its answer goes on.";

    internal const string OfConfirm = "What the answer of a call without it has as `confirm`.";

    internal const string OfContinuation = "Where a call before ended. It stands for the confirmation too.";

    public static void MapBulk(this IEndpointRouteBuilder api)
    {
        api.MapPost("/jobs/poll", PollAsync)
            .Describe(
                "pollJobs",
                "Have the provider asked about many jobs",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. The polls are made due one after the other, at half of the source's `Poll:PerSecond`; a poll that is due sooner stays so. Expired jobs are watched again. Stopped jobs, and those with an outcome of the provider's, are left out.");
        api.MapPost("/jobs/republish", RepublishAsync)
            .Describe(
                "republishJobs",
                "Publish the outcomes of many jobs again",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. Each outcome is published as a new version, so with a new event id. Jobs without an outcome are left out. Where a call fails, up to 100 outcomes may be published once more when it is repeated.");
        api.MapPost("/jobs/stop", StopAsync)
            .Describe(
                "stopJobs",
                "Stop watching many jobs",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. Jobs that are stopped already, and those with an outcome of the provider's, are left out.");
    }

    /// <summary><c>POST /api/jobs/poll?…&amp;confirm=</c>: makes the polls of jobs due.</summary>
    [TakesMetadata]
    [Needs(KeyRights.Write)]
    public static Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> PollAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        [Description(OfConfirm)] string? confirm,
        [Description(OfContinuation)] string? continuation,
        Caller caller,
        Admission admission,
        BulkChanges bulk,
        IJobStore store,
        FopWatchSettings settings,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        RunAsync(BulkAction.Poll, new(request, filters, confirm, continuation), caller, admission, bulk, store, settings, time, cancellationToken);

    /// <summary><c>POST /api/jobs/republish?…&amp;confirm=</c>: publishes outcomes again.</summary>
    [TakesMetadata]
    [Needs(KeyRights.Write)]
    public static Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RepublishAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        [Description(OfConfirm)] string? confirm,
        [Description(OfContinuation)] string? continuation,
        Caller caller,
        Admission admission,
        BulkChanges bulk,
        IJobStore store,
        FopWatchSettings settings,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        RunAsync(BulkAction.Republish, new(request, filters, confirm, continuation), caller, admission, bulk, store, settings, time, cancellationToken);

    /// <summary><c>POST /api/jobs/stop?…&amp;confirm=</c>: stops watching jobs.</summary>
    [TakesMetadata]
    [Needs(KeyRights.Write)]
    public static Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> StopAsync(
        HttpRequest request,
        [AsParameters] JobFilters filters,
        [Description(OfConfirm)] string? confirm,
        [Description(OfContinuation)] string? continuation,
        Caller caller,
        Admission admission,
        BulkChanges bulk,
        IJobStore store,
        FopWatchSettings settings,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        RunAsync(BulkAction.Stop, new(request, filters, confirm, continuation), caller, admission, bulk, store, settings, time, cancellationToken);

    private static async Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RunAsync(
        BulkAction action,
        Asked asked,
        Caller caller,
        Admission admission,
        BulkChanges bulk,
        IJobStore store,
        FopWatchSettings settings,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var problems = new List<ProblemElement>();
        var query = caller.Restrict(asked.Filters.Read(asked.Request, caller.Visible(settings.Sources), problems));
        if (problems.Count > 0)
            return Problem.Invalid("A parameter is wrong.", problems);
        if (JobFilters.IsEmpty(query, asked.Filters.Ref))
            return Problem.Invalid("A bulk request needs at least one filter, such as 'source'.");

        // The job of a reference is looked for by its id.
        if (!string.IsNullOrEmpty(asked.Filters.Ref))
        {
            var page = await JobListApi.FindByReferenceAsync(store, query, asked.Filters.Ref, cancellationToken);
            if (page.Elements is not [var one])
                return TypedResults.Ok(BulkAnswer.ToConfirm(WordOf(action), new JobCount(0, AtLeast: false)));
            query = query with { Source = one.Key.Source, IdPrefix = one.Key.Id, Since = one.RegisteredAt, Until = one.RegisteredAt.AddTicks(1) };
        }

        var (place, answer) = await BulkPlace.BeginAsync(WordOf(action), asked.Request, asked.Confirm, asked.Continuation, time, async () =>
        {
            using var turn = await admission.ListTurnAsync(isLong: true, cancellationToken);
            return await bulk.CountAsync(action, query, cancellationToken);
        });
        if (place is null)
            return answer!;

        // Jobs that were registered since were not counted.
        if (place.CountedAt?.AddTicks(1) is { } until && !(query.Until < until))
            query = query with { Until = until };

        try
        {
            return TypedResults.Ok((place with { Progress = await bulk.RunAsync(action, query, place.Progress, cancellationToken) }).AnswerOf(WordOf(action)));
        }
        catch (FormatException)
        {
            return BulkPlace.WrongContinuation();
        }
    }

    private static BulkWord WordOf(BulkAction action) => action switch
    {
        BulkAction.Poll => BulkWord.Poll,
        BulkAction.Republish => BulkWord.Republish,
        _ => BulkWord.Stop,
    };

    private sealed record Asked(HttpRequest Request, JobFilters Filters, string? Confirm, string? Continuation);
}
