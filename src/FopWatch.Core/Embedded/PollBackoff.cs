using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Embedded;

/// <summary>
/// Decides how long <see cref="WatchLoop"/> waits with a job that is still due by the store: its poll had no slot, or failed and could not be put off there.
/// <see cref="PollPlan"/> and <see cref="SetAside"/> decide about waits that are in the store.
/// </summary>
/// <remarks>
/// A job waits a second, and twice as long after each further failure, up to <see cref="Longest"/> and never longer than its step says. Thread-safe.
/// </remarks>
public sealed class PollBackoff(TimeProvider time)
{
    /// <summary>The most that are remembered. While there are as many, no other poll starts: it is not single jobs that fail.</summary>
    public const int Most = 1000;

    /// <summary>The first wait.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<JobKey, Failure> _failures = [];

    /// <summary>How many are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _failures.Count;
        }
    }

    /// <summary>Whether there are as many as are remembered.</summary>
    public bool IsFull => Count >= Most;

    /// <summary>A poll failed, or had no slot.</summary>
    /// <param name="key">The job.</param>
    /// <param name="putOff">How long the step put it off, which is the most that it waits; null if the store failed.</param>
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

    /// <summary>A poll ended otherwise.</summary>
    public void Remove(JobKey key)
    {
        lock (_lock)
            _failures.Remove(key);
    }

    /// <summary>Whether a job is not to be polled yet.</summary>
    public bool IsPutOff(JobKey key)
    {
        lock (_lock)
            return _failures.TryGetValue(key, out var failure) && Left(failure) > TimeSpan.Zero;
    }

    /// <summary>Whether a job whose poll failed is to be polled again.</summary>
    public bool IsDue(JobKey key)
    {
        lock (_lock)
            return _failures.TryGetValue(key, out var failure) && Left(failure) <= TimeSpan.Zero;
    }

    /// <summary>How long until the first of them may be polled again; null if there are none. Forgets those that nobody polls any more.</summary>
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

    // What has passed is not read from the clock, which may be set back.
    private TimeSpan Left(Failure failure) => failure.Wait - time.GetElapsedTime(failure.At);

    private readonly record struct Failure(int Times, long At, TimeSpan Wait);
}
