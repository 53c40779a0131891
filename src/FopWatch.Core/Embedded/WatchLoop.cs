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
/// Executes the watches of one source in the embedded host: takes from the due index what is due, polls it, and sleeps until the next is due. Only
/// the jobs being polled are in memory, however many are watched. In the cloud host <see cref="Cloud.WatchStarter"/> starts an orchestration for each.
/// </summary>
/// <param name="source">The source.</param>
/// <param name="watches">Wakes the loop.</param>
/// <param name="index">The due index.</param>
/// <param name="step">Polls a job.</param>
/// <param name="slots">How many polls there may be at once.</param>
/// <param name="work">Runs the polls.</param>
/// <param name="times">The times of the loop.</param>
/// <param name="troubles">Is told of a store that fails.</param>
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
    /// <summary>Keeps the wait for failed polls that are due already, and have no slot, from being a busy loop.</summary>
    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<JobKey> _polling = [];
    private readonly PollBackoff _backoff = new(time);
    private readonly WakeSignal _signal = watches.SignalOf(source);
    private volatile Exception? _fault;

    private int Polling
    {
        get
        {
            lock (_lock)
                return _polling.Count;
        }
    }

    /// <summary>Runs until cancelled. The polls that are under way have ended when it ends.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (_fault is { } fault)
                    ExceptionDispatchInfo.Throw(fault);
                _signal.Listen();
                TimeSpan sleep;
                try
                {
                    sleep = await StartDueAsync(cancellationToken);
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
            // The host stops.
        }
        finally
        {
            // Also where the loop failed: the next one would poll the same jobs.
            while (Polling > 0)
                await _signal.SleepAsync(times.Pause, CancellationToken.None);
        }
    }

    /// <summary>Starts polls of what is due, as slots allow.</summary>
    /// <returns>How long there is nothing more to do.</returns>
    private async Task<TimeSpan> StartDueAsync(CancellationToken cancellationToken)
    {
        // Each poll that ends wakes the loop.
        var busy = Polling;
        var most = slots.Of(source);
        var free = most - busy;
        if (free <= 0)
            return times.LongestSleep;

        // Those being polled and those put off are still in the index, so ask for as many more.
        var by = PollPlan.DueBy(time.GetUtcNow());
        var due = await index.DueAsync(source.Name, by, free + busy + _backoff.Count, cancellationToken);
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

        var sleep = await index.NextDueAsync(source.Name, by, cancellationToken) - time.GetUtcNow() ?? times.LongestSleep;
        if (_backoff.NextIn() is { } again && again < sleep)
            sleep = again > ShortestSleep ? again : ShortestSleep;
        return sleep < times.LongestSleep ? sleep : times.LongestSleep;
    }

    /// <summary>Whether a job that is due is to be polled now. While many polls fail, only those that failed before are tried.</summary>
    private bool MayPoll(JobKey key) => _backoff.IsFull ? _backoff.IsDue(key) : !_backoff.IsPutOff(key);

    /// <summary>Polls, and leaves to the loop what the poll throws, so that it is never lost with its task.</summary>
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
                // It is still due, and is polled after the restart.
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
        troubles.Occurred(null, TroubleKind.StoreUnavailable, failure.Message);
    }
}
