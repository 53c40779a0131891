using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>What can be done with many jobs at once.</summary>
public enum BulkAction
{
    /// <summary>Their next polls are brought forward, and expired ones are watched again.</summary>
    Poll,

    /// <summary>The outcomes of settled ones are published again.</summary>
    Republish,

    /// <summary>Those that are watched are watched no longer.</summary>
    Stop,
}

/// <summary>How far a bulk change has come.</summary>
public sealed record BulkProgress
{
    /// <summary>How many jobs were changed, or needed no change any more.</summary>
    public int Done { get; init; }

    /// <summary>How many jobs could not be changed.</summary>
    public int Failed { get; init; }

    /// <summary>Where the list of jobs goes on; null before the first page, and after the last.</summary>
    public string? Continuation { get; init; }

    /// <summary>When the next poll of a source may be due.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> NextPolls { get; init; } = new Dictionary<string, DateTimeOffset>();
}

/// <summary>
/// Changes all jobs that pass the filters of a query, page by page, for so long at a time. A job that has moved on since it was listed is left alone.
/// </summary>
/// <remarks>
/// Polls are not made here. They are made due one after the other at half of the source's <see cref="PollSettings.PerSecond"/>, which leaves the other half
/// to its other polls; the due index keeps them. A page that broke off is changed again when its continuation is used again.
/// </remarks>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="recorder">Records the changes.</param>
/// <param name="time">The clock.</param>
/// <param name="atOnce">How many jobs are changed at once.</param>
public sealed class BulkChanges(Sources sources, IJobStore store, JobRecorder recorder, TimeProvider time, int atOnce = BulkChanges.AtOnce)
{
    /// <summary>How many jobs are counted at the most.</summary>
    public const int MostCounted = 100_000;

    /// <summary>After which no further page is begun.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>How many jobs are usually changed at once: few, as notifications go first.</summary>
    public const int AtOnce = 8;

    private const int PageLength = 100;
    private const double ShareOfRate = 0.5;

    /// <summary>Counts the jobs that an action is for.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async ValueTask<JobCount> CountAsync(BulkAction action, JobQuery query, CancellationToken cancellationToken) =>
        Narrowed(action, query) is { } narrowed ? await store.CountAsync(narrowed, MostCounted, cancellationToken) : default;

    /// <summary>Goes on with a bulk change.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="query">With which jobs.</param>
    /// <param name="progress">How far it has come.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How far it has come now; with a continuation unless it is done.</returns>
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
        var changes = page.Elements.Select(job => (job.Key, Input: InputOf(action, job, next))).ToList();
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
                        await recorder.RecordAsync(change.Key, new DecisionInput.Matching(query, change.Input), token, CommitCause.Bulk);
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
    }

    /// <summary>What is to happen to a job; null if it cannot.</summary>
    private DecisionInput? InputOf(BulkAction action, Job job, Dictionary<string, DateTimeOffset> next)
    {
        switch (action)
        {
            case BulkAction.Republish:
                return new DecisionInput.Republish();
            case BulkAction.Stop:
                return new DecisionInput.StopWatching();
            default:
                if (sources.Find(job.Key.Source) is not { } source)
                    return null;
                var now = time.GetUtcNow();
                var at = next.TryGetValue(source.Name, out var turn) && turn > now ? turn : now;

                // A poll that is due sooner anyway takes no turn.
                if (!(job.Watch.NextPollAt <= at))
                    next[source.Name] = at + TimeSpan.FromSeconds(Math.Min(1 / (ShareOfRate * source.Poll.PerSecond), TimeSpan.FromDays(1).TotalSeconds));
                return new DecisionInput.PollBy(at);
        }
    }

    /// <summary>The jobs of a query that an action is for; null if there can be none.</summary>
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
