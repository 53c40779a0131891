using System.ComponentModel;
using System.Globalization;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>The routes below <c>/api/quarantine</c>: what could not be understood or verified.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class QuarantineApi
{
    private const string OfSource =
        "Only those that came to this source's notify URL. A name that is not configured and has nothing in quarantine is answered 400.";

    private const int MaxTop = 100;

    // How many are named in an answer at the most, but for those of a page.
    private const int MostRetried = 1000;
    private const int MaxInlineBody = 64 * 1024;

    public static void MapQuarantine(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api").WithTags("quarantine");
        api.MapGetAndHead("/quarantine", ListAsync)
            .Describe("listQuarantine", "List quarantined notifications, newest first");
        api.MapPost("/quarantine/retry", RetryAllAsync)
            .Describe(
                "retryQuarantine",
                "Take all quarantined notifications again",
                $"{BulkApi.OfBulk} With today's keys and decoders. Those that are recorded, taken as a hint, or name a settled job that the retention has deleted leave the quarantine.");
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
                "Take a quarantined notification again",
                "With today's keys and decoders. One that is recorded, taken as a hint, or names a settled job that the retention has deleted leaves the quarantine.");
        api.MapDelete("/quarantine/{key}", DeleteAsync)
            .Describe("deleteQuarantined", "Throw a quarantined notification away");
    }

    /// <summary><c>GET /api/quarantine?source=&amp;top=&amp;continuation=</c>: lists what is in quarantine, newest first.</summary>
    [AdmittedAs(RequestKind.List)]
    [Needs(KeyRights.Read)]
    public static async Task<Results<ListAnswer<QuarantineList>, ProblemResult<InvalidRequest>>> ListAsync(
        [Description(OfSource)] string? source,
        [Description("The most notifications to answer. A page of large ones has fewer; only `continuation` tells whether there are more.")] string? top,
        string? continuation,
        Caller caller,
        Admission admission,
        IQuarantine quarantine,
        NotificationIntake intake,
        Sources sources,
        Troubles troubles,
        CancellationToken cancellationToken)
    {
        var count = 20;
        if (!string.IsNullOrEmpty(top)
            && !(int.TryParse(top, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MaxTop))
        {
            return Problem.Invalid($"'top' is not a number from 1 to {MaxTop}.");
        }

        var visible = caller.Visible(quarantine);
        if (!await IsSourceAsync(source, visible, caller.Visible(sources), cancellationToken))
            return NoSuchSource();

        try
        {
            // Why a signature is wrong takes long to find out.
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
                ApiJson.Wire.QuarantineList,
                cancellationToken);
        }
        catch (FormatException)
        {
            return Problem.Invalid("'continuation' was not issued by this API.");
        }
    }

    /// <summary><c>GET /api/quarantine/{key}</c>: one entry.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<Ok<QuarantineEntry>, ProblemResult<NotFound>>> GetAsync(
        string key, Caller caller, IQuarantine quarantine, NotificationIntake intake, CancellationToken cancellationToken) =>
        await caller.Visible(quarantine).FindAsync(key, cancellationToken) is { } found
            ? TypedResults.Ok(ToEntry(found, intake, new()))
            : Problem.NotFound("Nothing of that key is in quarantine.");

    /// <summary><c>GET /api/quarantine/{key}/body</c>: the body, byte for byte.</summary>
    [Needs(KeyRights.Read)]
    public static async Task<Results<FileContentHttpResult, ProblemResult<NotFound>>> BodyAsync(
        string key, Caller caller, IQuarantine quarantine, CancellationToken cancellationToken) =>
        await caller.Visible(quarantine).FindAsync(key, cancellationToken) is { } found
            ? TypedResults.Bytes(found.Body, "application/octet-stream", $"{found.Key}.bin")
            : Problem.NotFound("Nothing of that key is in quarantine.");

    /// <summary><c>POST /api/quarantine/{key}/retry</c>: takes one again, with today's keys and decoders.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<RetriedNotification>, ProblemResult<NotFound>>> RetryAsync(
        string key, Caller caller, IQuarantine quarantine, NotificationIntake intake, CancellationToken cancellationToken) =>
        (caller.SeesEverything || await caller.Visible(quarantine).SourceOfAsync(key, cancellationToken) is not null)
        && await intake.RetryAsync(key, cancellationToken) is { } retried
            ? TypedResults.Ok(retried)
            : Problem.NotFound("Nothing of that key is in quarantine.");

    /// <summary><c>POST /api/quarantine/retry?source=&amp;confirm=</c>: takes all of them again.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RetryAllAsync(
        HttpRequest request,
        [Description(OfSource)] string? source,
        [Description(BulkApi.OfConfirm)] string? confirm,
        [Description(BulkApi.OfContinuation)] string? continuation,
        Caller caller,
        IQuarantine quarantine,
        NotificationIntake intake,
        Sources sources,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var visible = caller.Visible(quarantine);
        if (!await IsSourceAsync(source, visible, caller.Visible(sources), cancellationToken))
            return NoSuchSource();

        var (place, answer) = await BulkPlace.BeginAsync(BulkWord.Retry, request, confirm, continuation, async () =>
        {
            var kept = string.IsNullOrEmpty(source)
                ? await visible.CountAsync(cancellationToken)
                : (await visible.SizeAsync(source, cancellationToken)).Notifications;
            return new((int)Math.Min(kept, int.MaxValue), AtLeast: false);
        });
        if (place is null)
            return answer!;

        var (began, budget, retried, progress) = (time.GetTimestamp(), new HashBudget(), new List<RetriedNotification>(), place.Progress);
        try
        {
            do
            {
                var page = await visible.ListAsync(string.IsNullOrEmpty(source) ? null : [source], MaxTop, progress.Continuation, cancellationToken);
                var (before, turnedAway) = (retried.Count, 0);
                foreach (var kept in page.Elements)
                {
                    try
                    {
                        if (await intake.RetryAsync(kept.Key, cancellationToken, budget) is { } one)
                            retried.Add(one);
                    }
                    catch (IntakeFullException)
                    {
                        // The others may be of known ids.
                        turnedAway++;
                    }
                }

                var stayed = retried.Skip(before).Count(one => one.Reason is not null) + turnedAway + page.Unreadable.Count;
                progress = progress with
                {
                    Done = progress.Done + page.Elements.Count + page.Unreadable.Count - stayed,
                    Failed = progress.Failed + stayed,
                    Continuation = page.Continuation,
                };
            }
            while (progress.Continuation is not null && retried.Count < MostRetried && time.GetElapsedTime(began) < BulkChanges.Longest);
        }
        catch (FormatException)
        {
            return BulkPlace.WrongContinuation();
        }
        catch (StoreUnavailableException) when (progress.Continuation is not null && progress != place.Progress)
        {
            // What was done is answered, and the next call goes on.
        }

        return TypedResults.Ok((place with { Progress = progress }).AnswerOf(BulkWord.Retry) with { Notifications = retried });
    }

    /// <summary><c>DELETE /api/quarantine/{key}</c>: throws one away.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<NoContent> DeleteAsync(string key, Caller caller, IQuarantine quarantine, CancellationToken cancellationToken)
    {
        await caller.Visible(quarantine).RemoveAsync(key, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>The one source that a list is of; null for several.</summary>
    private static string? OneSource(string? source, Caller caller) =>
        !string.IsNullOrEmpty(source) ? source : caller.Sources is [var only] ? only : null;

    /// <summary>Whether a source is configured, or was and has notifications in quarantine.</summary>
    private static async Task<bool> IsSourceAsync(string? source, IQuarantine quarantine, Sources sources, CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(source)
        || sources.Find(source) is not null
        || await quarantine.ListAsync([source], 1, null, cancellationToken) is { Elements.Count: > 0 } or { Unreadable.Count: > 0 };

    private static ProblemResult<InvalidRequest> NoSuchSource() => Problem.Invalid(
        "A parameter is wrong.", [new("source", "It is not the name of a configured source, and nothing in quarantine came to a source of that name.")]);

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
