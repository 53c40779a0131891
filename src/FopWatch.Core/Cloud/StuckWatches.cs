using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Cloud;

/// <summary>
/// Decides which running watches of the cloud host no longer make progress. <see cref="WatchStarter"/> polls their jobs.
/// </summary>
/// <remarks>
/// A watch gets stuck when somebody suspends it, when the storage provider loses the message that it waits for, or when no instance owns its partition.
/// A watch counts as stuck once its job has been due for <see cref="LongestStep"/>. It stays so for <see cref="Remembered"/>; meanwhile its job is polled at
/// each due time. Thread-safe.
/// </remarks>
public sealed class StuckWatches(TimeProvider time)
{
    /// <summary>How long a watch with a due job may make no progress. Retries after store failures take a few minutes.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(15);

    /// <summary>How long a watch counts as stuck before it is checked again.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    /// <summary>After this time without activity, a watch whose job has been due as long counts as stuck, whatever time it sleeps until.</summary>
    public static readonly TimeSpan VeryLong = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<JobKey, DateTimeOffset> _known = new();
    private readonly ConcurrentDictionary<JobKey, Woken> _woken = new();

    /// <summary>Whether the watch of a job was found stuck recently, so that it need not be checked.</summary>
    public bool IsKnown(JobKey key) => _known.TryGetValue(key, out var until) && IsAhead(until, time.GetUtcNow());

    /// <summary>Whether to poll a job without its idle watch. If so, the watch counts as stuck from then on.</summary>
    public bool IsStuck(DueJob job)
    {
        var now = time.GetUtcNow();
        if (!_known.ContainsKey(job.Key) && job.DueAt >= now - LongestStep)
            return false;

        // Polls advance the due time, so a known stuck watch need not have been due for that long again.
        _known[job.Key] = now + Remembered;
        return job.DueAt <= now;
    }

    /// <summary>
    /// Whether a watch that sleeps past the due time of its job, and has been woken, still makes no progress. The time that it sleeps until changes with each
    /// step and so shows progress. The time of its last activity does not: a wake-up counts as activity.
    /// </summary>
    /// <remarks>
    /// A long sleep alone proves nothing: the due time of a restored watch is in the past from the start. So a watch is stuck if it still sleeps
    /// <see cref="LongestStep"/> after it was first woken. A process that has not seen the wake-up considers it stuck if it should have woken by itself, or has
    /// been idle for <see cref="VeryLong"/>.
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

    /// <summary>Forgets watches that were not found stuck again, or not woken again.</summary>
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

    // A time that a clock wrote while it was ahead would count for as long as it was ahead.
    private static bool IsAhead(DateTimeOffset until, DateTimeOffset now) => until > now && until <= now + Remembered + PollPlan.ClockTolerance;

    private static bool IsAheadOf(Woken woken, DateTimeOffset now) => woken.Last > now + PollPlan.ClockTolerance;

    private readonly record struct Woken(DateTimeOffset First, DateTimeOffset Last, DateTimeOffset SleepsUntil);
}
