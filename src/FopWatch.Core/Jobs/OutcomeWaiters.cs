using System.Collections.Concurrent;

namespace FopWatch.Jobs;

/// <summary>Lets a request wait until a job settles.</summary>
/// <param name="store">The store that says what is true. Another process may have settled the job, so it is asked now and then.</param>
/// <param name="time">The clock.</param>
/// <param name="stopping">Ends all waiting: a host that stops would otherwise have to wait for those who wait.</param>
public sealed class OutcomeWaiters(IJobStore store, TimeProvider time, CancellationToken stopping = default)
{
    /// <summary>How long a process that is not the one that settles the job may take to notice.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<JobKey, Waiters> _waiting = new();

    /// <summary>Wakes those who wait for the job.</summary>
    public void Announce(Job job)
    {
        if (_waiting.TryGetValue(job.Key, out var waiters))
            waiters.Settled.TrySetResult();
    }

    /// <summary>Waits until a job is settled, at the longest for a given time or until the host stops.</summary>
    /// <returns>The job as it is then; null if there is none.</returns>
    public async Task<Job?> WaitAsync(JobKey key, TimeSpan longest, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            // Waiting begins before the store is read: what settles in between is not missed.
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
                // Not by this process, at least: look again.
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // The answer is the job as it stands.
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
            // After an announcement the next to wait needs a new signal.
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
