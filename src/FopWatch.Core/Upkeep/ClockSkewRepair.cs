using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Upkeep;

/// <summary>
/// Brings forward polls that were delayed by a clock that was ahead. Otherwise they would wait for as long as it was ahead.
/// </summary>
/// <remarks>
/// Checks only jobs that are due later than any wait in their source's plan: a batch each time, in turns, and further batches while most jobs of a batch were delayed.
/// </remarks>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store of the jobs.</param>
/// <param name="due">The due index.</param>
/// <param name="recorder">Records the new due times.</param>
/// <param name="turns">Remembers where the process continues.</param>
/// <param name="time">The clock.</param>
public sealed class ClockSkewRepair(
    Sources sources, IJobStore store, IDueIndex due, JobRecorder recorder, ClockSkewTurns turns, TimeProvider time)
{
    /// <summary>The size of a batch.</summary>
    public const int AtOnce = 100;

    /// <summary>How long further batches of a source are read.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, DueJob> _seen = turns.Seen;

    /// <summary>Checks some jobs of each source.</summary>
    /// <returns>How many polls were brought forward.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<int> BringForwardAsync(CancellationToken cancellationToken)
    {
        var brought = 0;
        foreach (var source in sources.All)
        {
            var began = time.GetTimestamp();
            int some;
            do
            {
                some = await BringForwardAsync(source, cancellationToken);
                brought += some;
            }
            while (some > AtOnce / 2 && time.GetElapsedTime(began) < Longest);
        }

        return brought;
    }

    private async Task<int> BringForwardAsync(Source source, CancellationToken cancellationToken)
    {
        // Sorts before every job of the next tick, because no id is empty.
        var from = new DueJob(new(source.Name, ""), (time.GetUtcNow() + PollPlan.LongestWait(source.Poll)).AddTicks(1));
        if (_seen.TryGetValue(source.Name, out var seen) && seen.DueAt >= from.DueAt)
            from = seen;

        var brought = 0;
        var far = await due.DueAsync(source.Name, from, DateTimeOffset.MaxValue, AtOnce, cancellationToken);
        foreach (var job in far)
        {
            if (await IsBroughtForwardAsync(source, job, cancellationToken))
                brought++;
            else
                from = job;
        }

        // Continue after the last unchanged job, or from the beginning after the last job.
        if (far.Count == AtOnce)
            _seen[source.Name] = from;
        else
            _seen.TryRemove(source.Name, out _);
        return brought;
    }

    private async Task<bool> IsBroughtForwardAsync(Source source, DueJob job, CancellationToken cancellationToken)
    {
        try
        {
            return (await recorder.RecordAsync(job.Key, new DecisionInput.CorrectTimes(), cancellationToken, by: source)).Job?.Watch.DueAt < job.DueAt;
        }
        catch (UnreadableJobException unreadable)
        {
            // The time of its last poll is unknown, but no poll is due later than its deadline.
            var now = time.GetUtcNow();
            if (unreadable.Job is { } row && job.DueAt > now + source.Poll.Deadline && job.DueAt > now + SetAside.Longest)
                await store.SetAsideAsync(row, now, cancellationToken);
            return false;
        }
    }
}

/// <summary>How far a process has checked each source's late jobs.</summary>
public sealed class ClockSkewTurns
{
    internal ConcurrentDictionary<string, DueJob> Seen { get; } = new(StringComparer.Ordinal);
}
