using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>What is known of a job that is tracked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">How it stands.</param>
/// <param name="Version">The version of the record that says so; 0 where only the answer to the registration does.</param>
/// <param name="Error">Why it did not succeed, in a line; null if it did, is open, or that is not known yet.</param>
internal sealed record TrackedJob(string Id, JobState State, long Version, string? Error)
{
    /// <summary>Whether <see cref="State"/> is an outcome.</summary>
    public bool IsSettled => State >= JobState.Succeeded;
}

/// <summary>
/// How the jobs stand that are tracked. They are told of by events, by answers and by the registration, in any order; the record
/// with the highest version is right. Safe for several threads. Holds a line of each job, not its record.
/// </summary>
internal sealed class TrackedJobs
{
    private readonly Lock _lock = new();
    private readonly string _source;
    private readonly Dictionary<string, TrackedJob> _jobs;
    private readonly int[] _counts = new int[Enum.GetValues<JobState>().Length];
    private readonly TaskCompletionSource _allSettled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;

    /// <param name="source">Their source.</param>
    /// <param name="ids">Their ids, none twice; at least one.</param>
    public TrackedJobs(string source, IReadOnlyCollection<string> ids)
    {
        _source = source;
        _jobs = ids.ToDictionary(id => id, id => new TrackedJob(id, JobState.Waiting, 0, null), StringComparer.Ordinal);
        _counts[(int)JobState.Waiting] = _open = _jobs.Count;
    }

    /// <summary>How many there are.</summary>
    public int Total => _jobs.Count;

    /// <summary>Completes once every job is settled.</summary>
    public Task AllSettled => _allSettled.Task;

    /// <summary>All of them.</summary>
    public IReadOnlyList<TrackedJob> All
    {
        get
        {
            lock (_lock)
                return [.. _jobs.Values];
        }
    }

    /// <summary>How many are in which state.</summary>
    public IReadOnlyList<(JobState State, int Jobs)> Counts
    {
        get
        {
            lock (_lock)
                return [.. _counts.Select((jobs, state) => ((JobState)state, jobs)).Where(count => count.jobs > 0)];
        }
    }

    /// <summary>How many are settled.</summary>
    public int Settled
    {
        get
        {
            lock (_lock)
                return Total - _open;
        }
    }

    /// <summary>Takes what the registration answered. It has no version, so any record knows better.</summary>
    public void Registered(RegisteredJob link)
    {
        lock (_lock)
        {
            if (_jobs.TryGetValue(link.Id, out var known) && known.Version == 0)
                Replace(known with { State = link.State });
        }
    }

    /// <summary>Takes a record, of an event or an answer; one of another job or older than what is known is ignored.</summary>
    public void Seen(JobRecord record)
    {
        lock (_lock)
        {
            if (record.Source == _source && _jobs.TryGetValue(record.Id, out var known) && record.Version > known.Version)
                Replace(new(record.Id, record.State, record.Version, ErrorOf(record)));
        }
    }

    /// <summary>Why a job did not succeed, in a line; null if it did or is open.</summary>
    public static string? ErrorOf(JobRecord record)
    {
        switch (record.State)
        {
            case JobState.Cancelled:
                return "cancelled at the provider";
            case JobState.Expired:
                return record.SettledBy == SettledBy.Poll ? "the provider does not know the id" : "no outcome by the deadline";
            case JobState.Failed or JobState.PartiallyFailed:
                var error = record.Items
                    .Where(item => item.State == ItemState.Failed && item.Error is not null)
                    .Select(item => item.Error)
                    .FirstOrDefault() ?? "the provider gave no reason";
                return record.Counts.Total > 1
                    ? string.Create(CultureInfo.InvariantCulture, $"{record.Counts.Failed} of {record.Counts.Total} commands: {error}")
                    : error;
            default:
                return null;
        }
    }

    private void Replace(TrackedJob next)
    {
        var known = _jobs[next.Id];
        _jobs[next.Id] = next;
        _counts[(int)known.State]--;
        _counts[(int)next.State]++;
        _open += (known.IsSettled ? 1 : 0) - (next.IsSettled ? 1 : 0);
        if (_open == 0)
            _allSettled.TrySetResult();
    }
}
