using System.Collections.Concurrent;

namespace FopWatch.Jobs;

/// <summary>Lets a request wait until a job settles.</summary>
/// <param name="store">The store. It is checked at intervals, because another process may settle the job.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends all waits, so that a stopping host does not have to wait for them.</param>
public sealed class OutcomeWaiters(IJobStore store, TimeProvider time, CancellationToken stopping = default)
{
    // How long a process may take to notice that another process settled the job.
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<JobKey, Waiters> _waiting = new();

    /// <summary>Wakes the requests that wait for a job.</summary>
    public void Announce(Job job)
    {
        if (_waiting.TryGetValue(job.Key, out var waiters))
            waiters.Settled.TrySetResult();
    }

    /// <summary>Waits until a job is settled, the given time is over, or the host stops.</summary>
    /// <returns>The job at that time; null if there is none.</returns>
    public async Task<Job?> WaitAsync(JobKey key, TimeSpan longest, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            // Start to wait before reading the store, so that no outcome in between is missed.
            var waiters = Enter(key);
            try
            {
                var job = (await store.FindAsync(key, cancellationToken))?.Job;
                var left = longest - time.GetElapsedTime(began);
                if (job is null || job.IsSettled || left <= TimeSpan.Zero || stopping.IsCancellationRequested)
                    return job;

                using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
                await waiters.Settled.Task.WaitAsync(left < Recheck ? left : Recheck, time, either.Token);
            }
            catch (TimeoutException)
            {
                // This process has not settled the job; check the store.
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Return the current job.
            }
            finally
            {
                Leave(key, waiters);
            }
        }
    }

    private Waiters Enter(JobKey key)
    {
        while (true)
        {
            var waiters = _waiting.GetOrAdd(key, _ => new());
            lock (waiters)
            {
                if (waiters.Gone)
                    continue;
                waiters.Count++;
                return waiters;
            }
        }
    }

    private void Leave(JobKey key, Waiters waiters)
    {
        lock (waiters)
        {
            // After an announcement the next waiter needs a new signal.
            if (--waiters.Count > 0 && !waiters.Settled.Task.IsCompleted)
                return;
            waiters.Gone = true;
            _waiting.TryRemove(KeyValuePair.Create(key, waiters));
        }
    }

    private sealed class Waiters
    {
        public TaskCompletionSource Settled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; set; }

        public bool Gone { get; set; }
    }
}
