using System.Collections.Concurrent;

namespace FopWatch.Jobs;

/// <summary>
/// What a process presumes of jobs, to commit without a read: that an open job is as this process committed it, and that an id is new if it does not
/// remember one and new ids are usual. A wrong presumption costs a commit that writes nothing.
/// </summary>
public sealed class Presumptions
{
    /// <summary>How many new ids have to come, after the start and after each presumption that was wrong, before an id is presumed to be new.</summary>
    public const int Streak = 8;

    /// <summary>How many jobs are remembered: the last that were committed, and at most twice as many.</summary>
    public const int Remembered = 4096;

    /// <summary>The longest document of a job that is remembered, in bytes.</summary>
    public const int LongestBody = 2048;

    private readonly ConcurrentDictionary<(string Source, JobOrigin Origin), int> _streaks = new();
    private readonly Lock _turn = new();
    private ConcurrentDictionary<JobKey, StoredJob> _young = new();
    private ConcurrentDictionary<JobKey, StoredJob> _old = new();
    private int _added;

    /// <inheritdoc cref="IJobStore.Presume"/>
    /// <remarks>A registration may be refused for what the job has already, which has to be read.</remarks>
    public PresumedJob? Of(JobKey key, JobOrigin origin)
    {
        if (_young.TryGetValue(key, out var job) || _old.TryGetValue(key, out job))
            return origin == JobOrigin.Registration ? null : new(job);
        return _streaks.GetValueOrDefault((key.Source, origin)) >= Streak ? new(null) : null;
    }

    /// <summary>A commit was made.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="etag">The ETag that it led to.</param>
    /// <param name="bodyLength">The length of the job's document, in bytes.</param>
    public void Committed(JobCommit commit, string etag, int bodyLength)
    {
        var job = commit.Job;
        if (commit.ETag is null && _streaks.GetValueOrDefault((job.Key.Source, job.Origin)) < Streak)
            _streaks.AddOrUpdate((job.Key.Source, job.Origin), 1, static (_, length) => Math.Min(length + 1, Streak));
        if (job.IsSettled || bodyLength > LongestBody)
        {
            Forget(job.Key);
            return;
        }

        _young[job.Key] = new(job, etag) { IsIndexed = job.Watch.DueAt is not null };

        // Counted here, since the dictionary stops all its users to count.
        if (Interlocked.Increment(ref _added) < Remembered)
            return;
        lock (_turn)
        {
            if (_added >= Remembered)
                (_old, _young, _added) = (_young, new(), 0);
        }
    }

    /// <summary>A commit was refused: the job is not as it was presumed or read.</summary>
    public void Refused(JobCommit commit)
    {
        Forget(commit.Job.Key);
        if (commit.ETag is null)
            _streaks[(commit.Job.Key.Source, commit.Job.Origin)] = 0;
    }

    /// <summary>Nothing is presumed of a job until it is committed again: its document was found to be unreadable, say.</summary>
    public void Forget(JobKey key)
    {
        _young.TryRemove(key, out _);
        _old.TryRemove(key, out _);
    }
}
