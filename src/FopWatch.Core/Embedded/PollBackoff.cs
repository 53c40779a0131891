using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Embedded;

/// <summary>
/// Decides how long <see cref="WatchLoop"/> waits before it retries a job that the store still lists as due: its poll had no slot, or failed and could not be
/// postponed in the store. <see cref="PollPlan"/> and <see cref="SetAside"/> decide about waits that are in the store.
/// </summary>
/// <remarks>
/// The first wait is 1 s and doubles with each further failure, up to <see cref="Longest"/>, and never beyond the time that the poll step gave. Thread-safe.
/// </remarks>
public sealed class PollBackoff(TimeProvider time)
{
    /// <summary>The most jobs that are remembered. At this number no other poll starts: the failure is not of single jobs.</summary>
    public const int Most = 1000;

    /// <summary>The first wait.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, Failure> _failures = [];

    /// <summary>How many jobs are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _failures.Count;
        }
    }

    /// <summary>Whether <see cref="Most"/> jobs are remembered.</summary>
    public bool IsFull => Count >= Most;

    /// <summary>Records a poll that failed or had no slot.</summary>
    /// <param name="key">The job.</param>
    /// <param name="putOff">How long the poll step postponed the job, which limits the wait; null if the store failed.</param>
    public void Add(JobKey key, TimeSpan? putOff = null)
    {
        lock (_lock)
        {
            var times = _failures.TryGetValue(key, out var known) ? known.Times + 1 : 1;
            var wait = First * Math.Pow(2, Math.Min(times - 1, 10));
            var most = putOff < Longest ? putOff.Value : Longest;
            _failures[key] = new(times, time.GetTimestamp(), wait < most ? wait : most);
        }
    }

    /// <summary>Forgets a job whose poll ended otherwise.</summary>
    public void Remove(JobKey key)
    {
        lock (_lock)
            _failures.Remove(key);
    }

    /// <summary>Whether a job must wait before its next poll.</summary>
    public bool IsPutOff(JobKey key)
    {
        lock (_lock)
            return _failures.TryGetValue(key, out var failure) && Left(failure) > TimeSpan.Zero;
    }

    /// <summary>Whether the wait of a remembered job is over.</summary>
    public bool IsDue(JobKey key)
    {
        lock (_lock)
            return _failures.TryGetValue(key, out var failure) && Left(failure) <= TimeSpan.Zero;
    }

    /// <summary>The time until the first remembered job may be polled again; null if there is none. Forgets jobs that are no longer polled.</summary>
    public TimeSpan? NextIn()
    {
        lock (_lock)
        {
            TimeSpan? next = null;
            foreach (var (key, failure) in _failures)
            {
                var left = Left(failure);
                if (left < -Longest)
                    _failures.Remove(key);
                else if (next is null || left < next)
                    next = left;
            }

            return next < TimeSpan.Zero ? TimeSpan.Zero : next;
        }
    }

    // Not from the wall clock, which may be set back.
    private TimeSpan Left(Failure failure) => failure.Wait - time.GetElapsedTime(failure.At);

    private readonly record struct Failure(int Times, long At, TimeSpan Wait);
}
