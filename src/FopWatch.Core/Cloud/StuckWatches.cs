using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Cloud;

/// <summary>
/// Decides which watches of the cloud host run and make no step any more. <see cref="WatchStarter"/> polls their jobs.
/// </summary>
/// <remarks>
/// Somebody suspended such a watch, the storage provider lost what it waits for, or nobody owns its part of the runner.
/// A watch counts as stuck when its job has been due for <see cref="LongestStep"/>, and then for <see cref="Remembered"/>: until then its job is
/// polled at each due time. Thread-safe.
/// </remarks>
public sealed class StuckWatches(TimeProvider time)
{
    /// <summary>How long a watch whose job is due may make no step: the retries of a step that the store fails take a few minutes.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(15);

    /// <summary>How long a watch is taken for stuck before it is looked at again.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    /// <summary>After how long without activity a watch whose job has been due for as long is stuck, whatever it sleeps until.</summary>
    public static readonly TimeSpan VeryLong = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<JobKey, DateTimeOffset> _known = new();
    private readonly ConcurrentDictionary<JobKey, Woken> _woken = new();

    /// <summary>Whether the watch of a job was found stuck lately: then it need not be looked at.</summary>
    public bool IsKnown(JobKey key) => _known.TryGetValue(key, out var until) && IsAhead(until, time.GetUtcNow());

    /// <summary>Whether a job whose watch is idle is to be polled without it. Its watch is known as stuck from then on.</summary>
    public bool IsStuck(DueJob job)
    {
        var now = time.GetUtcNow();
        if (!_known.ContainsKey(job.Key) && job.DueAt >= now - LongestStep)
            return false;

        // Its polls move its due time on, so once it is known it need not have been due for that long again.
        _known[job.Key] = now + Remembered;
        return job.DueAt <= now;
    }

    /// <summary>
    /// Whether a watch that sleeps for longer than its job, and is being woken, makes no step all the same. What it sleeps until says so: that changes
    /// with each step. When it was last active does not: to be woken counts as activity.
    /// </summary>
    /// <remarks>
    /// It may only have slept for long, for as long as its job has been due: the due time of a restored watch is past from the start. So it is stuck if it
    /// sleeps on for <see cref="LongestStep"/> after it was first woken. A process that has not seen that takes it for stuck if it should have woken by
    /// itself, or has been idle for <see cref="VeryLong"/>.
    /// </remarks>
    public bool SleepsOn(DueJob job, DateTimeOffset sleepsUntil, DateTimeOffset activeAt)
    {
        var now = time.GetUtcNow();
        var woken = _woken.TryGetValue(job.Key, out var before) && before.SleepsUntil == sleepsUntil && !IsAheadOf(before, now)
            ? before with { Last = now }
            : new(now, now, sleepsUntil);
        _woken[job.Key] = woken;
        return now - woken.First > LongestStep
            || now - sleepsUntil > LongestStep
            || (now - activeAt > VeryLong && now - job.DueAt > VeryLong);
    }

    /// <summary>Forgets those that were not found stuck, or were not woken, again.</summary>
    public void Forget()
    {
        var now = time.GetUtcNow();
        foreach (var (key, until) in _known)
        {
            if (until + Remembered <= now || until > now + Remembered + PollPlan.ClockTolerance)
                _known.TryRemove(key, out _);
        }

        foreach (var (key, woken) in _woken)
        {
            if (woken.Last <= now - LongestStep - Remembered || IsAheadOf(woken, now))
                _woken.TryRemove(key, out _);
        }
    }

    // What a clock that was ahead wrote down would count for as long as it was ahead.
    private static bool IsAhead(DateTimeOffset until, DateTimeOffset now) => until > now && until <= now + Remembered + PollPlan.ClockTolerance;

    private static bool IsAheadOf(Woken woken, DateTimeOffset now) => woken.Last > now + PollPlan.ClockTolerance;

    private readonly record struct Woken(DateTimeOffset First, DateTimeOffset Last, DateTimeOffset SleepsUntil);
}
