using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Wording;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>
/// Maps exceptions of handlers to answers, for both hosts. A broker that is down causes none: see <see cref="Publishing.ICommittedEvents"/>.
/// </summary>
/// <param name="admission">Counts requests that are turned away.</param>
/// <param name="troubles">Gets failures of the store and unreadable data.</param>
/// <param name="references">Names unreadable jobs.</param>
/// <param name="logger">Logs unexpected exceptions.</param>
public sealed class Failures(Admission admission, Troubles troubles, JobReferences references, ILogger<Failures> logger)
{
    /// <summary>The answer to a failed request. An unexpected exception is logged.</summary>
    /// <param name="context">The request. Its response must not have started.</param>
    /// <param name="exception">What was thrown.</param>
    /// <returns>
    /// Nothing if the client has disconnected; the server's status for a request that is malformed or incomplete; 503 if the store cannot answer or
    /// there is no room, so that a provider retries; 500 for unreadable data, and for anything else.
    /// </returns>
    public IResult AnswerTo(HttpContext context, Exception exception)
    {
        ArgumentNullException.ThrowIfNull(context);
        switch (exception)
        {
            case OperationCanceledException when context.RequestAborted.IsCancellationRequested:
                return Results.Empty;
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                // Not 408: Qiniu never retries after a 4xx (providers.md, section 1).
                admission.Refused("a body came too slowly");
                return Problem.Unavailable();
            case BadHttpRequestException malformed:
                return Problem.OfStatus(malformed.StatusCode);
            case IntakeFullException full:
                admission.Refused(full.Message);
                return Problem.Unavailable();
            case StoreUnavailableException unavailable:
                troubles.StoreFailed(unavailable.Message);
                return Problem.Unavailable();
            case UnreadableJobException { Job: { } job }:
                troubles.Occurred(job.Key.Source, TroubleKind.UnreadableJobs, Sentence.Verbatim(job.Problem));
                return Problem.Unreadable($"The stored job {references.Of(job.Key)} cannot be read: {job.Problem}.");
            case UnreadableNotificationException unreadable:
                troubles.Occurred(null, TroubleKind.UnreadableQuarantine);
                return Problem.Unreadable(Sentence.Verbatim(unreadable.Message));
            default:
                logger.RequestFailed(exception);
                return Problem.Internal();
        }
    }
}
