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
/// Starts the watches of jobs that will be due before the next call, in the cloud host. In the embedded host <see cref="Embedded.WatchLoop"/> polls them.
/// </summary>
/// <remarks>
/// A timer calls it each minute, so the due index, and no process, remembers the watches. It wakes watches that sleep for longer than their jobs, and polls
/// the jobs of stuck watches (<see cref="StuckWatches"/>). <see cref="CommitObserver"/> starts the watch of a job that is due sooner.
/// </remarks>
/// <param name="sources">The configured sources.</param>
/// <param name="index">The due index.</param>
/// <param name="watches">Runs the watches.</param>
/// <param name="stuck">Which of them are stuck.</param>
/// <param name="poller">Polls the jobs of those.</param>
/// <param name="work">Where several are started at once.</param>
/// <param name="troubles">Is told of stuck watches, and of a store that fails.</param>
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
    /// <summary>How long one run takes at most, for the next to come in time.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    /// <summary>The most jobs of stuck watches that are polled at once.</summary>
    public const int PollsAtOnce = 8;

    /// <summary>How long ago a job became due that no run before has looked at.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(2);

    /// <summary>For how long after its last step a watch counts as at work: longer than a poll that others of its source postpone waits.</summary>
    private static readonly TimeSpan AtWork = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private const int StartsAtOnce = 16;

    /// <summary>How many due jobs are looked at as they come. Among more, those that became due lately have every second turn.</summary>
    private const int FewDue = 500;

    /// <summary>Starts those of all sources once. Takes <see cref="Longest"/> at most.</summary>
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
            // One source's partitions may fail alone; the others' watches start.
            troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
            log.StoreUnavailable("start watches", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The next run goes on: what was started since is not looked at for long.
        }
        finally
        {
            found.Writer.Complete();
            await polling;
        }

        if (count.Started + count.Woken > 0)
            log.WatchesStarted(source.Name, count.Started, count.Woken);
    }

    /// <summary>Starts the watch of a job, or wakes it if it sleeps for longer, as it does if a wake-up got lost.</summary>
    /// <returns>Whether it runs and has made no step for long.</returns>
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

    /// <summary>Polls jobs as they are found, as many as their source's rate allows until the next run.</summary>
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
            // The next run goes on.
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
            troubles.Occurred(null, TroubleKind.StoreUnavailable, e.Message);
            log.StoreUnavailable("poll jobs of stuck watches", e);
            return false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The others are polled all the same.
            troubles.Occurred(source.Name, TroubleKind.PollsFail, $"the poll failed: {e.GetType().Name}");
            log.PollFaulted(source.Name, e);
            return false;
        }
    }

    private static async IAsyncEnumerable<JobKey> FoundAsync(ChannelReader<JobKey> found)
    {
        // Ended by the writer, not by a token.
        while (await found.WaitToReadAsync(CancellationToken.None))
        {
            while (found.TryRead(out var key))
                yield return key;
        }
    }

    /// <summary>
    /// The jobs that are due, the longest first. Where there are many, whose watches may all be stuck, those that became due lately come in
    /// between.
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

    /// <summary>Counts what is started and what is at work, for no more to be started than can be polled.</summary>
    private sealed class Count(Source source)
    {
        // No more than the status API may be asked until the next run.
        private readonly int _most = (int)Math.Clamp(source.Poll.PerSecond * CommitObserver.Ahead.TotalSeconds, 10, 1000);
        private int _started;
        private int _woken;
        private int _atWork;

        public int Started => Volatile.Read(ref _started);

        public int Woken => Volatile.Read(ref _woken);

        /// <summary>Whether enough were started, or enough are at work for the whole rate of the source until the run after the next.</summary>
        public bool IsFull => Started >= _most || Volatile.Read(ref _atWork) >= 2 * _most;

        public void AddStarted() => Interlocked.Increment(ref _started);

        public void AddWoken() => Interlocked.Increment(ref _woken);

        public void AddAtWork() => Interlocked.Increment(ref _atWork);
    }
}
