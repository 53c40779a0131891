using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>GET /api/jobs/{source}/{id}/body</c>: the provider's report of a job.</summary>
internal static class JobBodyApi
{
    public static void MapJobBody(this IEndpointRouteBuilder api) =>
        api.MapGetAndHead("/jobs/{source}/{id}/body", GetAsync)
            .Describe(
                "getJobBody",
                "Get the provider's report of a job, with secrets redacted",
                "One report of a job is stored, from a notification or from the status API: the longest of those that say that the processing is over or, before that, the longest of all. The answer is 404 if no report has arrived, or all were too long to store.");

    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<JobBody>, ProblemResult<NotFound>>> GetAsync(
        string source, string id, Caller caller, IJobStore store, CancellationToken cancellationToken)
    {
        if (JobsApi.KeyOf(source, id, caller) is not { } key || (await store.FindAsync(key, cancellationToken))?.Job is not { } job)
            return JobsApi.NoSuchJob();
        if (job.Facts.Raw is not { } raw)
            return Problem.NotFound($"No report of the job is stored: none has arrived yet, or all were too long.");
        return TypedResults.Ok(new JobBody { Body = raw.Json, Final = raw.Closing, Redacted = raw.Json.AsSpan().Count(CommandRedaction.Mask) });
    }
}

/// <summary>The provider's report of a job.</summary>
public sealed record JobBody
{
    /// <summary>The report as JSON, with secrets redacted.</summary>
    public required string Body { get; init; }

    /// <summary>Whether it says that the processing is over.</summary>
    public required bool Final { get; init; }

    /// <summary>The number of secrets in it that are replaced by <c>***</c>.</summary>
    public required int Redacted { get; init; }
}
