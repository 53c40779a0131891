using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>POST /api/uploads/{source}/{token}</c>.</summary>
public static class UploadsApi
{
    /// <summary>The path of the URLs for upload callbacks.</summary>
    public static readonly PathString Path = "/api/uploads";

    /// <summary>Maps the URLs for upload callbacks.</summary>
    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        var uploads = routes.MapGroup(Path).WithTags("uploads");
        uploads.MapPost("/{source}/{token}", PostAsync)
            .Describe(
                "uploadCallback",
                "Receive a provider's upload callback",
                "The callbackUrl of an upload policy at Qiniu. The callback registers the job that it names. A callback that is unsigned, or whose signature does not cover the body, only makes the next poll of the job due, unless the source trusts tokens. 200 means that the effect is durable. The answer is the body as a JSON object, which Qiniu passes to the uploader.");
        uploads.MapPost("/{**rest}", PostElsewhere).ExcludeFromDescription();
    }

    /// <summary>
    /// Receives an upload callback. Answers 200 with its fields as JSON once its effect is durable; the same 404 for an unknown source and for a wrong
    /// token; 400 for a source whose provider has no upload callbacks; 413 for a body over the limit.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store failed. The answer is 503.</exception>
    [AdmittedAs(RequestKind.Notification)]
    [OpenToAll]
    internal static async Task<Results<Utf8ContentHttpResult, ProblemResult<InvalidRequest>, ProblemResult<NotFound>, ProblemResult<TooLarge>>> PostAsync(
        string source,
        string token,
        HttpRequest request,
        NotificationIntake intake,
        BodyMemory memory,
        DecodeTurns turns,
        Admission admission,
        FopWatchSettings settings,
        CancellationToken cancellationToken)
    {
        if (intake.Admit(source, token) is not { } admitted)
            return Problem.NotFound();
        if (admitted.Provider.UploadCallbacks is not { } callbacks)
        {
            intake.UnknownUrl($"An upload callback arrived for a source whose provider has none");
            return Problem.Invalid($"The source's provider is {admitted.Provider.Kind}, and only Qiniu has upload callbacks. Register its jobs with POST /api/jobs.");
        }

        // Memory, turn and place are released after the answer.
        using var body = await memory.ReadAsync(request, admitted.Name, cancellationToken);
        if (body is null)
        {
            intake.TooLarge(admitted);
            admission.TooLarge(admitted.Name, settings.MaxBodyBytes);
            return Problem.TooLarge(settings.MaxBodyBytes);
        }

        using var turn = await turns.EnterAsync(admitted.Name, body.Length, cancellationToken);
        using var place = admission.EnterNotification(admitted.Name);
        var assessed = UploadIntake.Assess(admitted, callbacks, SignedRequests.Of(request, settings.PublicOrigin, body.Bytes));
        turn?.Decoded();
        await intake.Uploads.ReceiveAsync(assessed, cancellationToken);

        // The content comes from a stranger, and a browser must not treat it as a page.
        request.HttpContext.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Text(assessed.Upload.Answer.Span, "application/json");
    }

    /// <summary>Answers 404 to a <c>POST</c> below <c>/api/uploads</c> that matches no other route, and warns the operator.</summary>
    [AdmittedAs(RequestKind.Notification)]
    [OpenToAll]
    internal static ProblemResult<NotFound> PostElsewhere(NotificationIntake intake)
    {
        intake.UnknownUrl($"The path of an upload callback has no source and token");
        return Problem.NotFound();
    }
}
