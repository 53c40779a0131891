using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>How both hosts answer what a handler throws.</summary>
public static class Failures
{
    /// <summary>The answer to a failed request; what nobody expected is logged.</summary>
    /// <param name="context">The request. Its response must not have started.</param>
    /// <param name="exception">What was thrown.</param>
    /// <param name="logger">The log.</param>
    /// <returns>
    /// Nothing if the client has left; the status that the server found for a request that is malformed or was cut off; 503 where the
    /// store cannot answer or there is no room, so that a provider tries again; 500 for what is stored and cannot be read, and for anything else.
    /// </returns>
    public static IResult AnswerTo(HttpContext context, Exception exception, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(context);
        switch (exception)
        {
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                return Results.Empty;
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                // Too slow today is not wrong: Qiniu never repeats what was answered 4xx (providers.md, section 1).
                Admission(context)?.Refused("a body came too slowly");
                return Problem.Unavailable();
            case BadHttpRequestException malformed:
                return Problem.OfStatus(malformed.StatusCode);
            case IntakeFullException full:
                Admission(context)?.Refused(full.Message);
                return Problem.Unavailable();
            case StoreUnavailableException unavailable:
                context.RequestServices.GetService<Troubles>()?.Occurred(null, TroubleKind.StoreUnavailable, unavailable.Message);
                return Problem.Unavailable();
            case UnreadableJobException { Job: { } job }:
                context.RequestServices.GetService<Troubles>()?.Occurred(job.Key.Source, TroubleKind.UnreadableJobs, job.Problem);
                return Problem.Unreadable(Words(job, context.RequestServices.GetService<JobReferences>()));
            case UnreadableNotificationException unreadable:
                context.RequestServices.GetService<Troubles>()?.Occurred(null, TroubleKind.UnreadableQuarantine);
                return Problem.Unreadable(unreadable.Message);
            default:
                logger.RequestFailed(exception);
                return Problem.Internal();
        }
    }

    private static string Words(UnreadableJob job, JobReferences? references) =>
        $"The stored job{(references is null ? "" : $" {references.Of(job.Key)}")} cannot be read: {job.Problem}.";

    private static Admission? Admission(HttpContext context) => context.RequestServices.GetService<Admission>();
}
