using System.Collections.Concurrent;
using System.Threading.Channels;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Does the steps of watches that make none any more: somebody suspended them, the storage provider lost what they wait for, or no instance owns
/// their partition of the task hub. Every job ends, whatever becomes of its orchestration.
/// </summary>
/// <remarks>
/// A job is polled here when it has been due for <see cref="Watches.LongestStep"/>, and then at each due time for as long as its watch is known to
/// be stuck; of many, so many a minute as <see cref="PollSettings.PerSecond"/> allows this process.
/// </remarks>
public sealed class StuckWatches(Poller poller, Troubles troubles, TimeProvider time, ILogger<StuckWatches> logger)
{
    /// <summary>How long a watch is taken for stuck before it is looked at again.</summary>
    internal static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan Run = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<JobKey, DateTimeOffset> _known = new();

    /// <summary>Whether the watch of a job was found stuck lately: then it need not be looked at.</summary>
    internal bool IsKnown(JobKey key) => _known.TryGetValue(key, out var until) && IsAhead(until, time.GetUtcNow());

    /// <summary>Whether a job whose watch is idle is to be polled without it.</summary>
    internal bool IsStuck(DueJob job, DateTimeOffset now)
    {
        if (!_known.ContainsKey(job.Key) && job.DueAt >= now - Watches.LongestStep)
            return false;

        // Its polls move its due time on, so once it is known it need not have been due for that long again.
        _known[job.Key] = now + Remembered;
        return job.DueAt <= now;
    }

    /// <summary>Polls jobs as they are found, as many as their source's rate allows in a minute.</summary>
    internal async Task PollAsync(Source source, ChannelReader<JobKey> found, CancellationToken cancellationToken)
    {
        var (left, polled) = ((int)Math.Clamp(source.Poll.PerSecond * Run.TotalSeconds, 1, 10_000), 0);
        try
        {
            await Parallel.ForEachAsync(
                found.ReadAllAsync(cancellationToken),
                new ParallelOptions { MaxDegreeOfParallelism = PollSlotOptions.Cloud.Most, CancellationToken = cancellationToken },
                async (key, token) =>
                {
                    if (Interlocked.Decrement(ref left) >= 0 && await PollAsync(source, key, token))
                        Interlocked.Increment(ref polled);
                });
        }
        catch (OperationCanceledException)
        {
            // The next run goes on.
        }

        Forget();
        if (polled > 0)
            logger.WatchesStuck(source.Name, polled);
    }

    private async Task<bool> PollAsync(Source source, JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            if (!((await poller.FindDueAsync(key, cancellationToken))?.Job.Watch.DueAt <= time.GetUtcNow()))
                return false;
            troubles.Occurred(source.Name, TroubleKind.WatchesStuck);
            logger.Polled(source.Name, await poller.PollAsync(key, evenIfUnwatched: false, cancellationToken));
            return true;
        }
        catch (StoreUnavailableException e)
        {
            logger.WatchFailed("polled for", e);
            return false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The others are polled all the same.
            troubles.Occurred(source.Name, TroubleKind.PollsFail, $"the poll failed: {e.GetType().Name}");
            logger.PollFaulted(source.Name, e);
            return false;
        }
    }

    // What a clock that was ahead wrote down would count for as long as it was ahead.
    private static bool IsAhead(DateTimeOffset until, DateTimeOffset now) => until > now && until <= now + Remembered + PollPlan.ClockTolerance;

    private void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var (key, until) in _known)
        {
            if (until + Remembered <= now || until > now + Remembered + PollPlan.ClockTolerance)
                _known.TryRemove(key, out _);
        }
    }
}
