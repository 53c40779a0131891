using System.Collections.Concurrent;

namespace FopWatch.Jobs;

/// <summary>Decides what a process presumes of a job, to commit without a read. A wrong presumption costs a commit that writes nothing.</summary>
/// <remarks>
/// An open job is presumed to be as this process committed it. An id that the process does not remember is presumed to be new once
/// <see cref="UsualAfter"/> new ids of the same source and origin were committed since the last wrong presumption of a new one. They need not have come in
/// a row: ids that exist may come between.
/// </remarks>
public sealed class Presumptions
{
    /// <summary>How many new ids make new ids usual.</summary>
    public const int UsualAfter = 8;

    /// <summary>How many jobs are remembered: the last that were committed, and at most twice as many.</summary>
    public const int Remembered = 4096;

    /// <summary>The longest document of a job that is remembered, in bytes.</summary>
    public const int LongestBody = 2048;

    private readonly ConcurrentDictionary<(string Source, JobOrigin Origin), int> _newIds = new();
    private readonly Lock _turn = new();
    private ConcurrentDictionary<JobKey, StoredJob> _young = new();
    private ConcurrentDictionary<JobKey, StoredJob> _old = new();
    private int _added;

    /// <summary>What is presumed of a job; null for nothing.</summary>
    /// <param name="key">The job.</param>
    /// <param name="origin">What names it. A registration may be refused for what the job has already, which has to be read.</param>
    public FoundJob? Of(JobKey key, JobOrigin origin)
    {
        if (_young.TryGetValue(key, out var job) || _old.TryGetValue(key, out job))
            return origin == JobOrigin.Registration ? null : new(job, IsPresumed: true);
        return _newIds.GetValueOrDefault((key.Source, origin)) >= UsualAfter ? new(null, IsPresumed: true) : null;
    }

    /// <summary>A commit was made.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="etag">The ETag that it led to.</param>
    /// <param name="bodyLength">The length of the whole job's document, in bytes, whatever the store cuts off to keep it.</param>
    public void Committed(JobCommit commit, string etag, int bodyLength)
    {
        var job = commit.Job;
        if (commit.ETag is null && _newIds.GetValueOrDefault((job.Key.Source, job.Origin)) < UsualAfter)
            _newIds.AddOrUpdate((job.Key.Source, job.Origin), 1, static (_, count) => Math.Min(count + 1, UsualAfter));
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
            _newIds[(commit.Job.Key.Source, commit.Job.Origin)] = 0;
    }

    /// <summary>Nothing is presumed of a job until it is committed again: its document was found to be unreadable, say.</summary>
    public void Forget(JobKey key)
    {
        _young.TryRemove(key, out _);
        _old.TryRemove(key, out _);
    }
}
