using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Functions.Upkeep;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Watching;

/// <summary>
/// Each minute, starts the watches of the jobs that are due before the next time: what makes the due index, and no process, the watch's memory.
/// A watch that is started sleeps until its job is due, so a poll is no later than its own timer. A job that becomes due sooner than that is
/// watched from its commit on (<see cref="CommitObserver"/>).
/// </summary>
public sealed class StartDueWatches(
    Sources sources,
    IDueIndex index,
    Watches watches,
    StuckWatches stuck,
    TimerRuns runs,
    Troubles troubles,
    TimeProvider time,
    ILogger<StartDueWatches> logger,
    SteadyTime? clock = null)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "StartDueWatches";

    /// <summary>How long one run takes at most, for the next to come in time.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(50);

    /// <summary>How long ago a job became due that no run before has looked at.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(2);

    private const int StartsAtOnce = 16;

    /// <summary>How many due jobs are looked at as they come. Among more, those that became due lately have every second turn.</summary>
    private const int FewDue = 500;

    /// <summary>Does so once.</summary>
    [Function(Name)]
    public async Task RunAsync(
        [TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        watches.Use(client);
        if (clock is not null)
            troubles.CheckClock(clock);
        troubles.Check();
        await runs.RanAsync(Name, cancellationToken);
        await RunAsync(cancellationToken);
    }

    internal Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(sources.All.Select(source => StartAsync(source, cancellationToken)));

    private async Task StartAsync(Source source, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Longest, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var (now, count) = (time.GetUtcNow(), new Count(source));
        var found = Channel.CreateUnbounded<JobKey>();
        var polling = stuck.PollAsync(source, found.Reader, enough.Token);
        try
        {
            await Parallel.ForEachAsync(
                DueAsync(source.Name, now, enough.Token).TakeWhile(_ => !count.IsFull),
                new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = enough.Token },
                async (job, _) =>
                {
                    if (stuck.IsKnown(job.Key) || await StartAsync(job, count) == WatchStart.Idle)
                    {
                        // One that has only slept long is awake by now, and its job has not been due for long.
                        if (stuck.IsStuck(job, now))
                            found.Writer.TryWrite(job.Key);
                    }
                });
        }
        catch (StoreUnavailableException e)
        {
            // One source's partitions may fail alone; the others' watches start.
            logger.WatchFailed("started", e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The next run goes on: what was started since is not looked at for long.
        }
        finally
        {
            found.Writer.Complete();
        }

        if (count.Started + count.Woken > 0)
            logger.WatchesStarted(source.Name, count.Started, count.Woken);
        await polling;
    }

    private async Task<WatchStart> StartAsync(DueJob job, Count count)
    {
        var start = await watches.StartDueAsync(job);
        count.Add(start);
        return start;
    }

    /// <summary>
    /// The jobs that are due, the longest first. Where there are many, whose watches may all be stuck, those that became due lately come in
    /// between.
    /// </summary>
    private async IAsyncEnumerable<DueJob> DueAsync(
        string source, DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = await index.DueAsync(source, now + CommitObserver.Ahead, FewDue, cancellationToken);
        if (first.Count < FewDue)
        {
            foreach (var job in first)
                yield return job;
            yield break;
        }

        await using var longer = index.DueBetweenAsync(source, DateTimeOffset.UnixEpoch, now - Lately, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var lately = index.DueBetweenAsync(source, now - Lately, now + CommitObserver.Ahead, cancellationToken).GetAsyncEnumerator(cancellationToken);
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

        public void Add(WatchStart start)
        {
            switch (start)
            {
                case WatchStart.Started:
                    Interlocked.Increment(ref _started);
                    break;
                case WatchStart.Woken:
                    Interlocked.Increment(ref _woken);
                    break;
                case WatchStart.AtWork:
                    Interlocked.Increment(ref _atWork);
                    break;
            }
        }
    }
}
