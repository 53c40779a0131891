using System.ComponentModel;
using System.Globalization;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The routes below <c>/api/jobs</c>.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class JobsApi
{
    /// <summary>
    /// The longest wait for an outcome that a request may ask for, in seconds. Azure's load balancer gives up on a request that is
    /// not answered within 230 seconds.
    /// </summary>
    public const int MaxWaitSeconds = 200;

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("jobs");
        api.MapRegistrations();
        api.MapJobLists();
        api.MapBulk();
        api.MapGetAndHead("/jobs/{source}/{id}", GetAsync)
            .Describe("getJob", "Get a job, or wait for its outcome");
        api.MapJobBody();
        api.MapDelete("/jobs/{source}/{id}", StopAsync)
            .Describe(
                "stopJob",
                "Stop watching a job",
                "It is not polled any more and cannot expire; it stays as it is, and a notification still settles it. Registering it again starts the watch again. A job with an outcome of the provider's stays unchanged.");
        api.MapPost("/jobs/{source}/{id}/poll", PollAsync)
            .Describe(
                "pollJob",
                "Ask the provider now",
                "Answers the job as it is after the provider's answer, and says in `answer` what that was, or why the provider was not asked. An expired or stopped job is asked about too; one with an outcome of the provider's is not. An expired job that the provider says goes on is watched again.");
        api.MapPost("/jobs/{source}/{id}/republish", RepublishAsync)
            .Describe(
                "republishJob",
                "Publish a job's outcome again",
                "As a new version, so with a new event id.");
    }

    /// <summary>
    /// <c>GET /api/jobs/{source}/{id}[?wait=seconds]</c>: the job; with <c>wait</c>, as soon as it is settled, or the host is to stop.
    /// </summary>
    [AdmittedAs(RequestKind.CallOrWaiting)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> GetAsync(
        string source,
        string id,
        [Description("Answer as soon as the job is settled, after this many seconds at the latest, or when the host stops; then as it is.")] string? wait,
        Caller caller,
        OutcomeWaiters waiters,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (KeyOf(source, id, caller.Visible(settings.Sources)) is not { } key)
            return NoSuchJob();

        var seconds = 0d;
        if (wait is not null
            && !(double.TryParse(wait, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds)
                && seconds is >= 0 and <= MaxWaitSeconds))
        {
            return Problem.Invalid($"'wait' is not a number of seconds from 0 to {MaxWaitSeconds}.");
        }

        return await waiters.WaitAsync(key, TimeSpan.FromSeconds(seconds), cancellationToken) is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();
    }

    /// <summary><c>POST /api/jobs/{source}/{id}/poll</c>: asks the status API now, and answers the job and what the API said.</summary>
    [AdmittedAs(RequestKind.Waiting)]
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<PolledJob>, ProblemResult<NotFound>>> PollAsync(
        string source,
        string id,
        Caller caller,
        Poller poller,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken) =>
        KeyOf(source, id, caller.Visible(settings.Sources)) is { } key
        && await poller.PollNowAsync(key, cancellationToken) is { Job: { } job } polled
            ? TypedResults.Ok(new PolledJob(job, references, settings.Sources.Find(source)?.Domains, polled.Answer))
            : NoSuchJob();

    /// <summary><c>POST /api/jobs/{source}/{id}/republish</c>: publishes the outcome again, as a new version.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>, ProblemResult<NothingToPublish>>> RepublishAsync(
        string source,
        string id,
        Caller caller,
        JobRecorder recorder,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (KeyOf(source, id, caller.Visible(settings.Sources)) is not { } key)
            return NoSuchJob();

        return (await recorder.RecordAsync(key, new DecisionInput.Republish(), cancellationToken)).Job switch
        {
            null => NoSuchJob(),
            { IsSettled: false } => Problem.NotSettled(),
            { Origin: JobOrigin.Hint } => Problem.Unconfirmed(),
            { } job => TypedResults.Ok(Watched(job, references, settings)),
        };
    }

    /// <summary><c>DELETE /api/jobs/{source}/{id}</c>: stops watching. The job stays, and a notification still settles it.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>>> StopAsync(
        string source,
        string id,
        Caller caller,
        JobRecorder recorder,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken) =>
        KeyOf(source, id, caller.Visible(settings.Sources)) is { } key
        && (await recorder.RecordAsync(key, new DecisionInput.StopWatching(), cancellationToken)).Job is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();

    internal static JobKey? KeyOf(string source, string id, Sources sources) =>
        sources.Find(source) is not null && JobKey.IsValidId(id) ? new(source, id) : null;

    /// <summary>A job as the API answers it.</summary>
    internal static WatchedJob Watched(Job job, JobReferences references, FopWatchSettings settings, bool isWhole = true) =>
        new(job, references, settings.Sources.Find(job.Key.Source)?.Domains, isWhole);

    internal static ProblemResult<NotFound> NoSuchJob() => Problem.NotFound("No job of that source and id is known.");
}
