using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /api/jobs/{source}/{id}/body</c>: what the provider said of a job, in its own words.</summary>
internal static class JobBodyApi
{
    public static void MapJobBody(this IEndpointRouteBuilder api) =>
        api.MapGetAndHead("/jobs/{source}/{id}/body", GetAsync)
            .Describe(
                "getJobBody",
                "Get the provider's report of a job, with secrets redacted",
                "Of all reports of the job one is kept, from a notification or from the status API: the longest of those that say that the processing is over; until one does, the longest of all. It is answered 404 where no report has come yet, and where none that is short enough to be stored.");

    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<JobBody>, ProblemResult<NotFound>>> GetAsync(
        string source, string id, Caller caller, IJobStore store, Sources sources, CancellationToken cancellationToken)
    {
        if (JobsApi.KeyOf(source, id, caller.Visible(sources)) is not { } key || (await store.FindAsync(key, cancellationToken))?.Job is not { } job)
            return JobsApi.NoSuchJob();
        if (job.Facts.Raw is not { } raw)
            return Problem.NotFound("No report of the job is kept: none has come yet, or none was short enough.");
        return TypedResults.Ok(new JobBody { Body = raw.Json, Final = raw.Closing, Redacted = raw.Json.AsSpan().Count(CommandRedaction.Mask) });
    }
}

/// <summary>What a provider said of a job, in its own words.</summary>
public sealed record JobBody
{
    /// <summary>The report as JSON, secrets redacted.</summary>
    public required string Body { get; init; }

    /// <summary>Whether it says that the processing is over.</summary>
    public required bool Final { get; init; }

    /// <summary>How often <c>***</c> stands in it, in place of a secret.</summary>
    public required int Redacted { get; init; }
}
