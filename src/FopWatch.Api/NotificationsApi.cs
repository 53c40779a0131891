using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary><c>POST /api/notify/{source}/{token}[/{correlation}]</c>.</summary>
public static class NotificationsApi
{
    /// <summary>Where the notify URLs are.</summary>
    public static readonly PathString Path = "/api/notify";

    /// <summary>The most bytes that are read of the doctor's own notifications. They are shorter.</summary>
    private const int LongestProbe = 4096;

    /// <summary>Maps the notify URLs.</summary>
    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var notify = routes.MapGroup(Path).WithTags("notify");
        notify.MapPost("/{source}/{token}/{correlation?}", PostAsync)
            .Describe(
                "notify",
                "Take a provider's notification",
                "The notify URL to give to the provider. 200 says that the notification's effect is durable, whatever it was: recorded, taken as a hint that the job may be over, kept in quarantine, or not kept because it repeats the outcome of a job that the retention has deleted. 503 asks the provider to try again.");
        notify.MapPost("/{**rest}", PostElsewhereAsync).ExcludeFromDescription();
    }

    /// <summary>
    /// Takes a notification. Answers 200 once its effect is durable, whatever it was. The answer does not depend on the broker: while it is down the event
    /// stays in the outbox, and <see cref="Publishing.OutboxDispatcher"/> publishes it later. Answers 404 for an unknown source or a wrong token,
    /// alike; 413 for a body over the limit.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store failed: to be answered 503, so that the provider tries again.</exception>
    [AdmittedAs(RequestKind.Notification)]
    [OpenToAll]
    internal static async Task<Results<ContentHttpResult, ProblemResult<NotFound>, ProblemResult<TooLarge>>> PostAsync(
        string source,
        string token,
        string? correlation,
        HttpRequest request,
        NotificationIntake intake,
        BodyMemory memory,
        DecodeTurns turns,
        Admission admission,
        FopWatchSettings settings,
        NotifyProbes probes,
        CancellationToken cancellationToken)
    {
        if (probes.IsProbe(source, token))
            return await AnswerProbeAsync((source, token), request, probes, settings, hasOtherPath: false, cancellationToken);
        if (intake.Admit(source, token) is not { } admitted)
            return Problem.NotFound();

        // Memory, turn and place are given back when the request has been answered.
        using var body = await memory.ReadAsync(request, admitted.Name, cancellationToken);
        if (body is null)
        {
            intake.TooLarge(admitted);
            admission.TooLarge(admitted.Name, settings.MaxBodyBytes);
            return Problem.TooLarge(settings.MaxBodyBytes);
        }

        // What waits to be decoded takes no place, so it keeps out nothing that could be taken in meanwhile.
        using var turn = await turns.EnterAsync(admitted.Name, body.Length, cancellationToken);
        using var place = admission.EnterNotification(admitted.Name);
        var assessed = NotificationIntake.Assess(admitted, SignedRequests.Of(request, settings.PublicOrigin, body.Bytes));
        turn?.Decoded();
        await intake.ReceiveAsync(assessed, correlation, cancellationToken);
        return TypedResults.Text("ok");
    }

    /// <summary>
    /// Takes a <c>POST</c> below <c>/api/notify</c> that no other route takes. If it begins with a notify URL, it is a notification: a 4xx
    /// would lose it (providers.md, section 1). Otherwise it is answered 404 and the operator is warned.
    /// </summary>
    /// <param name="rest">The path below <c>/api/notify/</c>.</param>
    /// <param name="request">The request.</param>
    /// <param name="intake">Takes it.</param>
    /// <param name="memory">Reads its body.</param>
    /// <param name="turns">Lets it be decoded.</param>
    /// <param name="admission">Is told of one that is too large.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="probes">Recognises the doctor's notifications.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">As for a notification.</exception>
    [AdmittedAs(RequestKind.Notification)]
    [OpenToAll]
    internal static async Task<Results<ContentHttpResult, ProblemResult<NotFound>, ProblemResult<TooLarge>>> PostElsewhereAsync(
        string? rest,
        HttpRequest request,
        NotificationIntake intake,
        BodyMemory memory,
        DecodeTurns turns,
        Admission admission,
        FopWatchSettings settings,
        NotifyProbes probes,
        CancellationToken cancellationToken)
    {
        if (rest?.Split('/') is [{ Length: > 0 } source, { Length: > 0 } token, ..])
            return await PostAsync(source, token, null, request, intake, memory, turns, admission, settings, probes, cancellationToken);

        intake.UnknownUrl("The path has no source and token");
        return Problem.NotFound();
    }

    /// <summary>Answers one of the doctor's notifications, which leaves no trace.</summary>
    /// <param name="probe">Its source and token.</param>
    /// <param name="request">The request.</param>
    /// <param name="probes">Has recognised it.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="hasOtherPath">Whether its path is not a notify URL's.</param>
    /// <param name="cancellationToken">Cancels.</param>
    internal static async Task<Results<ContentHttpResult, ProblemResult<NotFound>, ProblemResult<TooLarge>>> AnswerProbeAsync(
        (string Source, string Token) probe,
        HttpRequest request,
        NotifyProbes probes,
        FopWatchSettings settings,
        bool hasOtherPath,
        CancellationToken cancellationToken)
    {
        var bytes = new byte[LongestProbe];
        var length = await request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        var arrived = SignedRequests.Of(request, settings.PublicOrigin, bytes.AsMemory(0, length));
        return probes.AnswerTo(settings.Sources.Find(probe.Source), probe.Token, arrived, hasOtherPath) is { } answer
            ? TypedResults.Text(answer)
            : Problem.NotFound();
    }
}
