using System.ComponentModel;
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

/// <summary>What is done with all quarantined notifications of a source, or with all there are.</summary>
/// <remarks>Handlers throw what the core throws; <see cref="Failures"/> says how each host is to answer it.</remarks>
internal static class QuarantineBulkApi
{
    // How many are named in an answer at the most, but for those of a page.
    private const int MostRetried = 1000;

    public static void MapQuarantineBulk(this IEndpointRouteBuilder api)
    {
        api.MapPost("/quarantine/retry", RetryAllAsync)
            .Describe(
                "retryQuarantine",
                "Take all quarantined notifications again",
                $"{BulkApi.OfBulk} With today's keys and decoders. Those that are recorded, taken as a hint, or name a settled job that the retention has deleted leave the quarantine. Notifications that arrive after the count are left alone.");
        api.MapDelete("/quarantine", DeleteAllAsync)
            .Describe(
                "deleteQuarantine",
                "Delete all quarantined notifications",
                $"{BulkApi.OfBulk} Those that cannot be read are deleted too. Notifications that arrive after the count are left alone.");
    }

    /// <summary><c>POST /api/quarantine/retry?source=&amp;confirm=</c>: takes all of them again.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> RetryAllAsync(
        HttpRequest request,
        [Description(QuarantineApi.OfSource)] string? source,
        [Description(BulkApi.OfConfirm)] string? confirm,
        [Description(BulkApi.OfContinuation)] string? continuation,
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
                        // The others may be of known ids.
                        stayed++;
                    }
                }

                return (stayed, retried.Count < MostRetried);
            },
            cancellationToken);
        return answer ?? TypedResults.Ok(place!.AnswerOf(BulkWord.Retry) with { Notifications = retried });
    }

    /// <summary><c>DELETE /api/quarantine?source=&amp;confirm=</c>: deletes all of them.</summary>
    [Needs(KeyRights.Write)]
    public static async Task<Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>> DeleteAllAsync(
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
        return answer ?? TypedResults.Ok(place!.AnswerOf(BulkWord.Delete));
    }

    /// <summary>Counts, or goes through the pages of what is in quarantine.</summary>
    /// <param name="asked">The request.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="quarantine">The quarantine.</param>
    /// <param name="sources">The configured sources.</param>
    /// <param name="time">The clock.</param>
    /// <param name="act">
    /// Acts on a page, and on those of its notifications that were there when they were counted; answers how many could not be changed, and whether
    /// there may be another page in this call.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Where the call ended; or, where nothing was done, the answer.</returns>
    private static async Task<(BulkPlace? Place, Results<Ok<BulkAnswer>, ProblemResult<InvalidRequest>, ProblemResult<CountDiffers>>? Answer)> RunAsync(
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
            return (null, QuarantineApi.NoSuchSource());

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
            // What was done is answered, and the next call goes on.
        }

        return (place with { Progress = progress }, null);
    }

    private sealed record Asked(BulkWord Action, HttpRequest Request, string? Source, string? Confirm, string? Continuation);
}
