using System.ComponentModel;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The routes below <c>/api/quarantine</c>: notifications that could not be decoded or verified.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class QuarantineApi
{
    internal const string OfSource =
        "Only notifications to this source's notify URL. A name that is neither configured nor in quarantine is answered 400.";

    internal const int MaxTop = 100;
    private const int MaxInlineBody = 64 * 1024;

    public static void MapQuarantine(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("quarantine");
        api.MapGetAndHead("/quarantine", ListAsync)
            .Describe("listQuarantine", "List quarantined notifications, newest first");
        api.MapQuarantineBulk();
        api.MapGetAndHead("/quarantine/{key}", GetAsync)
            .Describe("getQuarantined", "Get a quarantined notification");
        api.MapGetAndHead("/quarantine/{key}/body", BodyAsync)
            .Describe(
                "getQuarantinedBody",
                "Get a quarantined notification's body, byte for byte",
                "Secrets in it are not redacted.");
        api.MapPost("/quarantine/{key}/retry", RetryAsync)
            .Describe(
                "retryQuarantined",
                "Retry a quarantined notification",
                "The notification is processed again with the current keys and decoders. It leaves the quarantine if it is recorded, is taken as a hint, or names a settled job that the retention has deleted.");
        api.MapDelete("/quarantine/{key}", DeleteAsync)
            .Describe("deleteQuarantined", "Delete a quarantined notification");
    }

    /// <summary><c>GET /api/quarantine?source=&amp;top=&amp;continuation=</c>: lists the quarantine, newest first.</summary>
    [AdmittedAs(RequestKind.List)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<QuarantineList>, ProblemResult<InvalidRequest>>> ListAsync(
        [Description(OfSource)] string? source,
        [Description("The maximum number of notifications in the page. A page of large ones has fewer. Only `continuation` shows whether there are more.")] string? top,
        string? continuation,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        Admission admission,
        IQuarantine quarantine,
        NotificationIntake intake,
        Sources sources,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var language = AnswerLanguage.Of(acceptLanguage);
        if (!CountParameter.TryRead(top, 20, MaxTop, out var count))
            return Problem.Invalid($"'top' is not a number from 1 to {MaxTop}.");

        var visible = caller.Visible(quarantine);
        if (!await IsSourceAsync(source, visible, caller.Visible(sources), cancellationToken))
            return NoSuchSource(source!, caller.Visible(sources));

        try
        {
            // The diagnosis of invalid signatures is costly.
            return await ListAnswer<QuarantineList>.MakeAsync(
                admission,
                isLong: true,
                async cancelled =>
                {
                    var page = await visible.ListAsync(
                        string.IsNullOrEmpty(source) ? null : [source],
                        count,
                        string.IsNullOrEmpty(continuation) ? null : continuation,
                        cancelled);
                    var budget = new HashBudget();
                    var unreadable = page.Unreadable.Count > 0 ? page.Unreadable : null;
                    if (unreadable is not null)
                        troubles.Occurred(OneSource(source, caller), TroubleKind.UnreadableQuarantine, $"{unreadable.Count} in a list");
                    return new QuarantineList([.. page.Elements.Select(kept => ToEntry(kept, intake, budget))], page.Continuation, unreadable);
                },
                ApiJson.In(language).QuarantineList,
                cancellationToken,
                language);
        }
        catch (FormatException)
        {
            return Problem.Invalid($"'continuation' was not issued by this API.");
        }
    }

    /// <summary><c>GET /api/quarantine/{key}</c>: one entry.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<Worded<QuarantineEntry>, ProblemResult<NotFound>>> GetAsync(
        string key,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        IQuarantine quarantine,
        NotificationIntake intake,
        CancellationToken cancellationToken) =>
        await caller.Visible(quarantine).FindAsync(key, cancellationToken) is { } found
            ? new Worded<QuarantineEntry>(ToEntry(found, intake, new()), AnswerLanguage.Of(acceptLanguage))
            : NoSuchNotification();

    /// <summary><c>GET /api/quarantine/{key}/body</c>: the body, byte for byte.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<FileContentHttpResult, ProblemResult<NotFound>>> BodyAsync(
        string key, Caller caller, IQuarantine quarantine, CancellationToken cancellationToken) =>
        await caller.Visible(quarantine).FindAsync(key, cancellationToken) is { } found
            ? TypedResults.Bytes(found.Body, "application/octet-stream", $"{found.Key}.bin")
            : NoSuchNotification();

    /// <summary><c>POST /api/quarantine/{key}/retry</c>: processes one again, with the current keys and decoders.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Worded<RetriedNotification>, ProblemResult<NotFound>>> RetryAsync(
        string key,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        IQuarantine quarantine,
        NotificationIntake intake,
        CancellationToken cancellationToken) =>
        (caller.SeesEverything || await caller.Visible(quarantine).SourceOfAsync(key, cancellationToken) is not null)
        && await intake.RetryAsync(key, cancellationToken) is { } retried
            ? new Worded<RetriedNotification>(retried, AnswerLanguage.Of(acceptLanguage))
            : NoSuchNotification();

    /// <summary><c>DELETE /api/quarantine/{key}</c>: deletes one.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<NoContent> DeleteAsync(string key, Caller caller, IQuarantine quarantine, CancellationToken cancellationToken)
    {
        await caller.Visible(quarantine).RemoveAsync(key, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>The source of a list; null for several.</summary>
    private static string? OneSource(string? source, Caller caller) =>
        !string.IsNullOrEmpty(source) ? source : caller.Sources is [var only] ? only : null;

    /// <summary>Whether a source is configured or has notifications in quarantine.</summary>
    internal static async Task<bool> IsSourceAsync(string? source, IQuarantine quarantine, Sources sources, CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(source)
        || sources.Find(source) is not null
        || await quarantine.ListAsync([source], 1, null, cancellationToken) is { Elements.Count: > 0 } or { Unreadable.Count: > 0 };

    private static ProblemResult<NotFound> NoSuchNotification() => Problem.NotFound($"No notification with this key is in quarantine.");

    internal static ProblemResult<InvalidRequest> NoSuchSource(string given, Sources visible) =>
        Problem.Invalid($"A parameter is invalid.", [UnknownSource.Parameter(given, visible)]);

    private static QuarantineEntry ToEntry(QuarantinedNotification kept, NotificationIntake intake, HashBudget budget)
    {
        var reason = intake.Explain(kept, budget);
        return new()
        {
            Key = kept.Key,
            Source = kept.Source,
            Reason = reason.Words,
            Signature = reason.Signature,
            ReceivedAt = kept.ReceivedAt,
            Correlation = kept.ShownCorrelation,
            Headers = kept.ShownHeaders(),
            Size = kept.Body.Length,
            Body = kept.Body.Length <= MaxInlineBody ? Convert.ToBase64String(kept.Body.Span) : null,
            BodyHref = $"/api/quarantine/{kept.Key}/body",
        };
    }
}
