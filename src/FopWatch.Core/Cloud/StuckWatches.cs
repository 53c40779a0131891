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

    private readonly ConcurrentDictionary<JobKey, DateTimeOffset> _known = new();
    private readonly ConcurrentDictionary<JobKey, DateTimeOffset> _woken = new();

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
    /// Whether a watch that is being woken was woken before, and sleeps on. The first time it may only have slept for long, for as long as its job has
    /// been due: the due time of a restored watch is past from the start.
    /// </summary>
    public bool SleepsOn(JobKey key)
    {
        var (now, sleepsOn) = (time.GetUtcNow(), true);
        _woken.AddOrUpdate(
            key,
            _ =>
            {
                sleepsOn = false;
                return now;
            },
            (_, _) => now);
        return sleepsOn;
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

        foreach (var (key, at) in _woken)
        {
            if (at <= now - LongestStep - Remembered || at > now + PollPlan.ClockTolerance)
                _woken.TryRemove(key, out _);
        }
    }

    // What a clock that was ahead wrote down would count for as long as it was ahead.
    private static bool IsAhead(DateTimeOffset until, DateTimeOffset now) => until > now && until <= now + Remembered + PollPlan.ClockTolerance;
}
