using System.Collections.Concurrent;

namespace FopWatch.Jobs;

/// <summary>Decides what a process presumes about a job, so that it can commit without a read. A wrong presumption costs a commit that writes nothing.</summary>
/// <remarks>
/// An open job is presumed to be as this process committed it. An id that the process does not remember is presumed to be new after
/// <see cref="UsualAfter"/> new ids of the same source and origin were committed since the last wrong presumption of a new id. They need not be
/// consecutive: existing ids may come in between.
/// </remarks>
public sealed class Presumptions
{
    /// <summary>How many new ids must be committed until unknown ids are presumed to be new.</summary>
    public const int UsualAfter = 8;

    /// <summary>At least this many of the last committed jobs are remembered, and at most twice as many.</summary>
    public const int Remembered = 4096;

    /// <summary>The longest document of a remembered job, in bytes.</summary>
    public const int LongestBody = 2048;

    private readonly ConcurrentDictionary<(string Source, JobOrigin Origin), int> _newIds = new();
    private readonly Lock _turn = new();
    private ConcurrentDictionary<JobKey, StoredJob> _young = new();
    private ConcurrentDictionary<JobKey, StoredJob> _old = new();
    private int _added;

    /// <summary>The presumption about a job; null for none.</summary>
    /// <param name="key">The job.</param>
    /// <param name="origin">The origin of the change. A registration may be refused because of the existing metadata, so the job must be read.</param>
    public FoundJob? Of(JobKey key, JobOrigin origin)
    {
        if (_young.TryGetValue(key, out var job) || _old.TryGetValue(key, out job))
            return origin == JobOrigin.Registration ? null : new(job, IsPresumed: true);
        return _newIds.GetValueOrDefault((key.Source, origin)) >= UsualAfter ? new(null, IsPresumed: true) : null;
    }

    /// <summary>Remembers a commit.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="etag">The new ETag.</param>
    /// <param name="bodyLength">The length of the document of the whole job before any cut, in bytes.</param>
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

        // Counted here, because counting the dictionary locks all of it.
        if (Interlocked.Increment(ref _added) < Remembered)
            return;
        lock (_turn)
        {
            if (_added >= Remembered)
                (_old, _young, _added) = (_young, new(), 0);
        }
    }

    /// <summary>Notes that a commit was refused, because the job differs from what was presumed or read.</summary>
    public void Refused(JobCommit commit)
    {
        Forget(commit.Job.Key);
        if (commit.ETag is null)
            _newIds[(commit.Job.Key.Source, commit.Job.Origin)] = 0;
    }

    /// <summary>Forgets a job until it is committed again, for example because its document is unreadable.</summary>
    public void Forget(JobKey key)
    {
        _young.TryRemove(key, out _);
        _old.TryRemove(key, out _);
    }
}
