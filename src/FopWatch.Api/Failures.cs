using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>
/// Decides how both hosts answer what a handler throws. A broker that is down is not among it: see <see cref="Publishing.ICommittedEvents"/>.
/// </summary>
/// <param name="admission">Counts what is turned away.</param>
/// <param name="troubles">Is told of stores that cannot answer and of what cannot be read.</param>
/// <param name="references">Name jobs that cannot be read.</param>
/// <param name="logger">Gets what nobody expected.</param>
public sealed class Failures(Admission admission, Troubles troubles, JobReferences references, ILogger<Failures> logger)
{
    /// <summary>The answer to a failed request; what nobody expected is logged.</summary>
    /// <param name="context">The request. Its response must not have started.</param>
    /// <param name="exception">What was thrown.</param>
    /// <returns>
    /// Nothing if the client has left; the status that the server found for a request that is malformed or was cut off; 503 where the
    /// store cannot answer or there is no room, so that a provider tries again; 500 for what is stored and cannot be read, and for anything else.
    /// </returns>
    public IResult AnswerTo(HttpContext context, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(context);
        switch (exception)
        {
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                return Results.Empty;
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                // Too slow today is not wrong: Qiniu never repeats what was answered 4xx (providers.md, section 1).
                admission.Refused("a body came too slowly");
                return Problem.Unavailable();
            case BadHttpRequestException malformed:
                return Problem.OfStatus(malformed.StatusCode);
            case IntakeFullException full:
                admission.Refused(full.Message);
                return Problem.Unavailable();
            case StoreUnavailableException unavailable:
                troubles.Occurred(null, TroubleKind.StoreUnavailable, unavailable.Message);
                return Problem.Unavailable();
            case UnreadableJobException { Job: { } job }:
                troubles.Occurred(job.Key.Source, TroubleKind.UnreadableJobs, job.Problem);
                return Problem.Unreadable($"The stored job {references.Of(job.Key)} cannot be read: {job.Problem}.");
            case UnreadableNotificationException unreadable:
                troubles.Occurred(null, TroubleKind.UnreadableQuarantine);
                return Problem.Unreadable(unreadable.Message);
            default:
                logger.RequestFailed(exception);
                return Problem.Internal();
        }
    }
}
