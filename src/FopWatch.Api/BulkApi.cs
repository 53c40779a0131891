using System.ComponentModel;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>Actions on all jobs that match filters.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class BulkApi
{
    /// <summary>The part of the description that all bulk requests share.</summary>
    internal const string OfBulk =
        "Without `confirm` nothing is done; the answer has the count and the value for `confirm`. If the count has changed since, the answer is 409. A call ends after 20 seconds. To continue, repeat it with the `continuation` of its answer.";

    internal const string OfConfirm = "The `confirm` of the answer to the call without it.";

    internal const string OfContinuation = "The `continuation` of the answer to the previous call. It replaces `confirm`.";

    public static void MapBulk(this IEndpointRouteBuilder api)
    {
        api.MapPost("/jobs/poll", PollAsync)
            .Describe(
                "pollJobs",
                "Poll many jobs",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. The polls become due one after another, at half of the source's `Poll:PerSecond`. A poll that is due earlier keeps its time. Expired jobs are watched again. Stopped jobs and jobs with the provider's outcome are left out.");
        api.MapPost("/jobs/republish", RepublishAsync)
            .Describe(
                "republishJobs",
                "Publish the outcomes of many jobs again",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. Each outcome is published as a new version with a new event id. Jobs without an outcome are left out. If a call fails and is repeated, up to 100 outcomes may be published twice.");
        api.MapPost("/jobs/stop", StopAsync)
            .Describe(
                "stopJobs",
                "Stop watching many jobs",
                $"{JobListApi.OfFilters} {OfBulk} At least one filter is required. Stopped jobs and jobs with the provider's outcome are left out.");
    }

    /// <summary><c>POST /api/jobs/poll?…&amp;confirm=</c>: makes the polls of jobs due.</summary>
    [TakesMetadata]
    [Needs(KeyRights.Write)]
    public static Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> PollAsync(
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
    public static Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RepublishAsync(
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
    public static Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> StopAsync(
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

    private static async Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RunAsync(
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
        var query = await asked.Filters.ReadAsync(asked.Request, caller, settings.Sources, store, problems, cancellationToken);
        if (problems.Count > 0)
            return Problem.Invalid($"A parameter is invalid.", problems);
        if (JobFilters.IsEmpty(query, asked.Filters.Ref))
            return Problem.Invalid($"A bulk request needs at least one filter, such as 'source'.");

        // The store finds the job of a reference by its id.
        if (!string.IsNullOrEmpty(asked.Filters.Ref))
        {
            var page = await JobListApi.FindByReferenceAsync(store, query, asked.Filters.Ref, cancellationToken);
            if (page.Elements is not [var one])
                return new Worded<BulkAnswer>(BulkAnswer.ToConfirm(WordOf(action), new JobCount(0, AtLeast: false)), AnswerLanguage.Of(asked.Request));
            query = query with { Source = one.Key.Source, IdPrefix = one.Key.Id, Since = one.RegisteredAt, Until = one.RegisteredAt.AddTicks(1) };
        }

        var (place, answer) = await BulkPlace.BeginAsync(WordOf(action), asked.Request, asked.Confirm, asked.Continuation, time, async () =>
        {
            using var turn = await admission.ListTurnAsync(isLong: true, cancellationToken);
            return await bulk.CountAsync(action, query, cancellationToken);
        });
        if (place is null)
            return answer!;

        // Jobs registered since then were not counted.
        if (place.CountedAt?.AddTicks(1) is { } until && !(query.Until < until))
            query = query with { Until = until };

        try
        {
            return new Worded<BulkAnswer>((place with { Progress = await bulk.RunAsync(action, query, place.Progress, cancellationToken) }).AnswerOf(WordOf(action)), AnswerLanguage.Of(asked.Request));
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
