using System.ComponentModel;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FopWatch.Api;

/// <summary>Actions on all quarantined notifications, or on those of one source.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> turns it into answers.</remarks>
internal static class QuarantineBulkApi
{
    // A call ends after the page that reaches this number of notifications in its answer.
    private const int MostRetried = 1000;

    public static void MapQuarantineBulk(this IEndpointRouteBuilder api)
    {
        api.MapPost("/quarantine/retry", RetryAllAsync)
            .Describe(
                "retryQuarantine",
                "Retry all quarantined notifications",
                $"{BulkApi.OfBulk} Notifications are processed again with the current keys and decoders. Those that are recorded, are taken as a hint, or name a settled job that the retention has deleted leave the quarantine. Notifications that arrive after the count are left alone.");
        api.MapDelete("/quarantine", DeleteAllAsync)
            .Describe(
                "deleteQuarantine",
                "Delete all quarantined notifications",
                $"{BulkApi.OfBulk} Unreadable notifications are deleted too. Notifications that arrive after the count are left alone.");
    }

    /// <summary><c>POST /api/quarantine/retry?source=&amp;confirm=</c>: processes them again.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RetryAllAsync(
        HttpRequest request,
        [Description(QuarantineApi.OfSource)] string? source,
        [Description(BulkApi.OfConfirm)] string? confirm,
        [Description(BulkApi.OfContinuation)] string? continuation,
        [FromHeader(Name = "Accept-Language"), Description(AnswerLanguage.OfHeader)] string? acceptLanguage,
        Caller caller,
        IQuarantine quarantine,
        NotificationIntake intake,
        Sources sources,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var (budget, retried) = (new HashBudget(), new List<RetriedNotification>());
        var (place, answer) = await RunAsync(
            new(BulkWord.Retry, request, source, confirm, continuation),
            caller,
            quarantine,
            sources,
            time,
            async (page, left) =>
            {
                var stayed = page.Unreadable.Count;
                foreach (var kept in left)
                {
                    try
                    {
                        if (await intake.RetryAsync(kept.Key, cancellationToken, budget) is not { } one)
                            continue;
                        retried.Add(one);
                        stayed += one.Reason is null ? 0 : 1;
                    }
                    catch (IntakeFullException)
                    {
                        // Other notifications may be of known ids.
                        stayed++;
                    }
                }

                return (stayed, retried.Count < MostRetried);
            },
            cancellationToken);
        return answer ?? new Worded<BulkAnswer>(place!.AnswerOf(BulkWord.Retry) with { Notifications = retried }, AnswerLanguage.Of(acceptLanguage));
    }

    /// <summary><c>DELETE /api/quarantine?source=&amp;confirm=</c>: deletes them.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> DeleteAllAsync(
        HttpRequest request,
        [Description(QuarantineApi.OfSource)] string? source,
        [Description(BulkApi.OfConfirm)] string? confirm,
        [Description(BulkApi.OfContinuation)] string? continuation,
        Caller caller,
        IQuarantine quarantine,
        Sources sources,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var visible = caller.Visible(quarantine);
        var (place, answer) = await RunAsync(
            new(BulkWord.Delete, request, source, confirm, continuation),
            caller,
            quarantine,
            sources,
            time,
            async (page, left) =>
            {
                await Parallel.ForEachAsync(
                    left.Select(kept => kept.Key).Concat(page.Unreadable),
                    new ParallelOptions { MaxDegreeOfParallelism = BulkChanges.AtOnce, CancellationToken = cancellationToken },
                    async (key, token) => await visible.RemoveAsync(key, token));
                return (0, true);
            },
            cancellationToken);
        return answer ?? new Worded<BulkAnswer>(place!.AnswerOf(BulkWord.Delete), AnswerLanguage.Of(request));
    }

    /// <summary>Counts the notifications, or goes through their pages.</summary>
    /// <remarks>
    /// <c>act</c> acts on a page. Its second argument has the notifications that arrived before the count. It returns how many could not be changed, and whether
    /// this call may take another page.
    /// </remarks>
    /// <returns>The position at which the call ended; or the answer, if nothing was done.</returns>
    private static async Task<(BulkPlace? Place, Results<Worded<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>? Answer)> RunAsync(
        Asked asked,
        Caller caller,
        IQuarantine quarantine,
        Sources sources,
        TimeProvider time,
        Func<Page<QuarantinedNotification>, IReadOnlyList<QuarantinedNotification>, Task<(int Failed, bool GoesOn)>> act,
        CancellationToken cancellationToken)
    {
        var visible = caller.Visible(quarantine);
        if (!await QuarantineApi.IsSourceAsync(asked.Source, visible, caller.Visible(sources), cancellationToken))
            return (null, QuarantineApi.NoSuchSource(asked.Source!, caller.Visible(sources)));

        var wanted = string.IsNullOrEmpty(asked.Source) ? null : asked.Source;
        var (place, answer) = await BulkPlace.BeginAsync(asked.Action, asked.Request, asked.Confirm, asked.Continuation, time, async () =>
        {
            var kept = wanted is null ? await visible.CountAsync(cancellationToken) : (await visible.SizeAsync(wanted, cancellationToken)).Notifications;
            return new((int)Math.Min(kept, int.MaxValue), AtLeast: false);
        });
        if (place is null)
            return (null, answer);

        var (began, progress, goesOn) = (time.GetTimestamp(), place.Progress, true);
        try
        {
            do
            {
                var page = await visible.ListAsync(wanted is null ? null : [wanted], QuarantineApi.MaxTop, progress.Continuation, cancellationToken);
                var there = page.Elements.Where(kept => !(kept.ReceivedAt > place.CountedAt)).ToList();
                (var failed, goesOn) = await act(page, there);
                progress = progress with
                {
                    Done = progress.Done + there.Count + page.Unreadable.Count - failed,
                    Failed = progress.Failed + failed,
                    Continuation = page.Continuation,
                };
            }
            while (goesOn && progress.Continuation is not null && time.GetElapsedTime(began) < BulkChanges.Longest);
        }
        catch (FormatException)
        {
            return (null, BulkPlace.WrongContinuation());
        }
        catch (StoreUnavailableException) when (progress.Continuation is not null && progress != place.Progress)
        {
            // Answer what was done; the next call continues.
        }

        return (place with { Progress = progress }, null);
    }

    private sealed record Asked(BulkWord Action, HttpRequest Request, string? Source, string? Confirm, string? Continuation);
}
