using System.ComponentModel;
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
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class JobsApi
{
    /// <summary>
    /// The maximum of <c>wait</c>, in seconds. Azure's load balancer ends a request without an answer after 230 seconds.
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
                "The job is no longer polled and cannot expire. A notification still settles it. Registering it again restarts the watch. A job with the provider's outcome stays unchanged.");
        api.MapPost("/jobs/{source}/{id}/poll", PollAsync)
            .Describe(
                "pollJob",
                "Poll a job now",
                "Answers the job after the poll. `answer` has the provider's answer, or the reason why the provider was not asked. Expired and stopped jobs are polled too; a job with the provider's outcome is not. An expired job that is still running is watched again.");
        api.MapPost("/jobs/{source}/{id}/republish", RepublishAsync)
            .Describe(
                "republishJob",
                "Publish a job's outcome again",
                "The outcome is published as a new version with a new event id.");
    }

    /// <summary>
    /// <c>GET /api/jobs/{source}/{id}[?wait=seconds]</c>: the job. With <c>wait</c>, the answer comes when the job settles, the time is over, or the host stops.
    /// </summary>
    [AdmittedAs(RequestKind.CallOrWaiting)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<WatchedJob>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> GetAsync(
        string source,
        string id,
        [Description("Wait up to this many seconds for the job to settle; a time such as `90s` or `00:01:30` is accepted too. The answer has the job as it is then. It comes earlier if the host stops.")] string? wait,
        Caller caller,
        OutcomeWaiters waiters,
        JobReferences references,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (KeyOf(source, id, caller) is not { } key)
            return NoSuchJob();

        var longest = TimeSpan.FromSeconds(MaxWaitSeconds);
        var time = TimeSpan.Zero;
        if (wait is not null && !WrittenTime.TryParseOrSeconds(wait, TimeSpan.Zero, longest, out time))
            return Problem.Invalid($"'wait' is neither a number of seconds nor {WrittenTime.Expected(TimeSpan.Zero, longest)}.");

        return await waiters.WaitAsync(key, time, cancellationToken) is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();
    }

    /// <summary><c>POST /api/jobs/{source}/{id}/poll</c>: queries the status API now, and answers the job and the API's answer.</summary>
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
        KeyOf(source, id, caller) is not { } key || await poller.PollNowAsync(key, cancellationToken) is not { Job: { } job } polled ? NoSuchJob()
        : settings.Sources.Find(source) is not { } configured ? Problem.NotFound($"The source {UnknownSource.Quoted(source)} of the job is not configured, so the job is not polled.")
        : TypedResults.Ok(new PolledJob(job, references, configured.Domains, polled.Answer));

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
        if (KeyOf(source, id, caller) is not { } key)
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
        KeyOf(source, id, caller) is { } key
        && (await recorder.RecordAsync(key, new DecisionInput.StopWatching(), cancellationToken)).Job is { } job
            ? TypedResults.Ok(Watched(job, references, settings))
            : NoSuchJob();

    /// <summary>The key of a job that the caller may see. Its source may be one that is no longer configured.</summary>
    internal static JobKey? KeyOf(string source, string id, Caller caller) =>
        caller.Sees(source) && Sources.IsName(source) && JobKey.IsValidId(id) ? new(source, id) : null;

    /// <summary>A job as the API returns it.</summary>
    internal static WatchedJob Watched(Job job, JobReferences references, FopWatchSettings settings, bool isWhole = true) =>
        new(job, references, settings.Sources.Find(job.Key.Source)?.Domains, isWhole);

    internal static ProblemResult<NotFound> NoSuchJob() => Problem.NotFound($"There is no job with this source and id.");
}
