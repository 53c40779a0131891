using System.Runtime.ExceptionServices;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>
/// Runs the watches of one source in the embedded host: reads the due jobs from the due index, polls them, and sleeps until the next job is due. Only jobs
/// being polled are in memory, however many are watched. In the cloud host <see cref="Cloud.WatchStarter"/> starts an orchestration for each job.
/// </summary>
/// <param name="source">The source, as it was at the start. Each look takes its settings as they are then.</param>
/// <param name="watches">Wakes the loop.</param>
/// <param name="index">The due index.</param>
/// <param name="step">Polls a job.</param>
/// <param name="slots">Limits the number of concurrent polls.</param>
/// <param name="work">Runs the polls.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Receives store failures.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class WatchLoop(
    Source source,
    EmbeddedWatchRunner watches,
    IDueIndex index,
    PollStep step,
    PollSlots slots,
    IWorkScheduler work,
    LoopTimes times,
    Troubles troubles,
    ILogger log,
    TimeProvider time)
{
    // Prevents a busy loop while the retry of a failed poll is due but has not ended, or has no slot.
    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<JobKey> _polling = [];
    private readonly PollBackoff _backoff = new(time);
    private readonly WakeSignal _signal = watches.SignalOf(source.Name);
    private volatile Exception? _fault;

    private int Polling
    {
        get
        {
            lock (_lock)
                return _polling.Count;
        }
    }

    /// <summary>Runs until cancelled, or until the source is removed from the settings. Returns when all running polls have ended.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (_fault is { } fault)
                    ExceptionDispatchInfo.Throw(fault);
                _signal.Listen();
                var current = watches.SourceOf(source.Name);
                if (current is null && Polling == 0)
                    return;
                TimeSpan sleep;
                try
                {
                    sleep = current is null ? times.LongestSleep : await StartDueAsync(current, cancellationToken);
                }
                catch (StoreUnavailableException e)
                {
                    StoreFailed("watch loop", e);
                    sleep = times.Pause;
                }

                await _signal.SleepAsync(sleep, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The host is stopping.
        }
        finally
        {
            // Also after a failure: the next loop would poll the same jobs at the same time.
            while (Polling > 0)
                await _signal.SleepAsync(times.Pause, CancellationToken.None);
        }
    }

    /// <summary>Polls due jobs, as many as slots allow.</summary>
    /// <returns>How long to sleep.</returns>
    private async Task<TimeSpan> StartDueAsync(Source current, CancellationToken cancellationToken)
    {
        // Each poll that ends wakes the loop.
        var busy = Polling;
        var most = slots.Of(current);
        var free = most - busy;
        if (free <= 0)
            return times.LongestSleep;

        // Jobs that are being polled or have to wait are still in the index, so ask for that many more.
        var by = PollPlan.DueBy(time.GetUtcNow());
        var due = await index.DueAsync(current.Name, by, free + busy + _backoff.Count, cancellationToken);
        foreach (var (key, _) in due)
        {
            if (!MayPoll(key))
                continue;
            lock (_lock)
            {
                if (_polling.Count == most)
                    return times.LongestSleep;
                if (!_polling.Add(key))
                    continue;
            }

            work.Start(() => PollAsync(key, cancellationToken));
        }

        var sleep = await index.NextDueAsync(current.Name, by, cancellationToken) - time.GetUtcNow() ?? times.LongestSleep;
        if (_backoff.NextIn() is { } again && again < sleep)
            sleep = again > TimeSpan.Zero ? again : ShortestSleep;
        return sleep < times.LongestSleep ? sleep : times.LongestSleep;
    }

    /// <summary>Whether to poll a due job now. While many polls fail, only jobs that failed before are polled.</summary>
    private bool MayPoll(JobKey key) => _backoff.IsFull ? _backoff.IsDue(key) : !_backoff.IsPutOff(key);

    /// <summary>Polls. An unexpected exception is rethrown by the loop, so it is never lost with the task.</summary>
    private async Task PollAsync(JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                if (await step.RunAsync(key, cancellationToken) is { IsPostponed: true, DueAt: { } next })
                    _backoff.Add(key, next - time.GetUtcNow());
                else
                    _backoff.Remove(key);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The job is still due and is polled after the restart.
            }
            catch (StoreUnavailableException e)
            {
                _backoff.Add(key);
                StoreFailed("poll", e);
            }
        }
        catch (Exception e)
        {
            _fault = e;
        }
        finally
        {
            lock (_lock)
                _polling.Remove(key);
            _signal.Wake();
        }
    }

    private void StoreFailed(string what, StoreUnavailableException failure)
    {
        log.StoreUnavailable(what, failure);
        troubles.StoreFailed(failure.Message);
    }
}
