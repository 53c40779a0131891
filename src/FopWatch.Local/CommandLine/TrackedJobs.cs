using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>The known state of a tracked job.</summary>
/// <param name="Id">The id.</param>
/// <param name="State">The state.</param>
/// <param name="RegisteredAt">The registration time of the record with this state. Versions of a job that is registered again after its deletion begin at 1.</param>
/// <param name="Version">The version of the record with this state; 0 if it comes from the answer to the registration.</param>
/// <param name="Error">Why the job did not succeed, in one line; null if it succeeded, is open, or the reason is not known yet.</param>
internal sealed record TrackedJob(string Id, JobState State, DateTimeOffset RegisteredAt, long Version, string? Error)
{
    /// <summary>Whether <see cref="State"/> is an outcome.</summary>
    public bool IsSettled => State >= JobState.Succeeded;
}

/// <summary>
/// The states of the tracked jobs. Events, answers and registrations report them in any order; the record with the latest registration counts, then the one with the highest version.
/// Thread-safe. It keeps one line per job, not the record.
/// </summary>
internal sealed class TrackedJobs
{
    private readonly Lock _lock = new();
    private readonly string _source;
    private readonly Dictionary<string, TrackedJob> _jobs;
    private readonly int[] _counts = new int[Enum.GetValues<JobState>().Length];
    private readonly TaskCompletionSource _allSettled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;

    /// <param name="source">The source of the jobs.</param>
    /// <param name="ids">The ids, at least one, without duplicates.</param>
    public TrackedJobs(string source, IReadOnlyCollection<string> ids)
    {
        _source = source;
        _jobs = ids.ToDictionary(id => id, id => new TrackedJob(id, JobState.Waiting, default, 0, null), StringComparer.Ordinal);
        _counts[(int)JobState.Waiting] = _open = _jobs.Count;
    }

    public int Total => _jobs.Count;

    /// <summary>Completes once every job is settled.</summary>
    public Task AllSettled => _allSettled.Task;

    public IReadOnlyList<TrackedJob> All
    {
        get
        {
            lock (_lock)
                return [.. _jobs.Values];
        }
    }

    /// <summary>The number of jobs in each state.</summary>
    public IReadOnlyList<(JobState State, int Jobs)> Counts
    {
        get
        {
            lock (_lock)
                return [.. _counts.Select((jobs, state) => ((JobState)state, jobs)).Where(count => count.jobs > 0)];
        }
    }

    public int Settled
    {
        get
        {
            lock (_lock)
                return Total - _open;
        }
    }

    /// <summary>Takes the answer to a registration. It has no version, so any record supersedes it.</summary>
    public void Registered(RegisteredJob link)
    {
        lock (_lock)
        {
            if (_jobs.TryGetValue(link.Id, out var known) && known.Version == 0)
                Replace(known with { State = link.State });
        }
    }

    /// <summary>
    /// Takes a record from an event or an answer. A record of another job, or one older than the known state, is ignored.
    /// </summary>
    public void Seen(JobRecord record)
    {
        lock (_lock)
        {
            if (record.Source == _source && _jobs.TryGetValue(record.Id, out var known) && (record.RegisteredAt, record.Version).CompareTo((known.RegisteredAt, known.Version)) > 0)
                Replace(new(record.Id, record.State, record.RegisteredAt, record.Version, ErrorOf(record)));
        }
    }

    /// <summary>Why a job did not succeed, in one line; null if it succeeded or is open.</summary>
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
