using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>The action of a bulk change.</summary>
public enum BulkAction
{
    /// <summary>Brings forward the next polls, and watches expired jobs again.</summary>
    Poll,

    /// <summary>Publishes the outcomes of settled jobs again.</summary>
    Republish,

    /// <summary>Stops the watches of watched jobs.</summary>
    Stop,
}

/// <summary>The progress of a bulk change.</summary>
public sealed record BulkProgress
{
    /// <summary>How many jobs were changed, or no longer needed the change.</summary>
    public int Done { get; init; }

    /// <summary>How many jobs could not be changed.</summary>
    public int Failed { get; init; }

    /// <summary>Where the list of jobs continues; null before the first page and after the last.</summary>
    public string? Continuation { get; init; }

    /// <summary>The earliest time of the next poll, by source.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> NextPolls { get; init; } = new Dictionary<string, DateTimeOffset>();
}

/// <summary>
/// Changes all jobs that match a query, page by page, for a limited time per call. A job that no longer matches when its turn comes is left alone.
/// </summary>
/// <remarks>
/// It makes no polls itself. It spaces their due times at half of the source's <see cref="PollSettings.PerSecond"/>, which leaves the other half for other polls.
/// The due index keeps these times. An interrupted page is processed again when its continuation is used again.
/// </remarks>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="recorder">Records the changes.</param>
/// <param name="time">The clock.</param>
/// <param name="atOnce">The number of concurrent changes.</param>
public sealed class BulkChanges(Sources sources, IJobStore store, JobRecorder recorder, TimeProvider time, int atOnce = BulkChanges.AtOnce)
{
    /// <summary>The most jobs that are counted.</summary>
    public const int MostCounted = 100_000;

    /// <summary>After this time no further page is started.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>The default number of concurrent changes. It is small, because notifications take precedence.</summary>
    public const int AtOnce = 8;

    private const int PageLength = 100;
    private const double ShareOfRate = 0.5;

    /// <summary>Counts the jobs that an action applies to.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async ValueTask<JobCount> CountAsync(BulkAction action, JobQuery query, CancellationToken cancellationToken) =>
        Narrowed(action, query) is { } narrowed ? await store.CountAsync(narrowed, MostCounted, cancellationToken) : default;

    /// <summary>Continues a bulk change.</summary>
    /// <param name="action">The action.</param>
    /// <param name="query">The jobs.</param>
    /// <param name="progress">The progress so far.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The new progress, with a continuation unless it is done.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some jobs may have been changed.</exception>
    /// <exception cref="FormatException">The continuation was not issued by the store.</exception>
    public async Task<BulkProgress> RunAsync(BulkAction action, JobQuery query, BulkProgress progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(progress);
        if (Narrowed(action, query) is not { } narrowed)
            return progress with { Continuation = null };

        var (began, isFirst) = (time.GetTimestamp(), true);
        do
        {
            try
            {
                progress = await ChangePageAsync(action, narrowed, progress, cancellationToken);
            }
            catch (StoreUnavailableException) when (!isFirst)
            {
                return progress;
            }

            isFirst = false;
        }
        while (progress.Continuation is not null && time.GetElapsedTime(began) < Longest);
        return progress;
    }

    private async Task<BulkProgress> ChangePageAsync(BulkAction action, JobQuery query, BulkProgress progress, CancellationToken cancellationToken)
    {
        var page = await store.ListAsync(query with { Top = PageLength, Continuation = progress.Continuation }, cancellationToken);
        var next = new Dictionary<string, DateTimeOffset>(progress.NextPolls);
        var changes = page.Elements.Select(Change).ToList();
        var failed = page.Unreadable.Count;
        await Parallel.ForEachAsync(
            changes,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
            async (change, token) =>
            {
                try
                {
                    if (change.Input is null)
                        Interlocked.Increment(ref failed);
                    else
                        await recorder.RecordAsync(change.Key, new DecisionInput.Matching(query, change.Input), token, CommitCause.Bulk, by: change.Source);
                }
                catch (UnreadableJobException)
                {
                    Interlocked.Increment(ref failed);
                }
            });
        return new()
        {
            Done = progress.Done + page.Elements.Count + page.Unreadable.Count - failed,
            Failed = progress.Failed + failed,
            Continuation = page.Continuation,
            NextPolls = next,
        };

        (JobKey Key, Source? Source, DecisionInput? Input) Change(Job job)
        {
            var source = sources.Find(job.Key.Source);
            return (job.Key, source, InputOf(action, job, source, next));
        }
    }

    /// <summary>The input for a job; null if the source is needed and not configured.</summary>
    private DecisionInput? InputOf(BulkAction action, Job job, Source? source, Dictionary<string, DateTimeOffset> next)
    {
        switch (action)
        {
            case BulkAction.Republish:
                return new DecisionInput.Republish();
            case BulkAction.Stop:
                return new DecisionInput.StopWatching();
            default:
                if (source is null)
                    return null;
                var now = time.GetUtcNow();
                var at = next.TryGetValue(source.Name, out var turn) && turn > now ? turn : now;

                // A poll that is due sooner anyway needs no slot.
                if (!(job.Watch.NextPollAt <= at))
                    next[source.Name] = at + TimeSpan.FromSeconds(Math.Min(1 / (ShareOfRate * source.Poll.PerSecond), TimeSpan.FromDays(1).TotalSeconds));
                return new DecisionInput.PollBy(at);
        }
    }

    /// <summary>Limits a query to the jobs that an action applies to; null if there can be none.</summary>
    private static JobQuery? Narrowed(BulkAction action, JobQuery query)
    {
        var (states, watches) = action switch
        {
            BulkAction.Republish => (Common(query.States, [JobState.Succeeded, JobState.PartiallyFailed, JobState.Failed, JobState.Cancelled, JobState.Expired]), query.Watches),
            _ => (query.States, Common(query.Watches, [WatchStatus.Watching, WatchStatus.GivenUp])),
        };
        return states is null || watches is null ? null : query with { States = states, Watches = watches };

        static IReadOnlyList<T>? Common<T>(IReadOnlyList<T> wanted, T[] possible) =>
            wanted.Count == 0 ? possible : wanted.Intersect(possible).ToList() is { Count: > 0 } common ? common : null;
    }
}
