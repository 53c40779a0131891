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
    /// <summary>The path of the notify URLs.</summary>
    public static readonly PathString Path = "/api/notify";

    /// <summary>The maximum of bytes read of one of the doctor's notifications. They are shorter.</summary>
    private const int LongestProbe = 4096;

    /// <summary>Maps the notify URLs.</summary>
    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var notify = routes.MapGroup(Path).WithTags("notify");
        notify.MapPost("/{source}/{token}/{correlation?}", PostAsync)
            .Describe(
                "notify",
                "Receive a provider's notification",
                "The notify URL for the provider. 200 means that the notification's effect is durable: it is recorded, taken as a hint that the job may be over, put into quarantine, or dropped because it repeats the outcome of a job that the retention has deleted. 503 asks the provider to retry.");
        notify.MapPost("/{**rest}", PostElsewhereAsync).ExcludeFromDescription();
    }

    /// <summary>
    /// Receives a notification. Answers 200 once its effect is durable; the same 404 for an unknown source and for a wrong token; 413 for a body over
    /// the limit. The answer does not depend on the broker: while it is down, the event stays in the outbox, and
    /// <see cref="Publishing.OutboxDispatcher"/> publishes it later.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store failed. The answer is 503, so that the provider retries.</exception>
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

        // Memory, turn and place are released after the answer.
        using var body = await memory.ReadAsync(request, admitted.Name, cancellationToken);
        if (body is null)
        {
            intake.TooLarge(admitted);
            admission.TooLarge(admitted.Name, settings.MaxBodyBytes);
            return Problem.TooLarge(settings.MaxBodyBytes);
        }

        // The place is taken after the turn: a request that waits for its turn must not block others.
        using var turn = await turns.EnterAsync(admitted.Name, body.Length, cancellationToken);
        using var place = admission.EnterNotification(admitted.Name);
        var assessed = NotificationIntake.Assess(admitted, SignedRequests.Of(request, settings.PublicOrigin, body.Bytes));
        turn?.Decoded();
        await intake.ReceiveAsync(assessed, correlation, cancellationToken);
        return TypedResults.Text("ok");
    }

    /// <summary>
    /// Receives a <c>POST</c> below <c>/api/notify</c> that matches no other route. If its path begins with a notify URL, it is a notification,
    /// because a 4xx would lose it (providers.md, section 1). Otherwise the answer is 404, and the operator is warned.
    /// </summary>
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

        intake.UnknownUrl($"The path has no source and token");
        return Problem.NotFound();
    }

    /// <summary>Answers one of the doctor's notifications, without a trace in the store.</summary>
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
