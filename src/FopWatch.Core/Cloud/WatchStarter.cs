using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Cloud;

/// <summary>
/// Starts the watches of jobs that will be due before the next call, in the cloud host. In the embedded host <see cref="Embedded.WatchLoop"/> polls these jobs.
/// </summary>
/// <remarks>
/// A timer calls it every minute, so the due index remembers the watches, and no process has to. It wakes watches that sleep past the due time of their jobs,
/// and polls the jobs of stuck watches (<see cref="StuckWatches"/>). <see cref="CommitObserver"/> starts the watch of a job that is due sooner.
/// </remarks>
/// <param name="sources">The configured sources.</param>
/// <param name="index">The due index.</param>
/// <param name="watches">Runs the watches.</param>
/// <param name="stuck">Decides which watches are stuck.</param>
/// <param name="poller">Polls the jobs of stuck watches.</param>
/// <param name="work">Runs several starts at once.</param>
/// <param name="troubles">Receives stuck watches and store failures.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class WatchStarter(
    Sources sources,
    IDueIndex index,
    IWatchRunner watches,
    StuckWatches stuck,
    Poller poller,
    IWorkScheduler work,
    Troubles troubles,
    ILogger log,
    TimeProvider time)
{
    /// <summary>The longest duration of a run, so that the next one starts in time.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    /// <summary>The most concurrent polls of jobs of stuck watches.</summary>
    public const int PollsAtOnce = 8;

    // Jobs that became due within this time may not have been seen by an earlier run.
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(2);

    // How long a watch counts as at work after its last step: longer than the wait of a poll that other polls of the source postpone.
    private static readonly TimeSpan AtWork = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private const int StartsAtOnce = 16;

    // Up to this number, due jobs are taken in order. Beyond it, every second job is one that became due recently.
    private const int FewDue = 500;

    /// <summary>Runs once for all sources, for at most <see cref="Longest"/>.</summary>
    public Task StartDueAsync(CancellationToken cancellationToken) => Task.WhenAll(sources.All.Select(source => StartDueAsync(source, cancellationToken)));

    private async Task StartDueAsync(Source source, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Longest, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var (now, count, found) = (time.GetUtcNow(), new Count(source), Channel.CreateUnbounded<JobKey>());
        var polling = PollStuckAsync(source, found.Reader, enough.Token);
        try
        {
            await BoundedWork.ForEachAsync(
                work,
                DueAsync(source.Name, now, enough.Token).TakeWhile(_ => !count.IsFull),
                StartsAtOnce,
                async (job, token) =>
                {
                    if ((stuck.IsKnown(job.Key) || await IsIdleAsync(job, count, token)) && stuck.IsStuck(job))
                        found.Writer.TryWrite(job.Key);
                },
                enough.Token);
        }
        catch (StoreUnavailableException e)
        {
            // The partitions of one source may fail alone; watches of other sources still start.
            troubles.StoreFailed(e.Message);
            log.StoreUnavailable("start watches", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The next run continues. It spends little time on watches that this run started.
        }
        finally
        {
            found.Writer.Complete();
            await polling;
        }

        if (count.Started + count.Woken > 0)
            log.WatchesStarted(source.Name, count.Started, count.Woken);
    }

    /// <summary>Starts the watch of a job, or wakes it if it sleeps past the due time because a wake-up was lost.</summary>
    /// <returns>Whether the watch is running and has made no progress for long.</returns>
    private async Task<bool> IsIdleAsync(DueJob job, Count count, CancellationToken cancellationToken)
    {
        var started = await watches.StartAsync(job, cancellationToken);
        if (started == true)
            count.AddStarted();
        if (started != false || await watches.StateAsync(job.Key, cancellationToken) is not { } running)
            return false;

        var idle = time.GetUtcNow() - running.ActiveAt;
        if (!running.IsPostponed && running.SleepsUntil is { } until && until > job.DueAt + PollPlan.ClockTolerance)
        {
            await watches.WakeAsync(job, cancellationToken);
            count.AddWoken();
            return stuck.SleepsOn(job, until, running.ActiveAt);
        }

        if (idle < AtWork)
            count.AddAtWork();
        return idle > StuckWatches.LongestStep;
    }

    /// <summary>Polls jobs as they are found, as many as the source's rate allows until the next run.</summary>
    private async Task PollStuckAsync(Source source, ChannelReader<JobKey> found, CancellationToken cancellationToken)
    {
        var (left, polled) = ((int)Math.Clamp(source.Poll.PerSecond * Period.TotalSeconds, 1, 10_000), 0);
        try
        {
            await BoundedWork.ForEachAsync(
                work,
                FoundAsync(found),
                PollsAtOnce,
                async (key, token) =>
                {
                    token.ThrowIfCancellationRequested();
                    if (Interlocked.Decrement(ref left) >= 0 && await PollAsync(source, key, token))
                        Interlocked.Increment(ref polled);
                },
                cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The next run continues.
        }

        stuck.Forget();
        if (polled > 0)
            log.WatchesStuck(source.Name, polled);
    }

    private async Task<bool> PollAsync(Source source, JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            var polled = await poller.PollDueAsync(key, slots: null, CommitCause.Outside, cancellationToken);
            if (polled.Answer is null)
                return false;
            troubles.Occurred(source.Name, TroubleKind.WatchesStuck);
            log.Polled(source.Name, polled);
            return true;
        }
        catch (StoreUnavailableException e)
        {
            troubles.StoreFailed(e.Message);
            log.StoreUnavailable("poll jobs of stuck watches", e);
            return false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The other jobs are still polled.
            troubles.Occurred(source.Name, TroubleKind.PollsFail, $"the poll failed: {e.GetType().Name}");
            log.PollFaulted(source.Name, e);
            return false;
        }
    }

    private static async IAsyncEnumerable<JobKey> FoundAsync(ChannelReader<JobKey> found)
    {
        // The writer ends it, not a token.
        while (await found.WaitToReadAsync(CancellationToken.None))
        {
            while (found.TryRead(out var key))
                yield return key;
        }
    }

    /// <summary>
    /// The due jobs, longest due first. If there are many, their watches may all be stuck, so jobs that became due recently alternate with them.
    /// </summary>
    private async IAsyncEnumerable<DueJob> DueAsync(
        string source, DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var by = now + CommitObserver.Ahead;
        var first = await index.DueAsync(source, by, FewDue, cancellationToken);
        if (first.Count < FewDue)
        {
            foreach (var job in first)
                yield return job;
            yield break;
        }

        await using var longer = index.DueBetweenAsync(source, DateTimeOffset.UnixEpoch, now - Lately, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var lately = index.DueBetweenAsync(source, now - Lately, by, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var (isLonger, isLately) = (true, true);
        while (isLonger || isLately)
        {
            if (isLately && (isLately = await lately.MoveNextAsync()))
                yield return lately.Current;
            if (isLonger && (isLonger = await longer.MoveNextAsync()))
                yield return longer.Current;
        }
    }

    /// <summary>Counts started and working watches, so that no more are started than can be polled.</summary>
    private sealed class Count(Source source)
    {
        // As many as the rate allows to poll until the next run.
        private readonly int _most = (int)Math.Clamp(source.Poll.PerSecond * CommitObserver.Ahead.TotalSeconds, 10, 1000);
        private int _started;
        private int _woken;
        private int _atWork;

        public int Started => Volatile.Read(ref _started);

        public int Woken => Volatile.Read(ref _woken);

        /// <summary>Whether enough watches were started, or enough are at work to use the whole rate of the source until the run after the next.</summary>
        public bool IsFull => Started >= _most || Volatile.Read(ref _atWork) >= 2 * _most;

        public void AddStarted() => Interlocked.Increment(ref _started);

        public void AddWoken() => Interlocked.Increment(ref _woken);

        public void AddAtWork() => Interlocked.Increment(ref _atWork);
    }
}
