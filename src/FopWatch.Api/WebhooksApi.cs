using System.ComponentModel;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Webhooks;
using FopWatch.Wording;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The configured webhooks.</summary>
/// <param name="Webhooks">The webhooks, sorted by name.</param>
public sealed record WebhookList(IReadOnlyList<WebhookStatus> Webhooks);

/// <summary>The last attempts of a webhook.</summary>
/// <param name="Deliveries">The attempts, newest first.</param>
public sealed record DeliveryList(IReadOnlyList<WebhookDelivery> Deliveries);

/// <summary>The result of a test.</summary>
/// <param name="Status">The HTTP status; absent if there was no answer.</param>
/// <param name="Error">Why it failed; absent if it succeeded.</param>
/// <param name="Milliseconds">The duration, in milliseconds.</param>
public sealed record WebhookTest(int? Status, Sentence? Error, long Milliseconds);

/// <summary>The routes below <c>/api/webhooks</c>. Only the embedded host has them; the cloud host publishes to a Service Bus topic.</summary>
/// <remarks>A webhook sends events of several sources, so each route needs a key of all sources.</remarks>
public static class WebhooksApi
{
    private const int DefaultTop = 50;

    private const string FromText = "The position after which the webhook continues; 0 for all events of the log. A position of the event stream is valid too.";
    private const string SinceText = "Continue with the first event at this time or later.";

    /// <summary>Maps the routes.</summary>
    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("webhooks");
        api.MapGetAndHead("/webhooks", ListAsync)
            .Describe("listWebhooks", "List the webhooks (embedded host)", "The configured webhooks, with their positions in the event log.");
        api.MapGetAndHead("/webhooks/{name}", GetAsync)
            .Describe("getWebhook", "Get a webhook (embedded host)");
        api.MapGetAndHead("/webhooks/{name}/deliveries", DeliveriesAsync)
            .Describe("listDeliveries", "List the last attempts of a webhook, newest first (embedded host)", $"The last {IWebhookCursors.KeptDeliveries} are kept.");
        api.MapPost("/webhooks/{name}/pause", PauseAsync)
            .Describe("pauseWebhook", "Pause a webhook (embedded host)", "An event in flight may still be delivered. The pause survives restarts. The retention also deletes events that a paused webhook has not sent.");
        api.MapPost("/webhooks/{name}/resume", ResumeAsync)
            .Describe("resumeWebhook", "Resume a webhook (embedded host)", "Resumes a webhook whatever the reason of the pause. A failing webhook makes its next attempt at once. The count of attempts restarts.");
        api.MapGetAndHead("/webhooks/{name}/replay", PreviewReplayAsync)
            .Describe("previewReplay", "Ask what a replay would lead to (embedded host)", "Answers the webhook with the position that it would have, and how far that is behind the end of the event log. Nothing is sent or changed. Either `from` or `since` is required.");
        api.MapPost("/webhooks/{name}/replay", ReplayAsync)
            .Describe("replayWebhook", "Move a webhook to another position of the event log (embedded host)", "The webhook sends all events after that position in order, including events that it has sent before. Either `from` or `since` is required. A paused webhook stays paused.");
        api.MapPost("/webhooks/{name}/test", TestAsync)
            .Describe("testWebhook", "Send a test to the receiver of a webhook (embedded host)", $"Sends one signed request outside the sequence of events: a CloudEvent of the type `{WebhookLoops.TestType}` without a job. It is not retried and changes nothing. A paused webhook can be tested.");
    }

    /// <summary><c>GET /api/webhooks</c>.</summary>
    [Needs(KeyRights.Read, EverySource = true)]
    internal static async Task<Ok<WebhookList>> ListAsync(WebhookLoops webhooks, CancellationToken cancellationToken) =>
        TypedResults.Ok(new WebhookList(await webhooks.ListAsync(cancellationToken)));

    /// <summary><c>GET /api/webhooks/{name}</c>.</summary>
    [Needs(KeyRights.Read, EverySource = true)]
    internal static async Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>>> GetAsync(
        string name, WebhookLoops webhooks, CancellationToken cancellationToken) =>
        Answer(await webhooks.FindAsync(name, cancellationToken));

    /// <summary><c>GET /api/webhooks/{name}/deliveries?top=</c>.</summary>
    [Needs(KeyRights.Read, EverySource = true)]
    internal static async Task<Results<Ok<DeliveryList>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> DeliveriesAsync(
        string name, [Description("The maximum number of attempts in the answer.")] string? top, WebhookLoops webhooks, CancellationToken cancellationToken)
    {
        if (!CountParameter.TryRead(top, DefaultTop, IWebhookCursors.KeptDeliveries, out var count))
            return Problem.Invalid($"'top' is not a number from 1 to {IWebhookCursors.KeptDeliveries}.");

        return await webhooks.DeliveriesAsync(name, count, cancellationToken) is { } deliveries
            ? TypedResults.Ok(new DeliveryList(deliveries))
            : NoSuchWebhook();
    }

    /// <summary><c>POST /api/webhooks/{name}/pause</c>.</summary>
    [Needs(KeyRights.Write, EverySource = true)]
    internal static async Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>>> PauseAsync(
        string name, WebhookLoops webhooks, CancellationToken cancellationToken) =>
        Answer(await webhooks.PauseAsync(name, cancellationToken));

    /// <summary><c>POST /api/webhooks/{name}/resume</c>.</summary>
    [Needs(KeyRights.Write, EverySource = true)]
    internal static async Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>>> ResumeAsync(
        string name, WebhookLoops webhooks, CancellationToken cancellationToken) =>
        Answer(await webhooks.ResumeAsync(name, cancellationToken));

    /// <summary><c>GET /api/webhooks/{name}/replay?from=</c> or <c>?since=</c>.</summary>
    [Needs(KeyRights.Read, EverySource = true)]
    internal static Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> PreviewReplayAsync(
        string name,
        [Description(FromText)] string? from,
        [Description(SinceText)] string? since,
        WebhookLoops webhooks,
        IEventLog log,
        CancellationToken cancellationToken) =>
        MoveAsync(from, since, log, position => webhooks.PreviewReplayAsync(name, position, cancellationToken), cancellationToken);

    /// <summary><c>POST /api/webhooks/{name}/replay?from=</c> or <c>?since=</c>.</summary>
    [Needs(KeyRights.Write, EverySource = true)]
    internal static Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> ReplayAsync(
        string name,
        [Description(FromText)] string? from,
        [Description(SinceText)] string? since,
        WebhookLoops webhooks,
        IEventLog log,
        CancellationToken cancellationToken) =>
        MoveAsync(from, since, log, position => webhooks.ReplayAsync(name, position, cancellationToken), cancellationToken);

    /// <summary><c>POST /api/webhooks/{name}/test</c>.</summary>
    [AdmittedAs(RequestKind.Waiting)]
    [Needs(KeyRights.Write, EverySource = true)]
    internal static async Task<Results<Worded<WebhookTest>, ProblemResult<NotFound>>> TestAsync(
        string name,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        WebhookLoops webhooks,
        CancellationToken cancellationToken) =>
        await webhooks.TestAsync(name, cancellationToken) is { } answer
            ? new Worded<WebhookTest>(new(answer.Status, answer.Failure, (long)answer.Elapsed.TotalMilliseconds), AnswerLanguage.Of(acceptLanguage))
            : NoSuchWebhook();

    private static async Task<Results<Ok<WebhookStatus>, ProblemResult<NotFound>, ProblemResult<InvalidRequest>>> MoveAsync(
        string? from, string? since, IEventLog log, Func<long, Task<WebhookStatus?>> move, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(from) == string.IsNullOrEmpty(since))
            return Problem.Invalid($"Give either 'from' or 'since'.");
        long position;
        if (!string.IsNullOrEmpty(since))
        {
            if (Rfc3339.Parse(since) is not { } time)
                return Problem.Invalid($"A parameter is invalid.", [new("since", $"It is not an RFC 3339 time, such as 2026-01-31T12:00:00Z.")]);
            position = await log.PositionBeforeAsync(time, cancellationToken);
        }
        else
        {
            if (await log.PositionOfAsync(from!, cancellationToken) is not { } known)
                return Problem.Invalid($"A parameter is invalid.", [new("from", $"It is not a position of the event log.")]);
            position = known;
        }

        return await move(position) is { } moved ? TypedResults.Ok(moved) : NoSuchWebhook();
    }

    private static Results<Ok<WebhookStatus>, ProblemResult<NotFound>> Answer(WebhookStatus? status) =>
        status is not null ? TypedResults.Ok(status) : NoSuchWebhook();

    private static ProblemResult<NotFound> NoSuchWebhook() => Problem.NotFound($"No webhook with this name is configured.");
}
